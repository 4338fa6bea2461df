/** Ways to begin a transaction anew that are known to break. */
import type { WorldOptions } from "../../lib/testing/explorer.ts";
import type { Control } from "./controls.ts";

const once: WorldOptions = { writers: 1, transactions: [[[0], [0]]] };
const fewer: WorldOptions = { keys: 2, writers: 1, transactions: [[[0, 1], [1]]] };

/** All of them. */
export const transactionControls: ReadonlyArray<Control> = [
  {
    // The second effect of the first attempt's unlock takes the lock of the second.
    name: "a transaction begun anew by the same tokens",
    world: { ...once, protocol: { retrying: "by the same tokens" }, faults: ["appliedTwice"] },
    breaks: "I3",
    within: 13,
  },
  {
    // The lock is still there, so its deadline is the first attempt's.
    name: "a transaction begun anew by the same tokens",
    world: { ...once, protocol: { retrying: "by the same tokens" }, faults: ["failedNotApplied", "failedNotApplied"] },
    breaks: "I3",
    within: 13,
  },
  {
    name: "a transaction begun anew without unlocking",
    world: { ...fewer, protocol: { retrying: "without unlocking" } },
    breaks: "S27",
    within: 6,
  },
  {
    name: "a transaction begun anew, whatever became of it",
    world: { ...fewer, protocol: { retrying: "whatever became of it" }, faults: ["sourceUnknownApplied"] },
    breaks: "I4",
    within: 5,
  },
  {
    name: "a transaction begun anew, whatever became of it",
    world: { ...fewer, protocol: { retrying: "whatever became of it" }, faults: ["sourceAppliedLate"] },
    breaks: "I4",
    within: 5,
  },
];
