/**
 * One process of a fault run: clients that read and write few keys and write down what they saw, until they are told to
 * stop, or are killed. It is told so by lines on its standard input.
 *
 * @module
 */
import { TextLineStream } from "./lines.ts";
import { sleep, someTime } from "./patience.ts";
import { type Journal, openJournal } from "./journal.ts";
import { type CrashPoint, keyName, keys, quietKey, slowCommit, type WorkerSettings } from "./settings.ts";
import { makeSubject, type Subject } from "./subject.ts";
import { openTruth, type Passing } from "./truth_sqlite.ts";

/** Milliseconds between two operations of a client, on average: some of the machine is left to the servers. */
const pause = 6;

/** Enough writes that they often overlap, few enough that there are hits between them. */
const writeShare = 0.06;

/** Where the next write ends this process. */
interface Trap {
  armed: CrashPoint | undefined;
}

interface Worker {
  readonly settings: WorkerSettings;
  readonly subject: Subject;
  readonly journal: Journal;
  readonly trap: Trap;
  stopping: boolean;
  written: number;
}

async function main(settings: WorkerSettings): Promise<void> {
  const journal = openJournal(settings.journal);
  const truth = openTruth(settings.truth);
  const trap: Trap = { armed: undefined };
  const passing: Passing = {
    beforeCommit: async (key) => {
      spring(trap, "between lock and commit");
      if (key === quietKey) await sleep(settings.lease * slowCommit);
    },
    afterCommit: (key) => {
      spring(trap, "between commit and unlock");
      if (key === quietKey) spring(trap, "after a slow commit");
    },
  };
  const subject = await makeSubject(settings, truth, passing, journal);
  await obey({ settings, subject, journal, trap, stopping: false, written: 0 });
  await subject.close();
  journal.close();
  truth.close();
}

function spring({ armed }: Trap, reached: CrashPoint): void {
  if (armed === reached) Deno.kill(Deno.pid, "SIGKILL");
}

async function obey(worker: Worker): Promise<void> {
  const clients: Array<Promise<void>> = [];
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  for await (const line of lines) {
    if (line === "time") say(String(performance.now()));
    else if (line === "go") {
      for (let i = 0; i < worker.settings.clients; i++) clients.push(runClient(worker, i));
      if (worker.settings.turns !== undefined) clients.push(turnSwitch(worker, worker.settings.turns));
    } else if (line === "stop") break;
    else {
      worker.trap.armed = line as CrashPoint;
      if (line === "after a slow commit") void writeUntilDead(worker);
    }
  }
  worker.stopping = true;
  await Promise.all(clients);
  await lookAround(worker);
}

/** What is left in this process when all that was under way anywhere is over, and all word of it was told. */
async function lookAround(worker: Worker): Promise<void> {
  const { through, lease } = worker.settings;
  if (through.kind !== "redis" || through.invalidations === undefined) return;
  await sleep(lease);
  for (let key = 0; key < keys; key++) await read(worker, 0, keyName(key));
}

function say(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}

async function runClient(worker: Worker, client: number): Promise<void> {
  const { settings } = worker;
  const share = settings.role === "reads" ? 0 : writeShare;
  while (!worker.stopping) {
    // The square makes the first key the hottest, with nearly half of all operations.
    const key = keyName(Math.floor(Math.random() ** 2 * keys));
    await (Math.random() < share && key !== quietKey ? write(worker, client, key) : read(worker, client, key));
    await sleep(someTime(pause));
  }
}

/** Turns the tier's switch off and on, and in the end on. */
async function turnSwitch(worker: Worker, pause: number): Promise<void> {
  for (let wish: "on" | "off" = "off"; !worker.stopping; wish = wish === "on" ? "off" : "on") {
    await sleep(pause);
    worker.journal.note(`switch was ${await worker.subject.turn(wish)}`);
  }
  await worker.subject.turn("on");
}

/** A lock may be refused, and a commit too late. */
async function writeUntilDead(worker: Worker): Promise<void> {
  while (!worker.stopping) {
    await write(worker, 0, quietKey);
    await sleep(pause);
  }
}

async function read({ settings, subject, journal }: Worker, client: number, key: string): Promise<void> {
  const start = performance.now();
  const { value, verdict } = await subject.read(client, key);
  const end = performance.now();
  if (value === undefined) journal.note(`read.failed.${verdict}`);
  else journal.read(`${settings.name}.${client}`, key, value, start, end, verdict);
}

async function write(worker: Worker, client: number, key: string): Promise<void> {
  const { settings, subject, journal } = worker;
  const value = `${settings.name}.${client}.${worker.written++}`;
  journal.begin(`${settings.name}.${client}`, key, value, performance.now());
  const outcome = await subject.write(client, key, value);
  journal.end(value, performance.now(), outcome);
}

if (import.meta.main) await main(JSON.parse(Deno.args[0]!));
