import { isLocked, isRefused } from "../deno_kv.ts";
import type { At, Operation, Reply, Slot } from "../protocol/slot.ts";
import { apply } from "../protocol/slot.ts";
import { addTo, type Change, changeOf, type Found, readSlots } from "./deno_kv_change.ts";
import { mostPayload } from "./deno_kv_slot.ts";
import type { Call } from "./port.ts";
import { unreachable } from "./port.ts";

/** What is asked of one slot, in its order. */
export interface Asked {
  readonly key: Deno.KvKey;
  readonly operations: ReadonlyArray<Operation<Uint8Array>>;
}

/** The replies of one slot; undefined where somebody was in the way, and certainly nothing took effect. */
export type Answered = ReadonlyArray<Reply<Uint8Array>> | undefined;

/** What an attempt needs. */
export interface Attempt {
  readonly kv: Deno.Kv;
  /** The time of the slots. */
  readonly now: () => number;
  readonly call: Call;
  /** Whether the caller's time is over: what was not committed by then never is. */
  readonly isOver: () => boolean;
}

/** KV takes 100 checks, 1,000 mutations and 800 KiB in one commit; its own counting of sizes is left some room. */
const most = { changes: 50, mutations: 900, bytes: 780_000 };

/**
 * Reads slots, applies what is asked, and commits what changed if nobody else has changed it meanwhile: a loop of these
 * is an atomic step. Rejects where KV fails to read; a failed commit is told in its replies.
 */
export async function attempt(self: Attempt, asked: ReadonlyArray<Asked>): Promise<ReadonlyArray<Answered>> {
  const { call } = self;
  const wanted = asked.map(({ key, operations }) => ({ key, payload: operations.some(isAsking) }));
  const found = await readSlots(self.kv, wanted);
  // Read after the slots: an earlier time could lie before what others have written since.
  const at: At = { now: self.now(), lease: call.lease, level: call.level, identity: "", changed: -Infinity };
  const steps = asked.map(({ operations }, i) => found[i] && stepOf(found[i], operations, at));
  const changes = steps.flatMap((step, i) => step?.change === undefined ? [] : [{ change: step.change, index: i }]);
  const answered: Array<Answered> = steps.map((step) => step?.replies);
  for (const group of grouped(changes)) {
    const done = await commit(self, group.map(({ change }) => change), at);
    if (done !== "committed") { for (const { index } of group) answered[index] = done?.(answered[index]); }
  }
  return answered;
}

function isAsking({ _tag }: Operation<Uint8Array>): boolean {
  return _tag === "look" || _tag === "claim" || _tag === "refresh";
}

interface Stepped {
  readonly replies: ReadonlyArray<Reply<Uint8Array>>;
  readonly change: Change | undefined;
}

function stepOf(found: Found, operations: ReadonlyArray<Operation<Uint8Array>>, at: At): Stepped {
  if (found.fault !== undefined) return { replies: unreachable(operations.length, found.fault), change: undefined };
  let slot: Slot<Uint8Array> = found.slot;
  const replies = operations.map((operation) => {
    const [after, reply] = applyWithin(slot, operation, at);
    // What only time has changed need not be written.
    if (operation._tag !== "look") slot = after;
    return reply;
  });
  return { replies, change: slot === found.slot ? undefined : changeOf(found, slot) };
}

// A value that KV does not take is not stored, and nobody waits for who would load it again; an unlock clears the slot.
function applyWithin(
  slot: Slot<Uint8Array>,
  operation: Operation<Uint8Array>,
  at: At,
): readonly [Slot<Uint8Array>, Reply<Uint8Array>] {
  if (operation._tag === "unlock" && (operation.written?.payload.length ?? 0) > mostPayload) {
    return apply(slot, { ...operation, written: undefined }, at);
  }
  if (operation._tag !== "fill" || operation.stored.payload.length <= mostPayload) return apply(slot, operation, at);
  const { owner, generation, stored: { payload: { length } } } = operation;
  const [after, reply] = apply<Uint8Array>(slot, { _tag: "release", owner, generation, pass: at.lease }, at);
  const reason = `expected a value of at most ${mostPayload} bytes, all that Deno KV takes at once: received ${length}`;
  return [after, reply._tag === "Released" ? { _tag: "Unreachable", reason } : reply];
}

interface Placed {
  readonly change: Change;
  readonly index: number;
}

function grouped(changes: ReadonlyArray<Placed>): ReadonlyArray<ReadonlyArray<Placed>> {
  const groups: Array<Array<Placed>> = [];
  let [mutations, bytes] = [Infinity, Infinity];
  for (const placed of changes) {
    mutations += placed.change.mutations;
    bytes += placed.change.bytes;
    const last = groups.at(-1);
    if (last !== undefined && last.length < most.changes && mutations <= most.mutations && bytes <= most.bytes) {
      last.push(placed);
      continue;
    }
    groups.push([placed]);
    [mutations, bytes] = [placed.change.mutations, placed.change.bytes];
  }
  return groups;
}

/** What becomes of the replies of a commit that was not made: undefined where it certainly was not. */
type Failed = ((replies: Answered) => Answered) | undefined;

async function commit(
  { kv, call, isOver }: Attempt,
  changes: ReadonlyArray<Change>,
  at: At,
): Promise<"committed" | Failed> {
  if (isOver()) return undefined;
  try {
    const operation = kv.atomic();
    for (const change of changes) addTo(operation, change, call.lease, at.now);
    return (await operation.commit()).ok ? "committed" : undefined;
  } catch (cause) {
    // Of several, the one that is refused is found when each is tried alone.
    if (isLocked(cause) || changes.length > 1 && isRefused(cause)) return undefined;
    return (replies) => replies?.map(() => ({ _tag: "Unreachable", reason: messageOf(cause), cause }));
  }
}

/** What went wrong, in KV's own words, which have sizes in them and no keys. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : "Deno KV failed";
}
