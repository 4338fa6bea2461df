import { assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import { right } from "../../support/results.ts";
import { convert, join, memoryPlaces, openSubject, price, rowsOf, sums } from "./support.ts";

Deno.test("B25 a conversion that belongs to several experiments counts in each that the identity takes part in", async () => {
  await using subject = await openSubject();
  const { ask } = subject;
  await ask("POST", "/api/experiments", price);
  await ask("POST", "/api/experiments", { name: "colour", alternatives: ["red", "blue"], conversions: ["bought"] });
  await ask("POST", "/api/experiments", { name: "size", alternatives: ["S", "L"], conversions: ["bought"] });
  await join(subject, "ada");
  await join(subject, "ada", "size");
  await join(subject, "grace");
  assertEquals(await convert(subject, "ada"), ["price", "size"]);
  assertEquals(await convert(subject, "ada"), []);
  assertEquals(await convert(subject, "grace"), ["price"]);
  // Who takes part in one more converts there as well, and nowhere twice.
  await join(subject, "ada", "colour");
  assertEquals(await convert(subject, "ada"), ["colour"]);
  const of = async (name: string) => sums((await ask("GET", `/api/experiments/${name}`)).body);
  assertEquals([await of("price"), await of("colour"), await of("size")], [
    { "price": [2, 2], "price (2)": [2, 0] },
    { colour: [1, 1] },
    { size: [1, 1] },
  ]);
});

Deno.test("what is counted is shown before, while and after it is folded, and snapshots are one an hour", async () => {
  let now = Date.UTC(2024, 4, 1, 10, 12);
  await using subject = await openSubject(undefined, { now: () => now });
  const { ask, jobs, bingo } = subject;
  await ask("POST", "/api/experiments", price);
  for (let i = 0; i < 10; i++) await join(subject, `visitor ${i}`);
  const shown = async () => sums((await ask("GET", "/api/experiments/price")).body)["price"];
  assertEquals(await shown(), [10, 0]);
  right(await bingo.counters.take());
  await convert(subject, "visitor 1");
  assertEquals(await shown(), [10, 1]);
  for (const job of ["fold", "flush", "snapshot", "check"]) {
    assertEquals((await ask("POST", `/api/jobs/${job}`)).status, 200);
    assertEquals((await ask("POST", `/api/jobs/${job}`)).status, 200);
  }
  assertEquals([await shown(), rowsOf(bingo)["identity"]!.length, subject.events], [[10, 1], 10, []]);
  now += 3_600_000;
  right(await jobs.snapshot());
  const { history } = (await ask("GET", "/api/experiments/price")).body.outcomes[0];
  assertEquals(history.map(({ at }: { at: number }) => new Date(at).toISOString()), [
    "2024-05-01T10:00:00.000Z",
    "2024-05-01T11:00:00.000Z",
  ]);
  assertEquals(sums({ outcomes: [{ name: "then", counts: history[0].counts }] }), { then: [10, 1] });
});

Deno.test("counts that are gone are reported, with how many", async () => {
  await using subject = await openSubject();
  const { ask, jobs, bingo, events } = subject;
  await ask("POST", "/api/experiments", { ...price, conversions: ["bought"] });
  for (let i = 0; i < 6; i++) await join(subject, `visitor ${i}`);
  right(await jobs.fold());
  right(await jobs.check());
  for (let i = 6; i < 10; i++) await join(subject, `visitor ${i}`);
  await convert(subject, "visitor 2");
  // As a Redis does that restarts without its data.
  const [{ id } = { id: "" }] = rowsOf(bingo)["experiment"] as unknown as ReadonlyArray<{ readonly id: string }>;
  right(await bingo.counters.pop([0, 1].flatMap((i) => [`${id}:${i}:participants`, `${id}:${i}:conversions`]))());
  right(await jobs.check());
  const lost = events.flatMap((event) => event._tag === "CountsLost" ? [event.expected - event.shown] : []);
  assertEquals(lost.reduce((sum, each) => sum + each, 0), 5);
  // What is gone is said once.
  right(await jobs.check());
  assertEquals(events.length, lost.length);
});

Deno.test("what was counted, but not answered, is counted once when it is sent again", async () => {
  const places = memoryPlaces();
  let isTorn = false;
  const hold: typeof places.queue.hold = (...args) =>
    isTorn
      ? () => Promise.resolve(E.left({ _tag: "BackendFailed", backend: "memory", reason: "torn" }))
      : places.queue.hold(...args);
  await using subject = await openSubject({ ...places, queue: { ...places.queue, hold } });
  const { ask } = subject;
  await ask("POST", "/api/experiments", price);
  const shown = async () => sums((await ask("GET", "/api/experiments/price")).body)["price"];
  const steps = [
    ["/api/participations", { experiment: "price", identity: "ada" }, [1, 0]],
    ["/api/conversions", { conversion: "bought", identity: "ada" }, [1, 1]],
  ] as const;
  for (const [path, body, counts] of steps) {
    isTorn = true;
    for (let i = 0; i < 3; i++) assertEquals((await ask("POST", path, body)).status, 503);
    isTorn = false;
    assertEquals((await ask("POST", path, body)).body.counted.includes("price"), true);
    assertEquals((await ask("POST", path, body)).body.counted, []);
    assertEquals(await shown(), counts);
  }
});
