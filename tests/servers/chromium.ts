/**
 * A headless Chromium for tests: `chromiumTest` starts one for each test, with a profile of its own, and ends it.
 *
 * @module
 */
import { provideChromium } from "./chromium_package.ts";
import { connect, type DevTools } from "./devtools.ts";

const program = await provideChromium();
const required = Deno.env.get("CI") === "true";
const howToGet = "apt-get install chromium, or put chromium or google-chrome on PATH";

/** Whether tests may start a browser. */
export const chromiumAvailable: boolean = program !== undefined;

if (!chromiumAvailable && !required) console.log(`No Chromium was found, so its tests do not run: ${howToGet}.`);

/** A page in the browser. */
export interface BrowserPage {
  /** Goes to an address, and waits until it is loaded. */
  readonly go: (url: string) => Promise<void>;
  /** Makes the window so wide and high, in CSS pixels, as a phone or a desktop. */
  readonly resize: (width: number, height: number, kind: "phone" | "desktop") => Promise<void>;
  /** What an expression comes to in the page. */
  readonly evaluate: (expression: string) => Promise<unknown>;
  /** Does something that makes the page load another one, and waits for that. */
  readonly leave: (act: () => Promise<unknown>) => Promise<void>;
  /** Presses and releases a key: "Tab", "Enter", " ". */
  readonly press: (key: string) => Promise<void>;
  /** Prefers a colour scheme. */
  readonly prefer: (scheme: "light" | "dark") => Promise<void>;
  /** The page as a PNG: all of it, or what the window shows. */
  readonly screenshot: (what?: "page" | "window") => Promise<Uint8Array<ArrayBuffer>>;
}

/** Registers a test with a page in a browser; ignored where there is none, failing where CI asks for one. */
export function chromiumTest(name: string, run: (page: BrowserPage) => Promise<void>): void {
  const missing = () => Promise.reject(new Error(`Cannot test in a browser: wanted Chromium: ${howToGet}`));
  const fn = program === undefined ? missing : () => withChromium(program, run);
  Deno.test({ name, ignore: !chromiumAvailable && !required, fn });
}

async function withChromium(name: string, run: (page: BrowserPage) => Promise<void>): Promise<void> {
  const profile = await Deno.makeTempDir({ prefix: "lamina-chromium-" });
  const process = new Deno.Command(name, {
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"],
      ...["--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let tools: DevTools | undefined;
  try {
    tools = await connect(await pageAddress(profile, process));
    await tools.send("Page.enable");
    await run(pageOf(tools));
  } finally {
    await end(process, tools);
    await removeProfile(profile);
  }
}

/** A browser is there within a second; on a machine that has much to do, within some. */
const patience = 60_000;

/** The address of the first page; the browser writes into its profile which port it took. */
async function pageAddress(profile: string, process: Deno.ChildProcess): Promise<string> {
  let ended = false;
  process.status.then(() => ended = true);
  for (const end = Date.now() + patience; !ended && Date.now() < end;) {
    const port = /^\d+/.exec(await Deno.readTextFile(`${profile}/DevToolsActivePort`).catch(() => ""))?.[0];
    const pages = port === undefined ? [] : await (await fetch(`http://127.0.0.1:${port}/json/list`)).json();
    const page = pages.find(({ type }: { readonly type: string }) => type === "page");
    if (page !== undefined) return page.webSocketDebuggerUrl;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Cannot start Chromium: received ${ended ? "its end" : "no page"}`);
}

function pageOf({ send, next }: DevTools): BrowserPage {
  const leave = async (act: () => Promise<unknown>): Promise<void> => {
    const loaded = next("Page.loadEventFired");
    await act();
    await loaded;
  };
  const key = (type: "keyDown" | "keyUp", name: string) => {
    const codes: Readonly<Record<string, number>> = { Tab: 9, Enter: 13, " ": 32 };
    const text = { Enter: "\r", " ": " " }[name];
    const typed = type === "keyDown" && text !== undefined ? { text } : {};
    return send("Input.dispatchKeyEvent", { type, key: name, windowsVirtualKeyCode: codes[name], ...typed });
  };
  return {
    leave,
    go: (url) => leave(() => send("Page.navigate", { url })),
    resize: async (width, height, kind) => {
      const mobile = kind === "phone";
      await send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: mobile ? 2 : 1, mobile });
    },
    evaluate: async (expression) => {
      const { result, exceptionDetails } = await send("Runtime.evaluate", { expression, returnByValue: true });
      if (exceptionDetails !== undefined) throw new Error(`Cannot evaluate ${expression}: it threw`);
      return (result as { readonly value?: unknown }).value;
    },
    press: async (name) => {
      await key("keyDown", name);
      await key("keyUp", name);
    },
    prefer: async (value) => {
      await send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
    },
    screenshot: async (what = "page") => {
      const options = { format: "png", captureBeyondViewport: what === "page" };
      const { data } = await send("Page.captureScreenshot", options);
      return Uint8Array.from(atob(String(data)), (character) => character.charCodeAt(0));
    },
  };
}

async function end(process: Deno.ChildProcess, tools: DevTools | undefined): Promise<void> {
  // By itself it ends its children too; what hangs is killed.
  const kill = setTimeout(() => process.kill("SIGKILL"), 10_000);
  try {
    if (tools === undefined) process.kill("SIGTERM");
    else await tools.send("Browser.close").then(tools.close);
  } catch {
    // It has ended already, or hung up before it answered.
  }
  await process.status;
  clearTimeout(kill);
}

async function removeProfile(profile: string): Promise<void> {
  // A child of the browser may still write into it for a moment.
  for (let attempt = 1;; attempt++) {
    try {
      return await Deno.remove(profile, { recursive: true });
    } catch (error) {
      if (attempt === 50) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
