import { lockFlags } from "../stand_in.ts";
import { type Asked, type Held, messagesOf, type Report, type Told, toLine } from "./messages.ts";
import type { Plan } from "./plan.ts";

/** The worker processes of a run. */
export interface Crew extends AsyncDisposable {
  /** Has all workers do something, and resolves with what each then has in memory. */
  readonly ask: (asked: Asked) => Promise<ReadonlyArray<Held>>;
}

/** Who hears of what happens. */
export interface CrewOptions {
  readonly plan: Plan;
  /** The program that the workers run. */
  readonly script: string;
  readonly onReport: (worker: number, report: Report) => void;
  /** Ends everything at once. */
  readonly signal: AbortSignal;
}

/** One worker process; its next answer is waited for by whoever asked last. */
interface Member extends AsyncDisposable {
  readonly ask: (asked: Asked) => Promise<Told>;
}

/** How long a worker may take to close its connections, in milliseconds; then it is killed. */
const patience = 5_000;

/** Starts the workers, and waits until they are ready. */
export async function startCrew(options: CrewOptions): Promise<Crew> {
  const { plan } = options;
  const members = Array.from({ length: plan.workers }, (_, worker) => startMember(options, worker));
  const dispose = async () => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
  };
  try {
    await Promise.all(members.map((member, worker) => member.ask({ _tag: "Prepare", plan: { ...plan, worker } })));
  } catch (cause) {
    await dispose();
    throw cause;
  }
  return {
    ask: async (asked) => (await Promise.all(members.map((member) => member.ask(asked)))) as ReadonlyArray<Held>,
    [Symbol.asyncDispose]: dispose,
  };
}

function startMember({ script, onReport, signal }: CrewOptions, worker: number): Member {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...lock(), ...permissions, script, "worker"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  let answer: PromiseWithResolvers<Told> | undefined;
  const listening = listen(child.stdout, (told) => {
    if (told._tag === "Report") onReport(worker, told);
    else answer?.resolve(told);
  });
  const ended = Promise.all([child.status, listening]).then(([{ code }, cause]) => {
    answer?.reject(signal.aborted ? signal.reason : endedEarly(worker, code, cause));
  });
  const kill = (): void => stop(child);
  signal.addEventListener("abort", kill);
  if (signal.aborted) kill();
  return {
    ask: (asked) => {
      const waiting = answer = Promise.withResolvers<Told>();
      input.write(new TextEncoder().encode(toLine(asked))).catch(() => {});
      return waiting.promise;
    },
    [Symbol.asyncDispose]: async () => {
      answer = undefined;
      const timer = setTimeout(kill, patience);
      await input.close().catch(() => {});
      await ended;
      clearTimeout(timer);
      signal.removeEventListener("abort", kill);
    },
  };
}

/** What a worker may do, like the main process: files in its folder, and the server of the shared tier. */
const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys", "--allow-write"];

/** Outside of a task the main process has resolved every module, and no worker should write a lock file. */
function lock(): ReadonlyArray<string> {
  const chosen = lockFlags();
  return chosen.length === 0 ? ["--no-lock"] : chosen;
}

async function listen(stdout: ReadableStream<Uint8Array>, onTold: (told: Told) => void): Promise<unknown> {
  try {
    for await (const told of messagesOf<Told>(stdout)) onTold(told);
    return undefined;
  } catch (cause) {
    return cause;
  }
}

function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
}

function endedEarly(worker: number, code: number, cause: unknown): Error {
  const message = `Cannot go on: expected worker ${worker} to answer: received its end with code ${code}`;
  return new Error(message, { cause });
}
