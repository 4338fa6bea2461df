import * as E from "fp-ts/lib/Either.js";
import type { Call, Request } from "../../backend/port.ts";
import { unreachable } from "../../backend/port.ts";
import type { CacheError } from "../../cache_error.ts";
import { late, orLate } from "../../deadline.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { Entry, ReadOptions, Store } from "../../store.ts";
import { send } from "./joint.ts";
import type { Tier, TierParts } from "./tier.ts";
import { report } from "./tier.ts";

/** As much of a tier as asking its backend takes. */
export type Asker<P, N> =
  & Pick<TierParts<never, never, P, N>, "name" | "backend" | "clock" | "timeout" | "lease" | "level" | "observer">
  & Partial<Pick<Tier<never, never, P, N>, "call" | "claims" | "hit">>;

/** The bounds of a backend call, with less time if less is left. */
export function callOf<P, N>(tier: Asker<P, N>, left: number): Call {
  const { call, lease, level } = tier;
  return { ...(call ?? { lease, level }), within: Math.max(0, Math.min(tier.timeout, left)) };
}

/**
 * Asks the backend, and makes whatever a backend of somebody else's may do wrong an `Unreachable`: it throws, rejects,
 * answers something else, or does not answer in time.
 */
export async function askBackend<P, N>(
  tier: Asker<P, N>,
  requests: ReadonlyArray<Request<P, N>>,
  left: number,
): Promise<ReadonlyArray<Reply<P>>> {
  const call = callOf(tier, left);
  const asked = repliesOf(tier, requests, call);
  let replies = await orLate(tier.clock, call.within, asked);
  // A backend's own deadline, at the same moment, comes first: it may know a part of the replies.
  if (replies === late) replies = await orLate(tier.clock, 0, asked);
  if (replies === late) replies = noAnswer(requests.length, call.within);
  for (const reply of replies) if (reply._tag === "Unreachable") report(tier, "Unreachable", reply.reason);
  return replies;
}

async function repliesOf<P, N>(
  tier: Asker<P, N>,
  requests: ReadonlyArray<Request<P, N>>,
  call: Call,
): Promise<ReadonlyArray<Reply<P>>> {
  try {
    return checked(tier, requests.length, await send(tier, requests, call));
  } catch (cause) {
    return rejected(tier, requests.length, cause);
  }
}

/** What a backend answered, if it can be one reply for each request. */
export function checked<P, N>(
  { backend }: Asker<P, N>,
  count: number,
  replies: unknown,
): ReadonlyArray<Reply<P>> {
  const wanted = `expected ${count} replies of the backend ${backend.name}`;
  if (!Array.isArray(replies)) return unreachable(count, `${wanted}: received ${typeof replies}`);
  if (replies.length !== count) return unreachable(count, `${wanted}: received ${replies.length}`);
  if (replies.every((reply) => typeof reply?._tag === "string")) return replies;
  return unreachable(count, `${wanted}: received something else among them`);
}

/** The replies of a backend that threw or rejected. */
export function rejected<P, N>(
  { backend }: Asker<P, N>,
  count: number,
  cause: unknown,
): ReadonlyArray<Reply<P>> {
  return unreachable(count, `the backend ${backend.name} rejected`, cause);
}

/** The replies of a backend that did not answer in time. */
export function noAnswer<P>(count: number, within: number): ReadonlyArray<Reply<P>> {
  return unreachable(count, `no answer within ${Math.round(within)} ms`);
}

/** Reads one key from the store below, and says later, and once, what it answers, or did wrong. */
export function entryBelow<K, V>(
  below: Store<K, V>,
  key: K,
  options: ReadOptions,
  hear: (entry: E.Either<CacheError, Entry<V>>) => void,
): void {
  const { entries } = below;
  if (entries.one === undefined) return void entriesBelow(below, [key], options).then(([entry]) => hear(entry!));
  let isReturned = false;
  let isHeard = false;
  const once = (entry: E.Either<CacheError, Entry<V>>): void => {
    if (isHeard) return;
    isHeard = true;
    const checked = isEntry(entry) ? entry : E.left(faultOf<K>("something else", [key]));
    if (isReturned) hear(checked);
    else queueMicrotask(() => hear(checked));
  };
  try {
    entries.one(key, options, once);
  } catch (cause) {
    once(E.left({ _tag: "SourceFailed", cause }));
  }
  isReturned = true;
}

/** What can be told to who waits for it; a hole, or something else, fails its own key. */
function soundOf<K, V>(
  entries: ReadonlyArray<E.Either<CacheError, Entry<V>>>,
  keys: ReadonlyArray<K>,
): ReadonlyArray<E.Either<CacheError, Entry<V>>> {
  // Not every: it would pass over the holes.
  for (let i = 0; i < entries.length; i++) {
    if (!isEntry(entries[i])) {
      return Array.from(
        entries,
        (entry, at) => isEntry(entry) ? entry : E.left(faultOf("something else among them", [keys[at]!])),
      );
    }
  }
  return entries;
}

/** Whether an answer can be one of a read: what a layer of somebody else's says is not known before. */
function isEntry(entry: unknown): boolean {
  if (typeof entry !== "object" || entry === null || !("_tag" in entry)) return false;
  if (entry._tag === "Left") return "left" in entry && isObject(entry.left);
  return entry._tag === "Right" && "right" in entry && isObject(entry.right);
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

function faultOf<K>(received: string, keys: ReadonlyArray<K>): CacheError {
  const reason = `expected ${
    keys.length === 1 ? "an entry" : `${keys.length} entries`
  } of the store below: received ${received}`;
  return { _tag: "LoaderFault", reason, keys };
}

/** Reads from the store below, and makes whatever a layer of somebody else's may do wrong an error for each key. */
export async function entriesBelow<K, V>(
  below: Store<K, V>,
  keys: ReadonlyArray<K>,
  options?: ReadOptions,
): Promise<ReadonlyArray<E.Either<CacheError, Entry<V>>>> {
  let error: CacheError;
  try {
    const entries = await below.entries(keys, options)();
    if (entries.length === keys.length) return soundOf(entries, keys);
    error = faultOf(String(entries.length), keys);
  } catch (cause) {
    error = { _tag: "SourceFailed", cause };
  }
  const failed = E.left(error);
  return keys.map(() => failed);
}
