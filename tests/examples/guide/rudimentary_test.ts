import { assertEquals } from "@std/assert";
import { cached, memory } from "../../../mod.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";

// One resource, a time after which it is old, and a function that makes it.
Deno.test("a resource is made at its first use, by one of its users, and again by one of them once it has expired", async () => {
  const clock = virtualClock();
  const made: Array<number> = [];
  const makeResource = async (): Promise<string> => {
    made.push(clock.now());
    await new Promise<void>((resolve) => void clock.after(2_000, resolve));
    return `the resource of ${made.at(-1)}`;
  };
  const resource = cached(makeResource, { layer: memory({ capacity: 1, ttl: "1h", grace: "1h", clock }), clock });

  // Nothing is there yet: all users wait for the one that makes it.
  const first = Array.from({ length: 10 }, () => resource());
  await clock.advance(2_000);
  assertEquals([...new Set(await Promise.all(first)), made], ["the resource of 0", [0]]);

  // It is an hour old: one user makes it anew, and all have the old one meanwhile.
  await clock.advance(3_600_000);
  const second = Array.from({ length: 10 }, () => resource());
  await clock.advance(0);
  assertEquals([...new Set(await Promise.all(second)), made], ["the resource of 0", [0, 3_602_000]]);

  await clock.advance(2_000);
  assertEquals([await resource(), made.length], ["the resource of 3602000", 2]);
  await resource.close();
});
