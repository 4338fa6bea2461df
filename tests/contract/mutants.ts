import type { Backend } from "../../lib/backend/port.ts";
import type { At, Operation, Reply, Slot } from "../../lib/protocol/slot.ts";
import { absent, apply } from "../../lib/protocol/slot.ts";
import type { Model } from "../../lib/testing/mod.ts";

type Bytes = Uint8Array;
type Result = readonly [Slot<Bytes>, Reply<Bytes>];

/** A backend that runs any step function on a Map. */
export function backendOf(step: Model, now: () => number): Backend<Bytes> {
  const slots = new Map<string, Slot<Bytes>>();
  const close = () => Promise.resolve();
  return {
    name: "mutant",
    level: () => "pinned",
    run: (requests, call) => () =>
      Promise.resolve(requests.map(({ slot, operation }) => {
        const at: At = { now: now(), lease: call.lease, level: call.level, identity: "", changed: -Infinity };
        const [after, reply] = step(slots.get(slot) ?? absent, operation, at);
        slots.set(slot, after);
        return reply;
      })),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Changes what is asked before the step is taken. */
function asking(change: (operation: Operation<Bytes>, slot: Slot<Bytes>, at: At) => Operation<Bytes>): Model {
  return (slot, operation, at) => apply(slot, change(operation, slot, at), at);
}

/** Changes what the step led to. */
function leading(change: (result: Result, slot: Slot<Bytes>, operation: Operation<Bytes>, at: At) => Result): Model {
  return (slot, operation, at) => change(apply(slot, operation, at), slot, operation, at);
}

/** Changes every slot that is left. */
function leaving(change: (after: Slot<Bytes>, before: Slot<Bytes>, at: At) => Slot<Bytes>): Model {
  return leading(([after, reply], before, _operation, at) => [change(after, before, at), reply]);
}

type Marked = Slot<Bytes> & { readonly kept?: { owner: string; generation: number; deadline: number } | undefined };

const keepsMarkUnderLock: Model = leading(([after, reply], before: Marked, operation, at) => {
  const kept = before._tag === "Held" ? before.mark : before.kept;
  if (after._tag === "Locked") return [{ ...after, kept } as Slot<Bytes>, reply];
  const frees = operation._tag === "unlock" && reply._tag === "Cleared" && kept !== undefined && kept.deadline > at.now;
  return frees ? [{ _tag: "Claimed", born: at.now, ...kept }, reply] : [after, reply];
});

const deadlineOfAll = leaving((after, before, at) => {
  if (after._tag !== "Locked" || (before._tag === "Locked" && before.tokens.length >= after.tokens.length)) {
    return after;
  }
  return { ...after, tokens: after.tokens.map((each) => ({ ...each, deadline: at.now + at.lease })) };
});

const generationKept = leading(([after, reply], before, operation) => {
  if (after._tag !== "Claimed" || before._tag === "Claimed" || operation._tag !== "claim") return [after, reply];
  return [{ ...after, generation: 7 }, { _tag: "Mine", generation: 7, found: undefined }];
});

/** What was found wrong, or could be, in backends: each is one step function that is not ours. */
export const mutants: Readonly<Record<string, Model>> = {
  "an unlock that ignores the generation": asking((operation, slot) => {
    if (operation._tag !== "unlock" || slot._tag !== "Locked") return operation;
    const own = slot.tokens.find(({ token }) => token === operation.token);
    return own === undefined ? operation : { ...operation, generation: own.generation };
  }),
  "a lock that is never contended": leaving((after) =>
    after._tag === "Locked" ? { ...after, contended: false } : after
  ),
  "a foreign unlock that leaves the lock sole": leading(([after, reply], before) =>
    reply._tag === "Foreign" && before._tag === "Locked" && after._tag === "Locked"
      ? [{ ...after, contended: before.contended }, reply]
      : [after, reply]
  ),
  "one deadline for all tokens": deadlineOfAll,
  "a fill by anybody": asking((operation, slot) =>
    operation._tag === "fill" && slot._tag === "Claimed" ? { ...operation, owner: slot.owner } : operation
  ),
  "a fill of any generation": asking((operation, slot) =>
    operation._tag === "fill" && slot._tag === "Claimed" ? { ...operation, generation: slot.generation } : operation
  ),
  "one generation for all claims": generationKept,
  "a lost unlock that leaves the slot": leading(([after, reply], before) =>
    reply._tag === "Lost" ? [before, reply] : [after, reply]
  ),
  "a mark that survives a lock": keepsMarkUnderLock,
  "a mark that ends with its value": leaving((after, before, at) =>
    after._tag === "Claimed" && before._tag === "Held" && before.until <= at.now && after.generation !== at.now
      ? absent
      : after
  ),
  "a release that forgets to pass": asking((operation) =>
    operation._tag === "release" ? { ...operation, pass: 0 } : operation
  ),
  "an entry without end": leaving((after) =>
    after._tag === "Held" ? { ...after, until: Infinity, expires: Infinity } : after
  ),
  "an entry that cannot last for ever": asking((operation) =>
    operation._tag === "fill" && operation.stored.until === Infinity
      ? { ...operation, stored: { ...operation.stored, until: 1e9 } }
      : operation
  ),
  "an age that is lost": asking((operation) =>
    operation._tag === "fill" ? { ...operation, stored: { ...operation.stored, age: 0 } } : operation
  ),
  "no probation": (slot, operation, at) => apply(slot, operation, { ...at, level: "pinned" }),
  "a strict level that is only probation": (slot, operation, at) =>
    apply(slot, operation, at.level === "strict" ? { ...at, level: "probation" } : at),
  "probation without end": leaving((after) => after._tag === "Void" && after.pass === -Infinity ? absent : after),
  "history that lasts longer for being looked at": leaving((after, before, at) =>
    after._tag === "Void" && before._tag === "Claimed" && after.expires < at.now + 2 * at.lease
      ? { ...after, expires: at.now + 2 * at.lease }
      : after
  ),
  "an empty value that is none": leading(([after, reply]) =>
    reply._tag === "Hit" && reply.found.payload.length === 0 ? [after, { _tag: "Vacant" }] : [after, reply]
  ),
  "a claim that its owner cannot ask for again": leading(([after, reply], before, operation) =>
    operation._tag === "claim" && before._tag === "Claimed" && reply._tag === "Mine" && after === before
      ? [after, { _tag: "Busy" }]
      : [after, reply]
  ),
  "a claim that lives until it is used": leaving((after) =>
    after._tag === "Claimed" ? { ...after, deadline: Infinity } : after
  ),
};
