import { assertEquals } from "@std/assert";
import { coarse, systemClock } from "../lib/clock.ts";
import { virtualClock } from "../lib/testing/virtual_clock.ts";
import { turn } from "./support/turn.ts";

/** Waits for an appointment on the system's clock, and says how long that took. */
function kept(milliseconds: number): Promise<number> {
  const begun = systemClock.now();
  return new Promise((resolve) => void systemClock.after(milliseconds, () => resolve(systemClock.now() - begun)));
}

Deno.test("appointments of one length are kept in the order they were made, and none more than 1 ms early", async () => {
  const order: Array<number> = [];
  const taken = await Promise.all([2, 70, 2, 5, 2].map(async (length, i) => {
    const took = await kept(length);
    if (length === 2) order.push(i);
    return took - length;
  }));
  assertEquals(order, [0, 2, 4]);
  assertEquals(taken.every((late) => late >= -1), true);
});

Deno.test("a cancelled appointment is not kept, cancelling twice does nothing, and no timer is left behind", async () => {
  const seen: Array<string> = [];
  const cancels = ["a", "b", "c"].map((name) => systemClock.after(3, () => seen.push(name)));
  cancels[1]!();
  cancels[1]!();
  await kept(4);
  assertEquals(seen, ["a", "c"]);
  cancels[0]!();
  const far = systemClock.after(100_000, () => seen.push("far"));
  far();
  systemClock.after(Infinity, () => seen.push("never"))();
  // The timer of a length is cleared a turn after its last appointment.
  await turn();
  await turn();
  assertEquals(seen, ["a", "c"]);
});

Deno.test("an appointment may make and cancel others of its own length", async () => {
  const seen: Array<string> = [];
  await new Promise<void>((resolve) => {
    systemClock.after(2, () => {
      seen.push("first");
      cancel();
      systemClock.after(2, () => (seen.push("third"), resolve()));
    });
    const cancel = systemClock.after(2, () => seen.push("second"));
  });
  assertEquals(seen, ["first", "third"]);
});

Deno.test("a coarse clock stands still for a turn, and goes on in the next one", async () => {
  const now = coarse(systemClock);
  const first = now();
  while (systemClock.now() === first);
  assertEquals(now(), first);
  await turn();
  assertEquals(now() > first, true);
  await turn();
  const virtual = virtualClock();
  assertEquals(coarse(virtual), virtual.now);
});
