import { assertEquals, assertThrows } from "@std/assert";
import { exponential, seeded, shuffled } from "../../lib/task/demo/random.ts";
import { zipf } from "../../lib/task/demo/zipf.ts";

const take = <A>(count: number, next: () => A) => Array.from({ length: count }, next);

Deno.test("the same seeds give the same numbers, other seeds others", () => {
  const first = take(100, seeded(1, 2, 3));
  assertEquals(take(100, seeded(1, 2, 3)), first);
  const streams = [
    first,
    ...[[1, 2], [1, 2, 4], [1, 3, 2], [2, 1, 3], [0, 0, 0], [1, 2, -1]].map((seeds) => take(100, seeded(...seeds))),
  ];
  assertEquals(new Set(streams.flat()).size, 700);
  assertEquals(streams.flat().every((number) => number >= 0 && number < 1), true);
});

Deno.test("delays are never negative, have their mean, and none is endless", () => {
  const delays = take(20_000, () => exponential(10, random));
  const mean = delays.reduce((sum, delay) => sum + delay) / delays.length;
  assertEquals(Math.abs(mean - 10) < 0.3, true, `${mean}`);
  assertEquals([Math.min(...delays) >= 0, Math.max(...delays) <= 80], [true, true]);
  assertEquals(exponential(10, () => 1 - 2 ** -53), 80);
});
const random = seeded(5);

Deno.test("a shuffle has every number once, in an order by its seed", () => {
  const order = shuffled(1_000, seeded(1));
  assertEquals([...order].sort((left, right) => left - right), Array.from({ length: 1_000 }, (_, i) => i));
  assertEquals(order, shuffled(1_000, seeded(1)));
  assertEquals(order.every((number, i) => number === shuffled(1_000, seeded(2))[i]), false);
});

Deno.test("ranks are picked in proportion to their weights", () => {
  const pick = zipf(4, 1);
  const counts = [0, 0, 0, 0];
  const random = seeded(3);
  for (let i = 0; i < 50_000; i++) counts[pick(random)]! += 1;
  const expected = [12, 6, 4, 3].map((share) => 50_000 * share / 25);
  for (const [rank, count] of counts.entries()) {
    assertEquals(Math.abs(count - expected[rank]!) < 500, true, `rank ${rank}: ${count} of ${expected[rank]}`);
  }
});

Deno.test("the ends of the range are ranks, and an exponent of 0 makes all ranks equal", () => {
  const pick = zipf(171_075, 1.3);
  assertEquals(pick(() => 0), 0);
  assertEquals(pick(() => 1 - 2 ** -53), 171_074);
  assertEquals([0, 0.24, 0.26, 0.51, 0.76].map((number) => zipf(4, 0)(() => number)), [0, 0, 1, 2, 3]);
  assertEquals(zipf(1, 1)(() => 0.9), 0);
});

Deno.test("a distribution over nothing is refused", () => {
  assertThrows(() => zipf(0, 1), RangeError, "expected a positive whole count: received 0");
});
