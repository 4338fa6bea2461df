/** Ways to wait and to renew that are known to break. */
import { apply } from "../../lib/protocol/apply.ts";
import { reading } from "../../lib/protocol/reading.ts";
import type { SlotFunction } from "../../lib/testing/explorer.ts";
import type { Control } from "./controls.ts";

/** A renewal whose fill does not ask whether its mark is still there. */
const fillUnmarked: SlotFunction = (slot, operation, at) => {
  if (operation._tag !== "fill" || slot._tag !== "Held") return apply(slot, operation, at);
  const { owner, generation } = operation;
  return apply({ ...slot, mark: { owner, generation, deadline: at.now + at.lease } }, operation, at);
};

/** A refresh that gives its mark to everybody who asks, so that all of them load. */
export const markForAll: SlotFunction = (slot, operation, at) =>
  operation._tag === "refresh" && slot._tag === "Held"
    ? apply({ ...slot, mark: undefined }, operation, at)
    : apply(slot, operation, at);

const servingLocked = { ...reading, Refreshing: { ...reading.Refreshing, Guarded: "Stale" } };

const servingUnmarked = { ...reading, Retreating: { ...reading.Retreating, Refused: "Stale" } };

/** All of them. */
export const waitingControls: ReadonlyArray<Control> = [
  {
    name: "sharing whatever was waited for",
    world: { protocol: { joining: "blindly" }, patience: 1, starts: ["Claiming", "Waiting"] },
    breaks: "I2",
    within: 7,
  },
  {
    name: "renewal without compare",
    world: { protocol: { apply: fillUnmarked }, entries: "expired" },
    breaks: "I1",
    within: 6,
  },
  {
    name: "an expired entry served, though a writer has the slot",
    world: { protocol: { reading: servingLocked }, entries: "expired" },
    breaks: "D05",
    within: 9,
  },
  {
    name: "an expired entry served, though its mark was lost",
    world: {
      protocol: { reading: servingUnmarked },
      entries: "expired",
      renewal: "awaited",
      faults: ["sourceAborted"],
    },
    breaks: "D05",
    within: 10,
  },
];
