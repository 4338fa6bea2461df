import { assert, assertEquals } from "@std/assert";
import { right } from "../../support/results.ts";
import { redisServersTest } from "../../servers/redis.ts";
import { redisPlaces } from "./store/places.ts";
import type { Subject } from "./support.ts";
import { convert, join, openSubject, price, rowsOf, sums } from "./support.ts";

async function verdict(store: Subject["bingo"]["stores"]["experiments"], shelf: "live" | "archived"): Promise<string> {
  return right((await store.entries([shelf])())[0]!).verdict._tag;
}

redisServersTest(
  "B01 experiments come from the instance, then the shared tier, then the database; identities have no instance tier",
  async (start) => {
    const { url } = await start();
    const folder = await Deno.makeTempDir();
    {
      await using here = await openSubject(redisPlaces(url), { folder });
      await using there = await openSubject(redisPlaces(url), { folder });
      assertEquals((await here.ask("POST", "/api/experiments", price)).status, 200);
      await there.bingo.stores.experiments.invalidate(["live"])();
      // Watching begins with the first read, and with it what an instance tier keeps.
      const settled = async (subject: Subject): Promise<ReadonlyArray<string>> => {
        const seen: Array<string> = [];
        while (seen.at(-1) !== "HitMemory") {
          assert(seen.length < 10_000, seen.slice(0, 10).join());
          seen.push(await verdict(subject.bingo.stores.experiments, "live"));
        }
        return [...new Set(seen)];
      };
      const first = await settled(here);
      assertEquals([first[0], first.at(-1)], ["Filled", "HitMemory"]);
      assertEquals((await settled(there))[0], "HitShared");
      await join(here, "ada");
      const identity = async () => right((await there.bingo.stores.identities.entries(["ada"])())[0]!).verdict._tag;
      assertEquals([await identity(), await identity()], ["HitShared", "HitShared"]);
    }
    await Deno.remove(folder, { recursive: true });
  },
);

Deno.test("B23 deleting a test with its parts is one transaction, and what is cached changes only if it commits", async () => {
  await using subject = await openSubject();
  const { ask, bingo, jobs, everything } = subject;
  await ask("POST", "/api/experiments", price);
  await join(subject, "ada");
  await convert(subject, "ada");
  right(await jobs.fold());
  right(await jobs.snapshot());
  assertEquals(await verdict(bingo.stores.experiments, "live"), "HitShared");
  const before = await everything();
  // The last of its parts cannot be deleted, so that none of them is.
  bingo.database.exec(
    "CREATE TRIGGER refuse BEFORE DELETE ON snapshot BEGIN SELECT RAISE(ABORT, 'the disk is full'); END",
  );
  const refused = await ask("DELETE", "/api/experiments/price");
  assertEquals([refused.status, refused.body.outcome, refused.headers.get("retry-after")], [503, "aborted", "1"]);
  assertEquals(await everything(), before);
  assertEquals(sums((await ask("GET", "/api/experiments/price")).body)["price"], [1, 1]);
  bingo.database.exec("DROP TRIGGER refuse");
  assertEquals((await ask("DELETE", "/api/experiments/price")).status, 200);
  const { experiment, alternative, total, snapshot } = rowsOf(bingo);
  assertEquals([experiment, alternative, total, snapshot], [[], [], [], []]);
  assertEquals((await ask("GET", "/api/experiments")).body.tests, []);
});

Deno.test("B23 an archived test goes with all its parts in one transaction, and is loaded on request only", async () => {
  await using subject = await openSubject();
  const { ask, bingo, jobs, everything } = subject;
  await ask("POST", "/api/experiments", price);
  await ask("POST", "/api/experiments", { ...price, name: "colour" });
  await join(subject, "ada");
  await convert(subject, "ada");
  right(await jobs.snapshot());
  const before = await everything();
  bingo.database.exec(
    "CREATE TRIGGER refuse BEFORE UPDATE ON experiment WHEN new.place = 1 BEGIN SELECT RAISE(ABORT, 'full'); END",
  );
  // The second of its experiments, after the first one was moved.
  assertEquals((await ask("POST", "/api/experiments/price/archive")).body.outcome, "aborted");
  assertEquals(await everything(), before);
  bingo.database.exec("DROP TRIGGER refuse");
  assertEquals((await ask("POST", "/api/experiments/price/archive")).status, 200);
  const names = async (query: string) =>
    (await ask("GET", `/api/experiments${query}`)).body.tests.map((test: { canonical: string }) => test.canonical);
  assertEquals([await names(""), await names("?shelf=archived")], [["colour"], ["price"]]);
  // Its numbers went with it, those that were not folded yet as well; and no tier keeps them.
  const archived = (await ask("GET", "/api/experiments?shelf=archived")).body.tests[0];
  assertEquals([sums(archived)["price"], archived.outcomes[0].history.length], [[1, 1], 1]);
  right(await jobs.fold());
  assertEquals(sums((await ask("GET", "/api/experiments?shelf=archived")).body.tests[0])["price"], [1, 1]);
  for (let i = 0; i < 2; i++) assert(!(await verdict(bingo.stores.experiments, "archived")).startsWith("Hit"));
  assertEquals(await verdict(bingo.stores.experiments, "live"), "HitShared");
  assertEquals((await ask("POST", "/api/conversions", { conversion: "came back", identity: "ada" })).status, 409);
});

Deno.test("B24 looking at an identity, or asking for its alternative again, stores nothing", async () => {
  await using subject = await openSubject();
  const { ask, everything, bingo } = subject;
  await ask("POST", "/api/experiments", price);
  await join(subject, "ada");
  right(await subject.jobs.flush());
  const before = await everything();
  assertEquals(right(await bingo.queue.latest(["ada"])())[0]?._tag, "None");
  for (let i = 0; i < 3; i++) {
    assertEquals((await ask("GET", "/api/identities/ada")).body.experiments.length, 2);
    assertEquals((await ask("GET", "/api/identities/somebody%20else")).body.experiments, []);
    await join(subject, "ada");
  }
  assertEquals(await everything(), before);
});

Deno.test("B26 an identity is read without experiments that no longer exist, which changes nothing of it", async () => {
  await using subject = await openSubject();
  const { ask, bingo, jobs, everything } = subject;
  await ask("POST", "/api/experiments", price);
  await ask("POST", "/api/experiments", { name: "colour", alternatives: ["red", "blue"], conversions: ["clicked"] });
  await join(subject, "ada");
  await join(subject, "ada", "colour");
  right(await jobs.flush());
  await ask("DELETE", "/api/experiments/price");
  const before = await everything();
  const seen = async () =>
    (await ask("GET", "/api/identities/ada")).body.experiments.map((each: { experiment: string }) => each.experiment);
  assertEquals(await seen(), ["colour"]);
  assertEquals((await ask("POST", "/api/conversions", { conversion: "bought", identity: "ada" })).status, 404);
  assertEquals(await everything(), before);
  const stored = () => {
    const [row] = rowsOf(bingo)["identity"]! as ReadonlyArray<{ readonly experiments: string }>;
    return Object.values(JSON.parse(row!.experiments));
  };
  assertEquals(stored(), ["participating", "participating", "participating"]);
  // With the next change they are gone from what is stored, too.
  await convert(subject, "ada", "clicked");
  right(await jobs.flush());
  assertEquals(stored(), ["converted"]);
  assertEquals(await seen(), ["colour"]);
});

Deno.test("B27 deleting a test resets its counters: what comes late is nobody's, and a new one begins at nothing", async () => {
  await using subject = await openSubject();
  const { ask, bingo, jobs } = subject;
  const made = async () => {
    await ask("POST", "/api/experiments", price);
    const { experiment } = rowsOf(bingo) as unknown as { experiment: ReadonlyArray<{ id: string; name: string }> };
    return experiment.find(({ name }) => name === "price")!.id;
  };
  const old = await made();
  await join(subject, "ada");
  await convert(subject, "ada");
  right(await jobs.fold());
  // One batch waits, and more has been counted since.
  await join(subject, "grace");
  right(await bingo.counters.take());
  await convert(subject, "grace");
  await ask("DELETE", "/api/experiments/price");
  const names = [0, 1].flatMap((i) => [`${old}:${i}:participants`, `${old}:${i}:conversions`]);
  const { running, pending } = right(await bingo.counters.standing(names)());
  assertEquals([running, pending._tag === "Some" ? pending.value.counts : [0, 0, 0, 0]], [[0, 0, 0, 0], [0, 0, 0, 0]]);
  // A conversion of another process was under way while it was deleted.
  right(await bingo.counters.increment({ [`${old}:0:conversions`]: 1 })());
  assert(await made() !== old);
  right(await jobs.fold());
  right(await jobs.fold());
  assertEquals(rowsOf(bingo)["total"], []);
  assertEquals(right(await bingo.counters.read(names)()), [0, 0, 0, 0]);
  assertEquals(sums((await ask("GET", "/api/experiments/price")).body), { "price": [0, 0], "price (2)": [0, 0] });
  assertEquals((await ask("GET", "/api/identities/ada")).body.experiments, []);
  await join(subject, "ada");
  assertEquals(sums((await ask("GET", "/api/experiments/price")).body)["price"], [1, 0]);
});
