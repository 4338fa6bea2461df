/**
 * Where `jsr:@std/…` comes from in this run: from JSR, or, where that cannot be reached, from the static stand-in
 * registry in tests/jsr. deno.json names the real packages only, so the choice is made here, outside of it, by the
 * environment and the lock file that Deno is started with.
 *
 * Run as a program it passes its arguments to `deno` under that choice: `stand_in.ts run -A lib/task/demo.ts`.
 *
 * @module
 */

/** What Deno is started with so that it finds the packages. */
export interface Registry extends Disposable {
  readonly environment: Readonly<Record<string, string>>;
  readonly lock: string;
}

/** What became of a process whose output was kept. */
export interface Outcome {
  readonly success: boolean;
  readonly output: string;
}

const probe = "https://jsr.io/@std/assert/meta.json";

// A registry that is there answers within tenths of a second; who has none should not wait long to hear it.
const patience = 3_000;

// Tells the tasks that a task starts what was chosen, so that one run asks once.
const choice = "LAMINA_LOCK";

/** The root of the checkout. */
export const root: URL = new URL("../../", import.meta.url);

/** Chooses the registry: what the caller's task chose, what the user set by JSR_URL, JSR, or the stand-in. */
export async function chooseRegistry(): Promise<Registry> {
  const chosen = Deno.env.get(choice);
  if (chosen !== undefined) return registry(chosen, {});
  const given = Deno.env.get("JSR_URL");
  if (given === undefined && await answers(probe)) return registry(pathOf("deno.lock"), {});
  const folder = Deno.makeTempDirSync({ prefix: "lamina-registry-" });
  copyLock(folder);
  if (given === undefined) {
    console.error("JSR cannot be reached: @std/assert and @std/crypto come from the stand-in registry in tests/jsr.");
    // Served from inside the checkout, its modules would count as files of the package.
    copyFolder(pathOf("tests/jsr"), `${folder}/jsr`);
  }
  const url = given ?? new URL(`file://${folder}/jsr/`).href;
  return registry(`${folder}/deno.lock`, { JSR_URL: url }, () => Deno.removeSync(folder, { recursive: true }));
}

/** The flags by which a task's own child processes use the lock file of the run; none outside of a task. */
export function lockFlags(): ReadonlyArray<string> {
  const chosen = Deno.env.get(choice);
  return chosen === undefined ? [] : [`--lock=${chosen}`];
}

/** Runs a subcommand of Deno that resolves modules, on the terminal, and gives its exit code. */
export async function runDeno(from: Registry, [subcommand, ...rest]: ReadonlyArray<string>): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [subcommand ?? "help", `--lock=${from.lock}`, ...rest],
    env: { ...from.environment },
  }).spawn();
  return (await supervise(child)).code;
}

/** Waits for a child that shares the terminal, and lets it end first when this process is told to. */
export async function supervise(child: Deno.ChildProcess): Promise<Deno.CommandStatus> {
  // The terminal interrupts the child as well; this process stays to clean up after it.
  const ignore = () => {};
  const forward = () => child.kill("SIGTERM");
  Deno.addSignalListener("SIGINT", ignore);
  Deno.addSignalListener("SIGTERM", forward);
  const status = await child.status;
  Deno.removeSignalListener("SIGINT", ignore);
  Deno.removeSignalListener("SIGTERM", forward);
  return status;
}

/** Runs a program in a folder and keeps what it prints. */
export async function capture(
  from: Registry,
  [program, ...args]: ReadonlyArray<string>,
  folder: URL | string = root,
): Promise<Outcome> {
  const command = new Deno.Command(program === "deno" || program === undefined ? Deno.execPath() : program, {
    args,
    cwd: folder,
    env: { ...from.environment, NO_COLOR: "1" },
    stdin: "null",
  });
  try {
    const { success, stdout, stderr } = await command.output();
    return { success, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } catch (error) {
    return { success: false, output: `Cannot run ${program}: ${error}` };
  }
}

/** The path of something in the checkout. */
export function pathOf(inside: string): string {
  return decodeURIComponent(new URL(inside, root).pathname);
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(patience) });
    return response.ok && (await response.json()).name === "assert";
  } catch {
    return false;
  }
}

// What another registry serves is not what the lock file's jsr part vouches for, and must not be written into it: the
// npm part is copied and keeps its integrity, the rest is left out.
function copyLock(to: string): void {
  const lock = JSON.parse(Deno.readTextFileSync(pathOf("deno.lock")));
  const specifiers = Object.entries(lock.specifiers).filter(([specifier]) => !specifier.startsWith("jsr:"));
  const npm = { ...lock, jsr: undefined, specifiers: Object.fromEntries(specifiers) };
  Deno.writeTextFileSync(`${to}/deno.lock`, JSON.stringify(npm, null, 2));
}

function copyFolder(from: string, to: string): void {
  Deno.mkdirSync(to);
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copyFolder(`${from}/${name}`, `${to}/${name}`);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}

function registry(lock: string, environment: Readonly<Record<string, string>>, dispose = () => {}): Registry {
  return { lock, environment: { ...environment, [choice]: lock }, [Symbol.dispose]: dispose };
}

async function main(): Promise<number> {
  using chosen = await chooseRegistry();
  return await runDeno(chosen, Deno.args);
}

if (import.meta.main) Deno.exit(await main());
