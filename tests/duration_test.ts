import fc from "fast-check";
import { assertEquals, assertThrows } from "@std/assert";
import type { DurationLike } from "../mod.ts";
import { duration, milliseconds, showDuration } from "../mod.ts";

Deno.test("a duration is a number of milliseconds, whatever its unit", () => {
  const read = (["250ms", "1.5s", "10m", "24h", "7d", "0ms", "forever"] as const).map((like) => Number(duration(like)));
  assertEquals(read, [250, 1_500, 600_000, 86_400_000, 604_800_000, 0, Infinity]);
});

Deno.test("what is shown of a duration reads back as the same duration", () => {
  const law = fc.property(fc.nat({ max: 1e12 }), fc.constantFrom("ms", "s", "m", "h", "d"), (count, unit) => {
    const length = duration(`${count}${unit}` as DurationLike);
    assertEquals(duration(showDuration(length) as DurationLike), length);
  });
  fc.assert(law);
  assertEquals(showDuration(duration("forever")), "forever");
  assertEquals(["90s", "60s", "36h", "1ms", "0ms"].map((like) => showDuration(duration(like as DurationLike))), [
    "90s",
    "1m",
    "36h",
    "1ms",
    "0ms",
  ]);
});

Deno.test("a computed length becomes a duration, unless it is negative or no number", () => {
  assertEquals(milliseconds(1_500), duration("1.5s"));
  for (const length of [-1, NaN]) assertThrows(() => milliseconds(length), RangeError, "Cannot read a duration");
});
