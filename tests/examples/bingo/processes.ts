import { lockFlags } from "../../../lib/task/stand_in.ts";

/** A process of the service. */
export interface BingoProcess {
  readonly url: string;
  readonly pid: number;
  /** The events that it has logged so far. */
  readonly events: ReadonlyArray<Readonly<Record<string, unknown>>>;
  /** Ends it without a word. */
  readonly kill: () => Promise<void>;
  /** Lets it fold and flush first; its exit code. */
  readonly stop: () => Promise<number>;
}

/** Starts a process of the service on a free port, and waits until it says where it is. */
export async function startBingo(...args: ReadonlyArray<string>): Promise<BingoProcess> {
  const main = decodeURIComponent(new URL("main.ts", import.meta.url).pathname);
  const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys", "--allow-write"];
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", ...lockFlags(), ...permissions, main, "--port", "0", ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const events: Array<Readonly<Record<string, unknown>>> = [];
  const other: Array<string> = [];
  const logged = eachLine(child.stderr, (line) => {
    if (line.startsWith("{")) events.push(JSON.parse(line));
    else other.push(line);
  });
  const ready = Promise.withResolvers<string | undefined>();
  const said = eachLine(child.stdout, (line) => {
    const url = /^Bingo is at (.*)\/$/.exec(line)?.[1];
    if (url !== undefined) ready.resolve(url);
  }).then(() => ready.resolve(undefined));
  const ended = Promise.all([child.status, logged, said]).then(([{ code }]) => code);
  const signal = (name: Deno.Signal): Promise<number> => {
    try {
      child.kill(name);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
    return ended;
  };
  const url = await ready.promise;
  if (url === undefined) throw new Error(`Cannot start bingo: received ${await ended}: ${other.join("\n")}`);
  return { url, pid: child.pid, events, kill: () => signal("SIGKILL").then(() => {}), stop: () => signal("SIGTERM") };
}

async function eachLine(stream: ReadableStream<Uint8Array>, tell: (line: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const bytes of stream) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(tell);
  }
  if (rest !== "") tell(rest);
}
