import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { CacheError, Entry } from "../../../mod.ts";
import { milliseconds } from "../../../mod.ts";
import { valueOf, verbsOf } from "../../../lib/layer/tier/make.ts";
import type { PolicyOptions } from "../../../lib/layer/tier/policy.ts";
import type { Script, Tried } from "./scripted.ts";
import { until, worldOf } from "./scripted.ts";

/** What one leaves behind, a rest after a failed load for one, meets the next one. */
const inARow = 3;

async function readBy(script: Script, tried: Tried): Promise<unknown> {
  const { tier, clock, seen, moments } = worldOf(script, tried);
  const { entries } = verbsOf(tier);
  const keys = tried === "many" ? [1, 1] : [1];
  const ended: Array<unknown> = [];
  for (let i = 0; i < inARow; i++) {
    const [read] = await until(clock, entries(keys, script.options)());
    assertEquals([tier.open, tier.underWay.size, tier.flights.size], [0, 0, 0]);
    if (read!._tag === "Left") ended.push(read);
    else {
      // Which of the things that happened came before what it was asked: numbers differ, their order must not.
      const { asOf, ...known } = read!.right;
      ended.push([known, moments.filter((moment) => moment < asOf).length]);
    }
  }
  return { seen, ended };
}

async function writeBy(script: Script, tried: Tried): Promise<unknown> {
  const { tier, clock, seen } = worldOf(script, tried);
  const keys = tried === "many" ? [1, 1] : [1];
  const written = (value: string) => keys.map(() => O.some(value));
  const write = () => () => Promise.resolve(E.right("done"));
  const done = await until(clock, verbsOf(tier).mutate(keys, write, { written })());
  assertEquals([tier.open, tier.underWay.size], [0, 0]);
  return { seen, done };
}

const policies: ReadonlyArray<PolicyOptions> = [
  {},
  { onBusy: "bypass" },
  { onBusy: { wait: "50ms" }, onStale: "wait" },
  { onFailure: "fail", backOff: "1m" },
  { refresh: { ahead: 0.9 }, loadTimeout: { soft: "20ms" } },
  { loadTimeout: { hard: "100ms" }, backOff: "1m" },
];

const scripts: fc.Arbitrary<Script> = fc.record({
  choices: fc.array(fc.nat({ max: 10_000 }), { minLength: 20, maxLength: 20 }),
  policy: fc.constantFrom(...policies),
  probe: fc.constantFrom("look" as const, "claim" as const),
  options: fc.constantFrom({}, {}, {}, { force: true }, { deadline: milliseconds(70) }),
});

const ways: ReadonlyArray<Tried> = ["one, answered at once", "one, answered later"];

Deno.test("a key that is read alone goes the same way through the table as among many, whatever is answered", async () => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const many = await readBy(script, "many");
      for (const way of ways) assertEquals(await readBy(script, way), many, way);
      for (const [, to] of JSON.stringify(many).matchAll(/"to":"(\w+)"/g)) ends.add(to!);
    }),
    { numRuns: 600 },
  );
  // A check that saw little would show little.
  for (const end of ["Hit", "Stale", "Filled", "Overtaken", "Unfilled", "Withheld", "Bypassed", "Failed", "Answered"]) {
    assert(ends.has(end), `expected some read to end ${end}`);
  }
});

Deno.test("a key that is written alone goes the same way through the table as among many, whatever is answered", async () => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const many = await writeBy(script, "many");
      for (const way of ways) assertEquals(await writeBy(script, way), many, way);
      for (const [, to] of JSON.stringify(many).matchAll(/"to":"(\w+)"/g)) ends.add(to!);
    }),
    { numRuns: 400 },
  );
  for (const end of ["Committed", "Aborted", "Unknown", "Unconfirmed"]) {
    assert(ends.has(end), `expected some write to end ${end}`);
  }
});

Deno.test("who wants nothing but the value gets that of the entry", async () => {
  await fc.assert(
    fc.asyncProperty(scripts, async (script) => {
      const [first, second] = [worldOf(script, "one, answered at once"), worldOf(script, "one, answered at once")];
      const value = await until(first.clock, valueOf(first.tier)(1));
      const { one } = verbsOf(second.tier).entries;
      const whole = await until(
        second.clock,
        new Promise<E.Either<CacheError, Entry<string>>>((resolve) => one!(1, {}, resolve)),
      );
      assertEquals(value, whole._tag === "Left" ? whole : E.right(whole.right.value));
    }),
    { numRuns: 200 },
  );
});
