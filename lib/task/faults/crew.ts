import type { CrashPoint, WorkerSettings } from "./settings.ts";
import { sleep } from "./patience.ts";
import type { Site } from "./scenario.ts";
import { startWorker, type WorkerProcess } from "./team.ts";

/** How a run is made. */
export interface RunSettings {
  /** How long the traffic lasts at least; a round of faults that began is finished. */
  readonly seconds: number;
  /** Milliseconds. */
  readonly lease: number;
  /** Ends the traffic early; everything that was started is stopped as usual. */
  readonly signal?: AbortSignal;
}

/** The shape of the traffic: four processes with eight clients each. */
export const workers = 4;
export const clients = 8;

/**
 * Lets a worker be killed, and another take its place; `meanwhile` is done again and again until it is dead. Says whether
 * it died where it should: on a machine that is too busy, no write gets there.
 */
export type Crash = (point: CrashPoint | "anywhere", meanwhile?: () => Promise<void>) => Promise<boolean>;

/** The workers of a run, those that were killed included. */
export interface Crew extends AsyncDisposable {
  readonly all: ReadonlyArray<WorkerProcess>;
  readonly start: () => Promise<void>;
  readonly crash: Crash;
  readonly stall: (milliseconds: number) => Promise<void>;
  /** Lets all workers finish what they do; returns how many did not and were killed. */
  readonly stop: () => Promise<number>;
}

/** How long workers may take to finish: longer than any operation's deadlines together. */
const finishing = 15_000;

/** How long a writer may take to walk into its trap: each client writes several times a second. */
const trapping = 10_000;

/** Brings together the workers of a run. */
export function makeCrew(folder: string, site: Site, run: RunSettings): Crew {
  return crewOf((index, number) => startWorker("worker.ts", settingsOf(folder, site, run, index, number)));
}

/** A crew of whatever `start` starts: who stands in a place of the crew, and is the so-manieth to be hired. */
export function crewOf(start: (index: number, number: number) => Promise<WorkerProcess>): Crew {
  const all: Array<WorkerProcess> = [];
  const now: Array<WorkerProcess> = [];
  let hired = 0;
  const hire = async (index: number): Promise<void> => {
    const worker = await start(index, hired++);
    all.push(worker);
    now[index] = worker;
  };
  return {
    all,
    start: async () => {
      await Promise.all(Array.from({ length: workers }, (_, index) => hire(index)));
      for (const worker of now) await worker.tell("go");
    },
    crash: async (point, meanwhile) => {
      const index = Math.floor(Math.random() * workers);
      const trapped = await kill(now[index]!, point, meanwhile);
      await hire(index);
      await now[index]!.tell("go");
      return trapped;
    },
    stall: async (milliseconds) => {
      // Not the first one, which may turn a switch: it would stop the fault as well.
      const { signal } = now[1 + Math.floor(Math.random() * (workers - 1))]!;
      signal("SIGSTOP");
      await sleep(milliseconds);
      signal("SIGCONT");
    },
    stop: async () => (await Promise.all(now.map(finish))).filter((ending) => ending === "hung").length,
    [Symbol.asyncDispose]: async () => {
      for (const worker of all) worker.kill();
      await Promise.all(all.map(({ ended }) => ended));
    },
  };
}

function settingsOf(
  folder: string,
  site: Site,
  { lease }: RunSettings,
  index: number,
  number: number,
): WorkerSettings {
  const name = `w${number}`;
  return {
    name,
    journal: `${folder}/${name}.journal`,
    truth: `${folder}/truth.sqlite`,
    through: site.through(index),
    lease: lease * (site.share ?? 1),
    level: site.level ?? "pinned",
    clients,
    role: site.last === "left behind" && index === workers - 1 ? "reads" : "reads and writes",
    ...(site.turns === undefined || index > 0 ? {} : { turns: site.turns }),
  };
}

async function kill(
  worker: WorkerProcess,
  point: CrashPoint | "anywhere",
  meanwhile: () => Promise<void> = () => sleep(10),
): Promise<boolean> {
  if (point === "anywhere") worker.kill();
  else await worker.tell(point);
  let trapped = true;
  const timer = setTimeout(() => {
    trapped = false;
    worker.kill();
  }, trapping);
  let dead = false;
  worker.ended.then(() => dead = true);
  while (!dead) await meanwhile();
  const { signal } = await worker.ended;
  clearTimeout(timer);
  if (signal !== "SIGKILL") throw new Error(`Cannot kill a worker ${point}: received ${signal}`);
  return trapped;
}

async function finish(worker: WorkerProcess): Promise<"finished" | "hung"> {
  await worker.tell("stop");
  const timer = setTimeout(worker.kill, finishing);
  const { success } = await worker.ended;
  clearTimeout(timer);
  return success ? "finished" : "hung";
}
