import { lockFlags } from "../stand_in.ts";
import { TextLineStream } from "./lines.ts";
import type { CrashPoint } from "./settings.ts";

/** What every worker is told when it is started, whatever it does. */
export interface Told {
  /** Where it writes down what it does. */
  readonly journal: string;
}

/** A worker process. */
export interface WorkerProcess {
  readonly settings: Told;
  /** What to add to its clock to get this process's, and by how much that may be wrong. */
  readonly offset: number;
  readonly error: number;
  readonly ended: Promise<Deno.CommandStatus>;
  readonly tell: (line: "go" | "stop" | CrashPoint) => Promise<void>;
  /** Kills it, by the signal that cannot be caught. */
  readonly kill: () => void;
  /** Stops it, or lets it go on. */
  readonly signal: (name: "SIGSTOP" | "SIGCONT") => void;
}

/** How often the clocks are compared; the quickest answer is the one that says most. */
const comparisons = 24;

const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-run", "--allow-sys", "--allow-write"];

/** Starts a process of a program in this folder and compares its clock with ours; its clients wait for `go`. */
export async function startWorker(file: string, settings: Told): Promise<WorkerProcess> {
  const program = new URL(file, import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...lockFlags(), ...permissions, decodeURIComponent(program), JSON.stringify(settings)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  const say = (line: string): Promise<void> => input.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  const ended = child.status.then(async (status) => {
    await Promise.all([answers.cancel(), input.close().catch(() => {})]);
    return status;
  });
  try {
    const clock = await compareClocks(say, async () => (await answers.read()).value);
    return { settings, ...clock, ended, tell: say, kill: () => killQuietly(child), signal: (name) => child.kill(name) };
  } catch (error) {
    killQuietly(child);
    await ended;
    throw error;
  }
}

// Both clocks count the same seconds from different beginnings. The answer was read between question and answer.
async function compareClocks(
  say: (line: string) => Promise<void>,
  hear: () => Promise<string | undefined>,
): Promise<{ readonly offset: number; readonly error: number }> {
  let best = { offset: 0, error: Infinity };
  for (let i = 0; i < comparisons; i++) {
    const asked = performance.now();
    await say("time");
    const answer = await hear();
    if (answer === undefined) throw new Error("Cannot start a worker: it ended at once");
    const error = (performance.now() - asked) / 2;
    if (error < best.error) best = { offset: asked + error - Number(answer), error };
  }
  return best;
}

function killQuietly(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
}
