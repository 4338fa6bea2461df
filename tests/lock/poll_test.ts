import { assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { boundIn } from "../../lib/lock/bound.ts";
import { poll } from "../../lib/lock/poll.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { left, right } from "../support/results.ts";
import { virtualTime } from "./support.ts";

Deno.test("what is taken while its caller gives up is not handed out", async () => {
  const controller = new AbortController();
  const taken = await poll(boundIn(virtualClock(), 1_000, "it", controller.signal), () => {
    controller.abort();
    return Promise.resolve(E.right(O.some("taken")));
  });
  assertEquals(left(taken), { _tag: "Cancelled" });
});

Deno.test("what is taken as the time runs out is handed out", async () => {
  const clock = virtualClock();
  const polling = poll(boundIn(clock, 100, "it"), async () => {
    await new Promise<void>((resolve) => clock.after(100, resolve));
    return E.right(O.some("taken"));
  });
  assertEquals(right(await virtualTime(clock)(polling)), "taken");
});

Deno.test("attempts are made with pauses that grow to 50 ms, and end with the time", async () => {
  const clock = virtualClock();
  const at: number[] = [];
  const polling = poll(boundIn(clock, 10_000, "it"), () => Promise.resolve(E.right((at.push(clock.now()), O.none))));
  assertEquals(left(await virtualTime(clock)(polling)), { _tag: "TimedOut", waitingFor: "it" });
  const pauses = at.slice(1).map((each, i) => each - at[i]!);
  assertEquals([pauses[0]! <= 1, Math.max(...pauses) <= 50, at.length < 10_000 / 25 + 10], [true, true, true]);
  assertEquals([at.at(-1), clock.pending()], [10_000, 0]);
});

Deno.test("an attempt that fails ends them", async () => {
  const failed = { _tag: "BackendFailed", backend: "b", reason: "r" } as const;
  const polled = await poll(boundIn(virtualClock(), 1_000, "it"), () => Promise.resolve(E.left(failed)));
  assertEquals(left(polled), failed);
});
