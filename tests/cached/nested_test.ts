import { assertEquals } from "@std/assert";
import {
  batch,
  type Cached,
  cached,
  type CachedMany,
  cachedMany,
  type CacheReadError,
  type CallKey,
  type Layer,
} from "../../mod.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { stacks, type Stand, stand } from "./stand.ts";

type Texts = ReadonlyArray<Layer<CallKey, string>>;

/** The stacks, and those with a batch on top. */
function batched(here: Stand): Readonly<Record<string, Texts>> {
  const plain = Object.entries(stacks(here));
  const over = plain.map(([way, layers]) => [`batch over ${way}`, [...layers, batch({ maxSize: 10 })]] as const);
  return Object.fromEntries([...plain, ...over]);
}

const ways = Object.keys(stacks(stand()));
const batchedWays = Object.keys(batched(stand()));

function pause(clock: VirtualClock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}

Deno.test("D27 a cached function that calls itself for other keys, 60 deep, from many callers at once, ends", async () => {
  for (const way of ways) {
    const here = stand();
    const calls: Array<number> = [];
    const depth: Cached<[number], string> = cached(
      async (n: number): Promise<string> => {
        calls.push(n);
        await pause(here.clock, 1);
        return n === 0 ? "0" : `${n}, ${await depth(n - 1)}`;
      },
      { layer: stacks(here)[way]!, clock: here.clock },
    );
    const reads = [60, 30, 60, 45, 1].map((n) => depth(n));
    // Well below a lease, after which readers go on by themselves.
    await here.clock.advance(1_000);
    assertEquals((await Promise.all(reads)).map((text) => text.split(", ").length), [61, 31, 61, 46, 2], way);
    assertEquals([calls.length, new Set(calls).size], [61, 61], way);
  }
});

Deno.test("D27 cached functions that call each other for different keys do not wait for each other", async () => {
  for (const way of ways) {
    const here = stand();
    const odd: { current?: Cached<[number], string> } = {};
    const step = (name: string, next: () => Cached<[number], string>) => async (n: number): Promise<string> => {
      await pause(here.clock, 10);
      return n === 0 ? name : await next()(n - 1);
    };
    const made = (name: string, next: () => Cached<[number], string>) =>
      cached(step(name, next), { layer: stacks(here)[way]!, clock: here.clock, keyOf: (n) => `${name} ${n}` });
    const even = made("even", () => odd.current!);
    odd.current = made("odd", () => even);
    const reads = [even(10), odd.current(9), even(9), odd.current(10)];
    await here.clock.advance(1_000);
    assertEquals(await Promise.all(reads), ["even", "even", "odd", "odd"], way);
  }
});

Deno.test("D27 batches that overlap in any order, whose functions call for batches of other functions, end", async () => {
  for (const way of batchedWays) {
    const here = stand();
    const asked: Array<string> = [];
    const level = (depth: number): CachedMany<string, string> => {
      const below = depth === 0 ? undefined : level(depth - 1);
      return cachedMany(async (keys: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
        asked.push(...keys);
        await pause(here.clock, 10);
        const inner = keys.flatMap((key) => [`${depth - 1}${key.at(-1)}`, `${depth - 1}x`]);
        return (await below?.(inner))?.filter((_, i) => i % 2 === 0) ?? keys;
      }, { layer: batched(here)[way]!, clock: here.clock });
    };
    const top = level(8);
    const orders = [["8a", "8b", "8c"], ["8c", "8b", "8a"], ["8b", "8d"], ["8d", "8a"]];
    const reads = orders.map((keys) => top(keys));
    await here.clock.advance(1_000);
    assertEquals(await Promise.all(reads), orders.map((keys) => keys.map((key) => `0${key.at(-1)}`)), way);
    assertEquals(asked.length, new Set(asked).size, way);
  }
});

Deno.test("a grouped call that asks for a key of its own group has it once its patience is over", async () => {
  for (const way of ways) {
    const here = stand();
    const halves: CachedMany<number, string> = cachedMany(
      async (keys: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
        const inner = keys.filter((key) => key > 1).map((key) => key / 2);
        if (inner.length > 0) await halves(inner);
        return keys.map(String);
      },
      { layer: stacks(here)[way]!, clock: here.clock, loadTimeout: "5m" },
    );
    const reading = halves([8, 4]);
    await here.clock.advance(300_000);
    assertEquals(await reading, ["8", "4"], way);
  }
});

Deno.test("behind a batch, where the calls of one turn end together, a call that asks for one of them ends in time", async () => {
  const here = stand();
  const count: Cached<[number], string> = cached(
    async (n: number): Promise<string> => n === 0 ? "0" : `${n}, ${await count(n - 1)}`,
    { layer: [here.near(), batch({ maxSize: 10, clock: here.clock })], clock: here.clock, loadTimeout: "20s" },
  );
  const reads = [count(3), count(2)].map((read) => read.catch((error: CacheReadError) => error.error._tag));
  await here.clock.advance(20_000);
  assertEquals(await Promise.all(reads), ["TimedOut", "TimedOut"]);
});

Deno.test("D27 a key that one batch has filled is there for the load of another batch that the first one waits for", async () => {
  for (const way of ways) {
    const here = stand();
    const texts: CachedMany<number, string> = cachedMany(
      async (keys: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
        await pause(here.clock, keys.includes(3) ? 1 : 10);
        if (keys.includes(1)) await texts([3]);
        return keys.map(String);
      },
      { layer: stacks(here)[way]!, clock: here.clock },
    );
    const ends: Array<number> = [];
    const reads = [texts([1, 2]), texts([3, 1])];
    for (const read of reads) void read.then(() => ends.push(here.clock.now()));
    await here.clock.advance(15_000);
    assertEquals(ends, [10, 10], way);
  }
});
