import { assertEquals } from "@std/assert";
import { callOff, coarse, onceAt, systemClock, turnOf } from "../lib/clock.ts";
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

Deno.test("a coarse clock stands still for a turn unless the clock is read, and goes on in the next one", async () => {
  const now = coarse(systemClock);
  const first = now();
  while (performance.now() === first);
  assertEquals(now(), first);
  const read = systemClock.now();
  assertEquals([read > first, now()], [true, read]);
  await turn();
  assertEquals(now() > first, true);
  await turn();
  const virtual = virtualClock();
  assertEquals(coarse(virtual), virtual.now);
});

Deno.test("what is called off within its turn sets no timer, and what is not comes at its moment, neither before nor never", async () => {
  const seen: Array<string> = [];
  const begun = systemClock.now();
  for (let i = 0; i < 1_000; i++) callOff(onceAt(systemClock, begun + 60_000, () => seen.push("called off")));
  onceAt(systemClock, Infinity, () => seen.push("never"));
  await new Promise<void>((resolve) => {
    onceAt(systemClock, begun + 30, () => (seen.push("third"), resolve()));
    onceAt(systemClock, begun + 10, () => seen.push("second"));
    onceAt(systemClock, begun - 10, () => seen.push("first"));
    const late = onceAt(systemClock, begun + 20, () => seen.push("called off in time"));
    onceAt(systemClock, begun + 5, () => callOff(late));
  });
  // A timer may fire up to a millisecond early.
  assertEquals([seen, systemClock.now() - begun >= 29], [["first", "second", "third"], true]);
  const virtual = virtualClock();
  callOff(onceAt(virtual, virtual.now() + 10, () => seen.push("called off")));
  onceAt(virtual, virtual.now() + 10, () => seen.push("virtual"));
  await virtual.advance(10);
  assertEquals([seen.at(-1), virtual.pending()], ["virtual", 0]);
});

Deno.test("a number of the turn stays within it, and is another one in the next", async () => {
  const number = turnOf(systemClock);
  const first = number();
  assertEquals(number(), first);
  await turn();
  assertEquals(number() === first, false);
  await turn();
  const virtual = virtualClock();
  assertEquals(turnOf(virtual), virtual.now);
});
