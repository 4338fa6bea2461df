import { TextLineStream } from "../../lib/task/faults/lines.ts";
import { lockFlags } from "../../lib/task/stand_in.ts";
import { type Outcome, type Said, sharedNow, type Stampede, type WaitingSettings } from "./waiting_worker.ts";

/** A process whose callers wait. */
export interface WaitingProcess {
  /** Begins a stampede; undefined if the process was killed meanwhile. */
  readonly run: (stampede: Stampede) => Promise<Outcome | undefined>;
  /** Kills it, by the signal that cannot be caught. */
  readonly kill: () => void;
}

/** Some processes on one tier. */
export interface WaitingCrew extends AsyncDisposable {
  readonly processes: ReadonlyArray<WaitingProcess>;
  /** The next load that begins, and in which process. */
  readonly nextLoad: () => Promise<{ readonly process: number; readonly at: number }>;
  /** The same stampede in all of them, at one moment that lies a little ahead; and when that was. */
  readonly stampede: (
    what: Omit<Stampede, "at">,
  ) => Promise<{ readonly at: number; readonly outcomes: ReadonlyArray<Outcome | undefined> }>;
}

/** Until when all processes have heard of a stampede, in milliseconds. */
const notice = 30;

/** Starts processes, and waits until they are connected. */
export async function startWaiting(settings: WaitingSettings, count: number): Promise<WaitingCrew> {
  let heard: ((load: { process: number; at: number }) => void) | undefined;
  const members = Array.from(
    { length: count },
    (_, process) => startMember(settings, (at) => heard?.({ process, at })),
  );
  const dispose = async (): Promise<void> => {
    await Promise.all(members.map((member) => member[Symbol.asyncDispose]()));
  };
  if (!(await Promise.all(members.map(({ ready }) => ready))).every((isReady) => isReady)) {
    await dispose();
    throw new Error("Cannot start a process: it ended at once");
  }
  return {
    processes: members,
    nextLoad: () => new Promise((resolve) => heard = resolve),
    stampede: async (what) => {
      const at = sharedNow() + notice;
      return { at, outcomes: await Promise.all(members.map(({ run }) => run({ ...what, at }))) };
    },
    [Symbol.asyncDispose]: dispose,
  };
}

interface Member extends WaitingProcess, AsyncDisposable {
  readonly ready: Promise<boolean>;
}

const program = new URL("waiting_worker.ts", import.meta.url).pathname;

const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys"];

function startMember(settings: WaitingSettings, onLoading: (at: number) => void): Member {
  // Outside of a task the main process has resolved every module, and no worker should write a lock file.
  const chosen = lockFlags();
  const lock = chosen.length === 0 ? ["--no-lock"] : chosen;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...lock, ...permissions, decodeURIComponent(program), JSON.stringify(settings)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const ready = Promise.withResolvers<boolean>();
  let outcome = Promise.withResolvers<Outcome | undefined>();
  const listening = listen(child.stdout, (said) => {
    if (said._tag === "Ready") ready.resolve(true);
    else if (said._tag === "Loading") onLoading(said.at);
    else outcome.resolve(said);
  }).then(() => {
    ready.resolve(false);
    outcome.resolve(undefined);
  });
  const kill = (): void => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  };
  return {
    ready: ready.promise,
    run: (stampede) => {
      outcome = Promise.withResolvers();
      input.write(new TextEncoder().encode(`${JSON.stringify(stampede)}\n`)).catch(() => {});
      return outcome.promise;
    },
    kill,
    [Symbol.asyncDispose]: async () => {
      const timer = setTimeout(kill, 10_000);
      await input.close().catch(() => {});
      await Promise.all([child.status, listening]);
      clearTimeout(timer);
    },
  };
}

async function listen(stdout: ReadableStream<Uint8Array>, onSaid: (said: Said) => void): Promise<void> {
  const lines = stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) onSaid(JSON.parse(line));
}
