import { assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { virtualClock } from "../../lib/testing/mod.ts";

Deno.test("a virtual clock keeps appointments in the order of their times, equal ones as they were made", async () => {
  const clock = virtualClock();
  const seen: string[] = [];
  for (const [name, after] of [["c", 20], ["a", 10], ["b", 10], ["d", 30]] as const) {
    clock.after(after, () => seen.push(`${name}${clock.now()}`));
  }
  await clock.advance(20);
  assertEquals([seen, clock.now(), clock.pending()], [["a10", "b10", "c20"], 20, 1]);
});

Deno.test("a virtual clock lets what an appointment set off settle before the next", async () => {
  const clock = virtualClock();
  const seen: string[] = [];
  clock.after(10, async () => {
    await null;
    await new Promise<void>((resolve) => setImmediate(() => resolve()));
    seen.push(`after a turn, at ${clock.now()}`);
    clock.after(5, () => seen.push(`made meanwhile, at ${clock.now()}`));
  });
  clock.after(20, () => seen.push(`later, at ${clock.now()}`));
  await clock.advance(20);
  assertEquals(seen, ["after a turn, at 10", "made meanwhile, at 15", "later, at 20"]);
});

Deno.test("a cancelled appointment is not kept, and one that is never due is none", async () => {
  const clock = virtualClock();
  const seen: string[] = [];
  const cancel = clock.after(10, () => seen.push("cancelled"));
  clock.after(Infinity, () => seen.push("never"))();
  clock.after(-5, () => seen.push("overdue"));
  cancel();
  cancel();
  await clock.advance(1_000);
  assertEquals([seen, clock.pending(), clock.now()], [["overdue"], 0, 1_000]);
});
