import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import { late, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import { tick } from "../../sequence.ts";
import type { Entry, InvalidateAllOptions, Store, Write } from "../../store.ts";
import type { Epoch, Knowledge, Reading } from "./epoch.ts";
import { forget, idBytes, isAt, learn, makeKnowledge, missed } from "./epoch.ts";

/** What the two parts of an epoch are stored under. */
export type EpochKey = "hard" | "soft";

/** All entries of a tier, which can be invalidated together by an epoch that each of them carries. */
export interface Region {
  /** The epoch's parts, coherent like any other value: each a random id and the lease that it is read for. */
  readonly epochs: Store<EpochKey, Uint8Array>;
  /** For how long a process may go by the epoch that it read; 0: each read reads it. */
  readonly lease: Duration;
  readonly clock: Clock;
  /** What this process knows of it. */
  readonly knowledge: Knowledge;
  /** The longest lease of any part that it read: for so long others may go by one that has vanished. */
  readonly seen: SeenLease;
}

/** The longest lease that was seen, in milliseconds. */
export interface SeenLease {
  longest: number;
}

/** A region whose epoch was not read yet. */
export function makeRegion(epochs: Region["epochs"], lease: Duration, clock: Clock, seen: SeenLease): Region {
  return { epochs, lease, clock, knowledge: makeKnowledge(lease > 0), seen };
}

const partBytes = idBytes + 8;

/**
 * A part of an epoch that never was before, how long readers may go by it, and how long, from its beginning, some may
 * still go by those before it.
 */
export function newPart(lease: number, before = 0): Uint8Array {
  const part = new Uint8Array(partBytes);
  crypto.getRandomValues(part.subarray(0, idBytes));
  const view = new DataView(part.buffer);
  view.setUint32(idBytes, Math.ceil(lease));
  view.setUint32(idBytes + 4, Math.ceil(before));
  return part;
}

function leaseOf(part: Uint8Array): number {
  return part.length === partBytes ? new DataView(part.buffer, part.byteOffset).getUint32(idBytes) : 0;
}

/** The lease of a part that was read. */
function see({ seen }: Region, part: Uint8Array): number {
  const lease = leaseOf(part);
  seen.longest = Math.max(seen.longest, lease);
  return lease;
}

function beforeOf(part: Uint8Array): number {
  return part.length === partBytes ? new DataView(part.buffer, part.byteOffset).getUint32(idBytes + 4) : 0;
}

/** The epoch of now; undefined where nobody can tell, so that the tier has to be passed. */
export async function epochNow(region: Region, left: number): Promise<Epoch | undefined> {
  const { clock, lease, knowledge } = region;
  const { known } = knowledge;
  if (known !== undefined && clock.now() < known.until) return known.epoch;
  if (lease === 0) return (await readEpoch(region, left))?.epoch;
  // One for all that ask meanwhile. Who joined it goes by it no longer than who began it.
  const isOwn = knowledge.reading === undefined;
  const read = knowledge.reading ?? readOnce(region);
  const found = await orLate(clock, left, read);
  if (found === late) return undefined;
  if (isOwn || found === undefined || clock.now() < found.until) return found?.epoch;
  return (await readEpoch(region, left))?.epoch;
}

function readOnce(region: Region): Promise<Reading | undefined> {
  const { knowledge } = region;
  const read = readEpoch(region, Infinity).finally(() => {
    if (knowledge.reading === read) knowledge.reading = undefined;
  });
  return knowledge.reading = read;
}

/** Reads the epoch; what was read before word came of another one is no news. */
async function readEpoch(region: Region, left: number): Promise<Reading | undefined> {
  const { clock, lease, knowledge } = region;
  const [began, sent, life] = [tick(), clock.now(), knowledge.life];
  const deadline = Math.max(0, left) as Duration;
  const parts = await region.epochs.entries(parted, left === Infinity ? {} : { deadline })();
  const [hard, soft] = parts.map((part) =>
    part._tag === "Right" && isStored(part.right.verdict._tag) ? part.right : undefined
  );
  if (hard?.value._tag !== "Some" || soft?.value._tag !== "Some") {
    missed(knowledge);
    return undefined;
  }
  const watched = hard.watched === true && soft.watched === true;
  const epoch: Epoch = { hard: hard.value.value, soft: soft.value.value, watched };
  const until = sent + Math.min(lease, see(region, epoch.hard), see(region, epoch.soft));
  if (knowledge.life === life) learn(knowledge, { epoch, until, began });
  return { epoch, until, began };
}

const parted: ReadonlyArray<EpochKey> = ["hard", "soft"];

/** Whether all processes see the same: an epoch that could not be stored is nobody else's. */
function isStored(verdict: string): boolean {
  return verdict === "HitShared" || verdict === "Filled" || verdict === "Waited";
}

/** Begins a new world, and ends when no process goes by the old one any more. */
export function renewEpoch(region: Region, { mode = "hard" }: InvalidateAllOptions): Write<void> {
  return async () => {
    const before = await partBefore(region, mode);
    if (before._tag === "Left") return E.left({ outcome: "aborted", error: before.left });
    const old = leaseBefore(region, before.right);
    const written = [O.some(newPart(region.lease, old))];
    const done = await region.epochs.mutate<void>([mode], () => nothing, { written: () => written })();
    forget(region.knowledge, mode);
    const wait = done._tag === "Left" && done.left.outcome === "aborted"
      ? 0
      : Math.max(region.lease, old) * leaseMargin;
    if (wait > 0) await new Promise<void>((resolve) => region.clock.after(wait, resolve));
    return done;
  };
}

/** The longest lease of an epoch: how long an invalidation waits that cannot know how long others go by the old one. */
export const longestEpochLease = 60_000;

/** The part of before; one that another invalidation is about to replace is waited for. */
async function partBefore(
  { epochs, clock }: Region,
  mode: EpochKey,
): Promise<E.Either<CacheError, Entry<Uint8Array>>> {
  for (let tries = 1;; tries++) {
    const found = (await epochs.entries([mode])())[0]!;
    if (found._tag === "Left" || !isBeingReplaced(found.right.verdict) || tries >= mostLooks) return found;
    await new Promise<void>((resolve) => void clock.after(betweenLooks, resolve));
  }
}

/** Whether another invalidation holds the part, or came when it was about to begin anew. */
function isBeingReplaced({ _tag, because }: Entry<unknown>["verdict"]): boolean {
  return because === "Guarded" || _tag === "Overtaken";
}

/** An invalidation locks the epoch for two round trips; one that crashed does for its lease, which is not waited for. */
const mostLooks = 50;
const betweenLooks = 20;

/** For how long others may go by the part of before, or one before that: where it is not known, neither is this. */
function leaseBefore(region: Region, { value, verdict, age }: Entry<Uint8Array>): number {
  // A backend that stores nothing has nothing that anybody could go by.
  if (verdict.because === "Pass") return 0;
  if (!isStored(verdict._tag) || O.isNone(value)) return longestEpochLease;
  return Math.max(see(region, value.value), beforeOf(value.value) - age);
}

/** What clocks of two machines may differ by within a lease. */
const leaseMargin = 1.1;

const nothing: Write<void> = () => Promise.resolve(E.right(undefined));

/** Marks an entry of a region: a header that no codec's entry has, since the low half of 0 is 0 without a body. */
const mark = 0x0e;
const headBytes = 1 + 2 * idBytes;

/** A payload with its epoch. */
export function seal(payload: Uint8Array, { hard, soft }: Epoch): Uint8Array {
  const sealed = new Uint8Array(headBytes + payload.length);
  sealed[0] = mark;
  sealed.set(hard.subarray(0, idBytes), 1);
  sealed.set(soft.subarray(0, idBytes), 1 + idBytes);
  sealed.set(payload, headBytes);
  return sealed;
}

/** What a payload holds in an epoch: `past` is gone, `stale` may be served while it is renewed. */
export function open(sealed: Uint8Array, { hard, soft }: Epoch): {
  readonly world: "present" | "stale" | "past";
  readonly payload: Uint8Array;
} {
  const payload = sealed.subarray(headBytes);
  if (sealed.length < headBytes || sealed[0] !== mark || !isAt(sealed, hard, 1)) return { world: "past", payload };
  return { world: isAt(sealed, soft, 1 + idBytes) ? "present" : "stale", payload };
}
