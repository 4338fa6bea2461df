import { assertEquals } from "@std/assert";
import { cached, memory } from "../../../mod.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";

Deno.test("when a value was made is kept beside it, and can be asked for with it", async () => {
  const clock = virtualClock();
  const layer = memory({ capacity: 10, ttl: "1m", grace: "1h", clock });
  await using price = cached((item: string) => `${item} costs 3`, { layer, clock });
  // An age, since clocks differ from machine to machine; a time of day is made of it where it is shown.
  const createdAt = async (item: string): Promise<number> => clock.now() - (await price.entry(item)).age;

  assertEquals(await price("tea"), "tea costs 3");
  await clock.advance(45_000);
  assertEquals(await createdAt("tea"), 0);
  const { value, age, fresh, verdict } = await price.entry("tea");
  assertEquals<ReadonlyArray<unknown>>([value, age, fresh, verdict._tag], ["tea costs 3", 45_000, 15_000, "HitMemory"]);

  await clock.advance(30_000);
  const stale = await price.entry("tea");
  assertEquals<ReadonlyArray<unknown>>([stale.age, stale.fresh, stale.verdict._tag], [75_000, 0, "Stale"]);
  await clock.advance(0);
  assertEquals(await createdAt("tea"), 75_000);
});
