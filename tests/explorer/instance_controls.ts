/** Tiers in processes, above a shared one, that are known to break: each has a habit that differs from what ships. */
import { type Protocol, shipped, type WorldOptions } from "../../lib/testing/explorer.ts";
import type { Control } from "./controls.ts";

const remote: WorldOptions = { processes: 2, readers: 1, writers: 1 };

function habit(change: Partial<Protocol["instances"]>): Partial<Protocol> {
  return { instances: { ...shipped.instances, ...change } };
}

/** All of them. */
export const instanceControls: ReadonlyArray<Control> = [
  {
    // A claim is no read that the server remembers: nobody is told of the next write.
    name: "a process keeps what no tracked read answered",
    world: { ...remote, starts: ["Claiming"], protocol: habit({ keeps: "anything" }), invariants: ["I1", "X02"] },
    breaks: "I1",
    within: 9,
  },
  {
    name: "word of a change leaves claims",
    world: { ...remote, protocol: habit({ hears: "entries only" }), invariants: ["I1", "X02"] },
    breaks: "I1",
    within: 18,
  },
  {
    name: "word of a change takes a lock away",
    world: { processes: 1, protocol: habit({ hears: "by deleting" }), writers: 1, invariants: ["I3 own"] },
    breaks: "I3 own",
    within: 20,
  },
  {
    name: "a lost connection clears nothing",
    world: { ...remote, protocol: habit({ loses: "keeping" }), faults: ["connectionLost"], invariants: ["I1", "X02"] },
    breaks: "I1",
    within: 19,
  },
  {
    name: "a process publishes what was written",
    world: { ...remote, writers: 2, protocol: habit({ unlocks: "publishing" }), invariants: ["I1"] },
    breaks: "I1",
    within: 10,
  },
];
