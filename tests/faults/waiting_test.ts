import { assert, assertEquals } from "@std/assert";
import { describe, type Figures, figuresOf } from "../../lib/task/bench/stampede_case.ts";
import { redisTest } from "../servers/redis.ts";
import { startWaiting } from "./waiting_crew.ts";
import type { Outcome } from "./waiting_worker.ts";

const load = 50;

/** What a machine that is busy with something else may add to anything, in milliseconds. */
const generous = 5_000;

const processes = 4;

function all(outcomes: ReadonlyArray<Outcome | undefined>): ReadonlyArray<Outcome> {
  return outcomes.map((outcome) => {
    assert(outcome !== undefined, "expected an outcome: received the process's end");
    return outcome;
  });
}

redisTest("D02 a thousand callers in four processes cause one load, and all get its value", async ({ url, prefix }) => {
  await using crew = await startWaiting({ url, name: prefix, lease: 10_000, load }, processes);
  const [tier, server]: [Array<Figures>, Array<Figures>] = [[], []];
  for (let round = 0; round < 5; round++) {
    server.push(figuresOf(await crew.stampede({ callers: 1, keys: [`f${round}`], of: "server" })));
    const ended = await crew.stampede({ callers: 250, keys: [`k${round}`] });
    const done = all(ended.outcomes);
    assertEquals(done.flatMap(({ loads }) => loads.map(({ key }) => key)), [`k${round}`]);
    assertEquals(done.map(({ answered, wrong }) => [answered.length, wrong]), done.map(() => [250, 0]));
    const figures = figuresOf(ended);
    tier.push(figures);
    assert(figures.beyond < generous, `expected an end soon after the load: received it after ${figures.beyond} ms`);
  }
  console.log(describe(tier, server));
});

redisTest("D02 X11 a batch that many cold callers in four processes read loads each key once", async (redis) => {
  const { url, prefix } = redis;
  await using crew = await startWaiting({ url, name: prefix, lease: 10_000, load }, processes);
  for (let round = 0; round < 3; round++) {
    const keys = Array.from({ length: 40 }, (_, i) => `k${round}.${i}`);
    const done = all((await crew.stampede({ callers: 20, keys })).outcomes);
    assertEquals(done.flatMap(({ loads }) => loads.map(({ key }) => key)).sort(), [...keys].sort());
    assertEquals(done.map(({ wrong }) => wrong), done.map(() => 0));
  }
});

redisTest("D14 a loader that is killed delays the others by its claim's lease, and one loads again", async (redis) => {
  const { url, prefix } = redis;
  const lease = 1_500;
  await using crew = await startWaiting({ url, name: prefix, lease, load }, processes);
  const killing = crew.nextLoad().then(({ process, at }) => {
    crew.processes[process]!.kill();
    return { process, at };
  });
  const { at, outcomes } = await crew.stampede({ callers: 100, keys: ["k"] });
  const killed = await killing;
  assertEquals(outcomes.flatMap((outcome, i) => outcome === undefined ? [i] : []), [killed.process]);
  const done = all(outcomes.filter((outcome) => outcome !== undefined));
  assertEquals(done.map(({ answered, wrong }) => [answered.length, wrong]), done.map(() => [100, 0]));
  const loads = done.flatMap(({ loads }) => loads);
  assertEquals(loads.map(({ key }) => key), ["k"]);
  const { began } = loads[0]!;
  console.log(
    `the next load began ${(began - killed.at - lease).toFixed(1)} ms after the end of the killed one's lease`,
  );
  // The claim was placed between the first question and the load; timers are early by a little.
  assert(
    began >= at + lease - 10,
    `expected no load before the lease's end: received one ${began - at} ms after it began`,
  );
  assert(began <= killed.at + lease + generous);
});
