/**
 * Protocols that are known to break, as a slot function, a table or a habit of their clients that differs from what
 * ships: an explorer that stops finding one of them finds nothing. Each says what it breaks, under which faults, and the
 * most steps that a shortest counterexample may take.
 */
import { apply } from "../../lib/protocol/apply.ts";
import type { At, Held, Slot, Token } from "../../lib/protocol/slot.ts";
import { absent } from "../../lib/protocol/slot.ts";
import { writing } from "../../lib/protocol/writing.ts";
import type { Invariant, SlotFunction, WorldOptions } from "../../lib/testing/explorer.ts";
import { instanceControls } from "./instance_controls.ts";
import { transactionControls } from "./transaction_controls.ts";
import { waitingControls } from "./waiting_controls.ts";

/** One way in which a control breaks. */
export interface Control {
  readonly name: string;
  readonly world: WorldOptions;
  readonly breaks: Invariant;
  readonly within: number;
}

function held(payload: number, until: number, at: At): Held<number> {
  const expires = at.now + until;
  const times = { born: at.now, loaded: at.now, fresh: expires, until: expires, expires };
  return { _tag: "Held", payload, ...times, identity: at.identity, mark: undefined };
}

/** A cache without claims and locks: a miss stores what it loads, and a write deletes. */
function deleting(when: "after" | "before and after"): SlotFunction {
  return (slot, operation, at) => {
    switch (operation._tag) {
      case "claim":
        return slot._tag === "Held"
          ? apply(slot, operation, at)
          : [slot, { _tag: "Mine", generation: at.now, found: undefined }];
      case "fill":
        return [held(operation.stored.payload, operation.stored.until, at), { _tag: "Filled", until: 1 }];
      case "lock":
        return [when === "after" ? slot : absent, { _tag: "Locked", generation: at.now }];
      case "unlock":
        return [absent, { _tag: "Cleared" }];
      default:
        return apply(slot, operation, at);
    }
  };
}

/** A lease on a miss, as memcache gives them, and a delete after the write. */
const leaseAndDelete: SlotFunction = (slot, operation, at) => {
  if (operation._tag === "lock") return [slot, { _tag: "Locked", generation: at.now }];
  if (operation._tag === "unlock") return [absent, { _tag: "Cleared" }];
  return apply(slot, operation, at);
};

/** dscache: one mark for all writers, which any of them deletes. */
const oneLockForAll: SlotFunction = (slot, operation, at) => {
  if (operation._tag === "unlock") return [absent, { _tag: "Cleared" }];
  if (operation._tag !== "lock") return apply(slot, operation, at);
  const token: Token = { token: operation.token, generation: at.now, deadline: at.now + at.lease };
  return [
    { _tag: "Locked", born: at.now, tokens: [token], contended: true },
    { _tag: "Locked", generation: at.now },
  ];
};

/** A lock that counts writers: an unlock takes one away, whosever it is. */
const counted: SlotFunction = (slot, operation, at) => {
  const [now] = apply(slot, { _tag: "look" }, at);
  if (operation._tag !== "unlock" || now._tag !== "Locked") return apply(now, operation, at);
  const { token, generation } = now.tokens[0]!;
  return apply(now, { ...operation, token, generation, written: undefined }, at);
};

/** A claim that is known by its reader's name alone, because the server chooses no generation. */
const nameOnly: SlotFunction = (slot, operation, at) => {
  const own = slot._tag === "Claimed" && "generation" in operation && "owner" in operation;
  return own ? apply(slot, { ...operation, generation: slot.generation }, at) : apply(slot, operation, at);
};

/** A fill that does not look at what is in the slot. */
const fillAlways: SlotFunction = (slot, operation, at) =>
  operation._tag === "fill"
    ? [held(operation.stored.payload, operation.stored.until, at), { _tag: "Filled", until: 1 }]
    : apply(slot, operation, at);

/** A write that publishes although it was not alone. */
const neverContended: SlotFunction = (slot, operation, at) => {
  const [after, reply] = apply(slot, operation, at);
  return [after._tag === "Locked" ? { ...after, contended: false } : after, reply];
};

/** A backend that does not ask who the server is. */
const noIdentity: SlotFunction = (slot, operation, at) =>
  apply(slot, operation, { ...at, identity: "", changed: -Infinity });

/** A backend that lets what an older server granted be stored. */
const olderGrants: SlotFunction = (slot, operation, at) => {
  const granted = "generation" in operation ? operation.generation : Infinity;
  return apply(slot, operation, { ...at, changed: Math.min(at.changed, granted) });
};

/**
 * The claim as Redis makes it natively, on a slot that is absent: it carries its reader's nonce and no generation, and
 * the fill takes the claim's age for one.
 */
export const nativeClaims: SlotFunction = (slot, operation, at) => {
  if (operation._tag === "claim") {
    const [after, reply] = apply(slot, operation, at);
    if (reply._tag !== "Mine" || after._tag !== "Claimed") return [after, reply];
    return [{ ...after, generation: 0 }, { ...reply, generation: 0 }];
  }
  const native = slot._tag === "Claimed" && slot.generation === 0;
  if (!native || !("owner" in operation && "generation" in operation) || operation.generation !== 0) {
    return apply(slot, operation, at);
  }
  const generation = slot.deadline - at.lease;
  const dated: Slot<number> = { ...slot, generation };
  const [after, reply] = apply(dated, { ...operation, generation }, at);
  return [after === dated ? slot : after, reply];
};

const unlockingUnknown = { ...writing, Writing: { ...writing.Writing, Unknown: "Clearing" } };

/** All of them. */
export const controls: ReadonlyArray<Control> = [
  { name: "cache-aside", world: { protocol: { apply: deleting("after") } }, breaks: "I1", within: 6 },
  {
    name: "delete, write, delete",
    world: { protocol: { apply: deleting("before and after") } },
    breaks: "I1",
    within: 6,
  },
  { name: "lease on miss, then delete", world: { protocol: { apply: leaseAndDelete } }, breaks: "I3", within: 8 },
  {
    name: "lease on miss, then delete",
    world: { protocol: { apply: leaseAndDelete }, faults: ["crash"] },
    breaks: "I1",
    within: 6,
  },
  { name: "dscache: unconditional unlock", world: { protocol: { apply: oneLockForAll } }, breaks: "I3", within: 11 },
  {
    name: "dscache: unconditional unlock",
    world: { protocol: { apply: oneLockForAll }, faults: ["crash"] },
    breaks: "I1",
    within: 9,
  },
  {
    name: "lock counter",
    world: { protocol: { apply: counted }, faults: ["appliedTwice"] },
    breaks: "I3",
    within: 12,
  },
  {
    name: "unlock on unknown outcome",
    world: { protocol: { writing: unlockingUnknown }, faults: ["sourceAppliedLate"] },
    breaks: "I1",
    within: 7,
  },
  {
    name: "a nonce for each client",
    world: { protocol: { apply: nameOnly, names: "each client" }, faults: ["appliedLate"] },
    breaks: "I1",
    within: 12,
  },
  { name: "fill without compare", world: { protocol: { apply: fillAlways } }, breaks: "I1", within: 6 },
  {
    name: "publishing without the contended mark",
    world: { protocol: { apply: neverContended } },
    breaks: "I1",
    within: 6,
  },
  {
    name: "identity not asked for",
    world: { protocol: { apply: noIdentity }, faults: ["failover"] },
    breaks: "I1",
    within: 8,
  },
  {
    name: "claims and locks of an older server store",
    world: { protocol: { apply: olderGrants }, faults: ["failover"] },
    breaks: "I2",
    within: 9,
  },
  {
    name: "joining any read under way",
    world: { protocol: { joining: "blindly" }, joiners: 1 },
    breaks: "I2",
    within: 7,
  },
  {
    name: "native claims, a claim applied twice",
    world: { protocol: { apply: nativeClaims }, faults: ["appliedTwice"], repeated: ["claim"] },
    breaks: "I1",
    within: 10,
  },
  ...waitingControls,
  ...transactionControls,
  ...instanceControls,
];
