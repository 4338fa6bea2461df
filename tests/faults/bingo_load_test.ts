import { assert, assertEquals } from "@std/assert";
import { loadTest, runLoad } from "../examples/bingo/load.ts";
import type { BingoProcess } from "../examples/bingo/processes.ts";
import { startBingo } from "../examples/bingo/processes.ts";
import { openSubject, sums } from "../examples/bingo/support.ts";
import { redisServersTest } from "../servers/redis.ts";

const identities = 2_000;
const conversions = Array.from({ length: 10 }, (_, i) => `did ${i}`);
const all = identities * conversions.length;

async function createTest(url: string): Promise<void> {
  const response = await fetch(`${url}/api/experiments`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: loadTest, alternatives: ["a", { name: "b", weight: 2 }], conversions }),
  });
  assertEquals(response.status, 200, await response.text());
}

/** Participants and conversions of every experiment, added up. */
function total(test: Parameters<typeof sums>[0]): readonly [participants: number, conversions: number] {
  const each = Object.values(sums(test));
  return [each.reduce((sum, [count]) => sum + count, 0), each.reduce((sum, [, count]) => sum + count, 0)];
}

async function shown(url: string): Promise<ReturnType<typeof total>> {
  const response = await fetch(`${url}/api/experiments/${loadTest}`);
  return total(await response.json());
}

redisServersTest(
  "20,000 conversions by four processes, through two kills and a restart of the Redis, are counted exactly once",
  async (start) => {
    const redis = await start("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0");
    const folder = await Deno.makeTempDir({ prefix: "lamina-bingo-" });
    const open = () => startBingo("--redis", redis.url, "--data", folder);
    const processes: Array<BingoProcess | undefined> = await Promise.all(Array.from({ length: 4 }, open));
    const up = () => processes.filter((process) => process !== undefined);
    const faults: Array<Promise<void>> = [];
    const replace = async (place: number): Promise<void> => {
      const process = processes[place];
      processes[place] = undefined;
      await process?.kill();
      processes[place] = await open();
    };
    const plan = new Map([
      [Math.floor(all / 4), () => replace(0)],
      [Math.floor(all / 2), () => redis.restart()],
      [Math.floor(all * 3 / 4), () => replace(1)],
    ]);
    try {
      await createTest(up()[0]!.url);
      const { acknowledged, repeated } = await runLoad({
        identities,
        conversions,
        atOnce: 32,
        urls: () => up().map(({ url }) => url),
        onAcknowledged: (count) => {
          const fault = plan.get(count);
          if (fault !== undefined) faults.push(fault());
        },
      });
      await Promise.all(faults);
      // Each was repeated until it was acknowledged, so that none is left of which nobody knows.
      assertEquals([acknowledged, faults.length, up().length], [all, 3, 4]);
      assert(repeated > 0, "no request was under way when a process was killed");
      for (const { url } of up()) assertEquals(await shown(url), [all, all]);
      const lost = up().flatMap(({ events }) => events).filter(({ _tag }) =>
        _tag === "CountsLost" || _tag === "DeadLetter"
      );
      assertEquals(lost, []);
      assertEquals(await Promise.all(up().map((process) => process.stop())), [0, 0, 0, 0]);
      // Now all of it is in the database, without any help of the Redis.
      await using subject = await openSubject(undefined, { folder });
      assertEquals(total((await subject.ask("GET", `/api/experiments/${loadTest}`)).body), [all, all]);
      const steps = subject.bingo.database.prepare(
        "SELECT value AS step, count(*) AS count FROM identity, json_each(experiments) GROUP BY 1",
      ).all().map(({ step, count }) => [step, count]);
      assertEquals(steps, [["converted", all]]);
    } finally {
      await Promise.all(up().map((process) => process.kill()));
      await Deno.remove(folder, { recursive: true });
    }
  },
);

redisServersTest(
  "a Redis that keeps nothing on disk loses counts at a restart, and the service says how many",
  async (start) => {
    const redis = await start();
    const folder = await Deno.makeTempDir({ prefix: "lamina-bingo-" });
    const process = await startBingo("--redis", redis.url, "--data", folder, "--no-timers");
    const load = { identities: 10, conversions, atOnce: 8, urls: () => [process.url], onAcknowledged: () => {} };
    try {
      await createTest(process.url);
      await runLoad(load);
      assertEquals(await job(process.url, "fold"), 200);
      const { acknowledged } = await runLoad({ ...load, from: 10 });
      assertEquals([acknowledged, await shown(process.url)], [100, [200, 200]]);
      await redis.restart();
      // It is not available until it has connected anew.
      for (let attempt = 0; await job(process.url, "check") !== 200; attempt++) {
        assert(attempt < 1_000, "the service did not come back");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      // What had been folded is still there.
      assertEquals(await shown(process.url), [100, 100]);
      assertEquals(await process.stop(), 0);
      const said = process.events.flatMap(({ _tag, expected, shown }) =>
        _tag === "CountsLost" ? [Number(expected) - Number(shown)] : []
      );
      assertEquals(said.reduce((sum, each) => sum + each, 0), 200);
    } finally {
      await process.kill();
      await Deno.remove(folder, { recursive: true });
    }
  },
);

async function job(url: string, name: string): Promise<number> {
  const response = await fetch(`${url}/api/jobs/${name}`, { method: "POST" });
  await response.body?.cancel();
  return response.status;
}
