import type { HeldSlot } from "./audit.ts";
import { asideCities } from "./cache_aside.ts";
import { type Asked, messagesOf, type Told, toLine } from "./messages.ts";
import { openBackend, openMedium, type Plan, truthPath, type WorkerPlan } from "./plan.ts";
import { exponential, type Random, seeded, shuffled } from "./random.ts";
import { emptyStatistics, type Statistics } from "./statistics.ts";
import type { Subject } from "./subject.ts";
import { tieredCities } from "./tiers.ts";
import { clientsAWorker, runClient } from "./traffic.ts";
import { openTruth, type Truth } from "./truth_sqlite.ts";
import { zipf } from "./zipf.ts";

/** How long a request or an answer travels between a worker and the source, in milliseconds: a mean. */
const travelling = 15;

/** How unequal cities are: the most popular one of a day gets a quarter of its requests. */
const exponent = 1.3;

/** How far popularity moves on in a day: what was popular is then as unpopular as most. */
const aDay = 997;

/** How often a worker reports, in milliseconds: more often than anybody looks. */
const reporting = 200;

const encoder = new TextEncoder();

/** Runs a worker until its input ends. */
export async function runWorker(): Promise<void> {
  const asked = messagesOf<Asked>(Deno.stdin.readable);
  const { value: first } = await asked.next();
  if (first?._tag !== "Prepare") return;
  const { plan } = first;
  const statistics = emptyStatistics();
  const delays = seeded(plan.seed, plan.worker, -1);
  const truth = openTruth(truthPath(plan), () => exponential(travelling, delays));
  try {
    await using subject = await open(plan, truth, statistics);
    await tell({ _tag: "Ready" });
    for await (const next of asked) {
      if (next._tag === "Run") await runClients(plan, subject, statistics, next.milliseconds);
      await tell({ _tag: "Held", at: Date.now(), slots: peekAll(subject, plan.cities) });
    }
  } finally {
    truth.close();
  }
}

async function open(plan: Plan, truth: Truth, statistics: Statistics): Promise<Subject> {
  if (plan.kind === "cache-aside") return asideCities({ truth, medium: await openMedium(plan), statistics });
  return tieredCities({ truth, backend: await openBackend(plan), namespace: plan.namespace, statistics });
}

async function runClients(
  plan: WorkerPlan,
  subject: Subject,
  statistics: Statistics,
  milliseconds: number,
): Promise<void> {
  const end = Date.now() + milliseconds;
  // Which city is how popular is the same in all workers.
  const byRank = shuffled(plan.cities, seeded(plan.seed));
  const pickRank = zipf(plan.cities, exponent);
  const pick = (random: Random, day: number) => byRank[(pickRank(random) + day * aDay) % plan.cities]!;
  let renames: Array<number> = [];
  let reads: Array<number> = [];
  const report = () => {
    const news: Told = { _tag: "Report", statistics, renames, reads, until: Date.now() };
    [renames, reads] = [[], []];
    return tell(news);
  };
  const timer = setInterval(report, reporting);
  const clients = Array.from({ length: clientsAWorker }, (_, client) =>
    runClient({
      subject,
      worker: plan.worker,
      client,
      seed: plan.seed,
      writeRatio: plan.writeRatio,
      pick,
      end,
      onRead: (id, { version }, begun) => reads.push(id, version, begun),
      onRenamed: (id, { version }) => renames.push(id, version, Date.now()),
    }));
  await Promise.all(clients);
  clearInterval(timer);
  await report();
}

function peekAll(subject: Subject, count: number): ReadonlyArray<HeldSlot> {
  const held: Array<HeldSlot> = [];
  for (let id = 0; id < count; id++) {
    const city = subject.peek(id);
    if (city !== undefined) held.push([id, city]);
  }
  return held;
}

let told: Promise<unknown> = Promise.resolve();

/** Lines are written one after the other: a write may take only part of its bytes. */
function tell(message: Told): Promise<unknown> {
  const bytes = encoder.encode(toLine(message));
  return told = told.then(async () => {
    for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
  });
}
