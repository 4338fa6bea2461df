import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  begun,
  type Holds,
  type Mode,
  stepOf,
  type SwitchState,
  together,
  turned,
} from "../../../lib/layer/switch/machine.ts";
import { decodeSwitch, encodeSwitch } from "../../../lib/layer/switch/stored.ts";

const holds: Holds = { heard: 100, written: 1_000 };
const modes: ReadonlyArray<Mode> = ["on", "drain", "off"];

Deno.test("S32 a switch goes through drain, and is held there for a poll before off, and for a write as well before on", () => {
  const going = turned({ mode: "on", wish: "on" }, "off");
  assertEquals(going, { mode: "drain", wish: "off" });
  assertEquals([stepOf(going, 109, holds), stepOf(going, 111, holds)], [undefined, { mode: "off", wish: "off" }]);
  const coming = turned({ mode: "off", wish: "off" }, "on");
  assertEquals(coming, { mode: "drain", wish: "on" });
  assertEquals([stepOf(coming, 1_209, holds), stepOf(coming, 1_211, holds)], [undefined, { mode: "on", wish: "on" }]);
  for (const mode of ["on", "off"] as const) {
    const drained = turned({ mode, wish: mode }, "drain");
    assertEquals([drained, stepOf(drained, Infinity, holds)], [{ mode: "drain", wish: "drain" }, undefined]);
  }
});

/** All states that a switch can be in. */
function reachable(): ReadonlyArray<SwitchState> {
  const known = new Map<string, SwitchState>();
  const visit = (state: SwitchState): void => {
    const name = `${state.mode} ${state.wish}`;
    if (known.has(name)) return;
    known.set(name, state);
    for (const wish of modes) visit(turned(state, wish));
    const next = stepOf(state, Infinity, holds);
    if (next !== undefined) visit(next);
  };
  for (const wish of modes) visit(begun(wish));
  return [...known.values()];
}

Deno.test("S32 no way leads from on to off, or back, but through drain; and every wish is reached", () => {
  const states = reachable();
  assertEquals(states.length, 5);
  for (const state of states) {
    for (const next of [...modes.map((wish) => turned(state, wish)), stepOf(state, Infinity, holds) ?? state]) {
      assert(
        new Set([state.mode, next.mode, "drain"]).size < 3 || state.mode === next.mode,
        JSON.stringify([state, next]),
      );
    }
    for (const wish of modes) {
      const turning = turned(state, wish);
      assertEquals((stepOf(turning, Infinity, holds) ?? turning).mode, wish);
      assertEquals(stepOf(turning, 0, holds), undefined);
    }
  }
});

Deno.test("S32 of several switches one that is off is enough to be off, and all have to be on to be on", () => {
  assertEquals(together(["on", "on"]), "on");
  assertEquals(together(["on", "drain"]), "drain");
  assertEquals(together(["drain", "off"]), "off");
  assertEquals(together(["off", "on"]), "off");
});

Deno.test("a switch comes back from its bytes as it went in, and anything else is none", () => {
  const mode = fc.constantFrom(...modes);
  const bounds = fc.nat(4_000_000_000);
  fc.assert(
    fc.property(fc.record({ mode, wish: mode, poll: bounds, lease: bounds }, { noNullPrototype: true }), (state) => {
      assertEquals(decodeSwitch(encodeSwitch(state)), state);
    }),
  );
  const some = encodeSwitch({ mode: "on", wish: "off", poll: 1, lease: 2 });
  for (const bytes of [[], some.slice(1), [...some, 0], [2, ...some.slice(1)], [1, 3, ...some.slice(2)]]) {
    assertEquals(decodeSwitch(Uint8Array.from(bytes)), undefined);
  }
});
