import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Either } from "fp-ts/lib/Either.js";
import { none, some } from "fp-ts/lib/Option.js";
import { type CountersError, counterSet, type CountersPort, memoryCounters } from "../../lib/aggregate/mod.ts";
import { left, right } from "../support/results.ts";
import { countersTest, openCounters, sharedTest, together } from "./support.ts";

const most = Number.MAX_SAFE_INTEGER;
const named = (port: CountersPort, name = "votes") => counterSet({ port, name, maxCounters: 100 });

countersTest(
  "B11 increments are atomic, pop returns and zeroes several at once, missing ones are zero",
  async (port) => {
    const votes = named(port);
    right(await votes.increment({ tea: 2, milk: 1 })());
    right(await votes.increment({ tea: 1 })());
    assertEquals(right(await votes.read(["milk", "tea", "juice"])()), [1, 3, 0]);
    assertEquals(right(await votes.pop(["tea", "juice", "milk", "tea"])()), [3, 0, 1, 0]);
    assertEquals(right(await votes.pop(["tea", "juice", "milk"])()), [0, 0, 0]);
    assertEquals(right(await named(port, "others").pop(["tea"])()), [0]);
  },
);

countersTest("B11 negative and fractional deltas are refused with all that came with them", async (port) => {
  const votes = named(port);
  for (const bad of [-1, 0.5, NaN, Infinity, most + 1]) {
    assertEquals(left(await votes.increment({ tea: 1, milk: bad })())._tag, "ValueRefused", String(bad));
  }
  right(await votes.increment({ tea: most, milk: 0 })());
  assertEquals(left(await votes.increment({ milk: 1, tea: 1 })())._tag, "ValueRefused", "past the largest count");
  assertEquals(right(await votes.pop(["tea", "milk"])()), [most, 0]);
});

countersTest("a name is refused that has none or no end, or that another would be taken for", async (port) => {
  const votes = named(port);
  for (const bad of ["", "x".repeat(201), "\ud800"]) {
    assertEquals(left(await votes.increment({ [bad]: 1 })())._tag, "KeyRefused");
    for (const step of [votes.read, votes.pop, votes.reset, votes.standing]) {
      const refused: Either<CountersError, unknown> = await step(["tea", bad])();
      assertEquals(left(refused)._tag, "KeyRefused");
    }
    assertEquals(left(await votes.increment({ tea: 1 }, { once: bad })())._tag, "KeyRefused");
  }
  assertEquals(right(await votes.read(["tea"])()), [0]);
});

countersTest("a set has so many counters and no more, until they are taken", async (port) => {
  const votes = counterSet({ port, name: "few", maxCounters: 2 });
  right(await votes.increment({ a: 1, b: 1 })());
  const full = left(await votes.increment({ a: 1, c: 1 })());
  assertEquals(full, { _tag: "Full", what: "the counter set few", limit: 2 });
  right(await votes.increment({ a: 1 })());
  assertEquals(right(await votes.pop(["a", "b", "c"])()), [2, 1, 0]);
  right(await votes.increment({ c: 1, d: 1 })());
});

countersTest("a call that is repeated counts once, while it is remembered", async (port) => {
  const votes = counterSet({ port, name: "votes", remember: "1h" });
  const answers = await Promise.all(Array.from({ length: 5 }, () => votes.increment({ tea: 1 }, { once: "7" })()));
  assertEquals(answers.map(right).toSorted(), ["Counted", "Repeated", "Repeated", "Repeated", "Repeated"]);
  assertEquals(right(await votes.increment({ tea: 1 }, { once: "8" })()), "Counted");
  assertEquals(right(await votes.pop(["tea"])()), [2]);
  const forgetful = counterSet({ port, name: "forgetful", remember: "1ms" });
  right(await forgetful.increment({ tea: 1 }, { once: "7" })());
  const end = performance.now() + 10_000;
  while (right(await forgetful.increment({ tea: 1 }, { once: "7" })()) === "Repeated") {
    assert(performance.now() < end, "expected it to be forgotten");
  }
  assertEquals(right(await forgetful.read(["tea"])()), [2]);
});

countersTest("a reset removes counters from what runs and from what waits", async (port) => {
  const votes = named(port);
  right(await votes.increment({ tea: 1, milk: 2 })());
  const taken = right(await votes.take());
  assert(taken._tag === "Some" && taken.value.fresh);
  right(await votes.increment({ tea: 3, milk: 4 })());
  right(await votes.reset(["tea", "juice"])());
  const { running, pending } = right(await votes.standing(["tea", "milk"])());
  assertEquals([running, pending], [[0, 4], some({ id: taken.value.id, counts: [0, 2] })]);
  assertEquals(right(await votes.acknowledge("another")()), false);
  assertEquals(right(await votes.acknowledge(taken.value.id)()), true);
  assertEquals(right(await votes.standing(["milk"])()), {
    running: [4],
    pending: none,
    acknowledged: some(taken.value.id),
  });
});

countersTest("B12 4,000 increments in one process racing a popper are 4,000 in the end", async (port) => {
  const votes = named(port);
  let over = false;
  const counting = Promise.all(Array.from({ length: 4_000 }, async (_, i) => {
    if (i % 40 === 0) await new Promise((resolve) => setTimeout(resolve, i / 40));
    right(await votes.increment({ [`name ${i % 3}`]: 1 })());
  })).finally(() => over = true);
  assertEquals(await popAll(port, () => over), 4_000);
  await counting;
});

sharedTest("B12 4,000 increments by four processes racing a popper are 4,000 in the end", async (place, folder) => {
  await using port = openCounters(place);
  let popped = 0;
  const flag = `${folder}/met`;
  const counted = await together(4, "increment", () => [place, 1_000, flag], async (isOver) => {
    popped = await popAll(port, isOver, () => Deno.writeTextFile(flag, ""));
  });
  assertEquals([counted, popped], [[1_000, 1_000, 1_000, 1_000], 4_000]);
});

/** Pops until it is over and once more; what is left is what the last pop finds. */
async function popAll(
  port: CountersPort,
  isOver: () => boolean,
  met: () => Promise<void> = () => Promise.resolve(),
): Promise<number> {
  const votes = named(port);
  const names = ["name 0", "name 1", "name 2"];
  let sum = 0;
  let pops = 0;
  for (let last = false; !last;) {
    last = isOver();
    const popped = right(await votes.pop(names)());
    if (popped.some((count) => count > 0) && pops++ === 0) await met();
    sum += popped.reduce((all, count) => all + count, 0);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert(pops > 1, "expected the popper to meet the increments");
  return sum + right(await votes.read(names)()).reduce((all, count) => all + count, 0);
}

Deno.test("B11 whatever is counted, popped, taken and reset, nothing is made or lost", () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          fc.record({ add: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.nat(1_000)) }),
          fc.constantFrom("pop", "take", "acknowledge"),
        ),
        { maxLength: 30 },
      ),
      async (steps) => {
        const votes = named(memoryCounters());
        const names = new Set<string>();
        let [counted, gone] = [0, 0];
        const sumOf = (counts: ReadonlyArray<number>) => counts.reduce((sum, count) => sum + count, 0);
        for (const step of steps) {
          if (step === "pop") gone += sumOf(right(await votes.pop([...names])()));
          else if (step === "take") right(await votes.take());
          else if (step === "acknowledge") {
            const { pending } = right(await votes.standing([...names])());
            if (pending._tag === "None") continue;
            gone += sumOf(pending.value.counts);
            assertEquals(right(await votes.acknowledge(pending.value.id)()), true);
          } else if ((await votes.increment(step.add)())._tag === "Right") {
            Object.keys(step.add).forEach((name) => names.add(name));
            counted += sumOf(Object.values(step.add));
          }
        }
        const { running, pending } = right(await votes.standing([...names])());
        assertEquals(gone + sumOf(running) + (pending._tag === "Some" ? sumOf(pending.value.counts) : 0), counted);
      },
    ),
  ));

Deno.test("counters refuse options that are out of range, and a port that is gone is an error", async () => {
  const port = memoryCounters();
  assertThrows(() => counterSet({ port, name: "" }), RangeError, "expected a name of 1 to 200");
  assertThrows(
    () => counterSet({ port, name: "a", maxCounters: 0 }),
    RangeError,
    "expected a positive whole maxCounters",
  );
  assertThrows(() => counterSet({ port, name: "a", within: "forever" }), RangeError, "Cannot make a counter set");
  assertThrows(() => memoryCounters({ maxSets: 1.5 }), RangeError, "expected a positive whole maxSets");
  const one = memoryCounters({ maxSets: 1 });
  right(await named(one, "a").increment({ a: 1 })());
  assertEquals(left(await named(one, "b").increment({ a: 1 })())._tag, "BackendFailed");
  await port.close();
  assertEquals(left(await named(port).increment({ a: 1 })())._tag, "BackendFailed");
  const broken = counterSet({ port: { ...port, pop: () => () => Promise.reject(new Error("no")) }, name: "a" });
  assertEquals(left(await broken.pop(["a"])())._tag, "BackendFailed");
  const silent = counterSet({ port: { ...port, pop: () => () => new Promise(() => {}) }, name: "a", within: "1ms" });
  assertEquals(left(await silent.pop(["a"])())._tag, "TimedOut");
});
