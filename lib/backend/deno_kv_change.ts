import { readKeys } from "../deno_kv.ts";
import { nonces } from "../nonce.ts";
import type { Absent, Slot } from "../protocol/slot.ts";
import { absent } from "../protocol/slot.ts";
import { cut, join, keptFor, pieceLength, type Pieces, readRow, type Row } from "./deno_kv_slot.ts";

/** A slot as it was found. */
export interface Found {
  readonly key: Deno.KvKey;
  readonly version: string | null;
  readonly slot: Slot<Uint8Array>;
  readonly pieces: Pieces | undefined;
  /** Why nothing can be done with what stands there. */
  readonly fault?: string;
}

/** What makes of a slot that was found another one. */
export interface Change {
  readonly found: Found;
  readonly after: Slot<Uint8Array>;
  /** What it adds to a commit. */
  readonly mutations: number;
  readonly bytes: number;
}

/** What a key and the rest of a slot count at most, beside the payload: 256 tokens of writers under way. */
const overhead = 2_000;
const tokenBytes = 250;

/**
 * Reads slots, and the payloads of those of which they are wanted. Undefined where somebody changed it meanwhile: its
 * pieces are gone. Rejects where KV fails.
 */
export async function readSlots(
  kv: Deno.Kv,
  wanted: ReadonlyArray<{ readonly key: Deno.KvKey; readonly payload: boolean }>,
): Promise<ReadonlyArray<Found | undefined>> {
  const entries = await readKeys(kv, wanted.map(({ key }) => key));
  const found = entries.map(({ key, value, versionstamp: version }): Found => {
    if (version === null) return { key, version, slot: absent, pieces: undefined };
    const row = readRow(value);
    if (row._tag === "Left") return { key, version, slot: absent, pieces: undefined, fault: "the key holds no slot" };
    return { key, version, ...row.right };
  });
  return await Promise.all(found.map((each, i) => wanted[i]!.payload ? whole(kv, each) : each));
}

async function whole(kv: Deno.Kv, found: Found): Promise<Found | undefined> {
  const { key, pieces, slot } = found;
  if (pieces === undefined || slot._tag !== "Held") return found;
  const entries = await readKeys(kv, keysOf(key, pieces));
  const parts = entries.map(({ value }) => value);
  if (parts.every((part) => part instanceof Uint8Array)) return { ...found, slot: { ...slot, payload: join(parts) } };
  // Either somebody has changed the slot in between, or its pieces are lost, and with them the entry.
  const again = await kv.get(key);
  return again.versionstamp === found.version ? { ...found, slot: absent } : undefined;
}

function keysOf(key: Deno.KvKey, { id, count }: Pieces): ReadonlyArray<Deno.KvKey> {
  return Array.from({ length: count }, (_, i) => [...key, id, i]);
}

/** A change and what it adds to a commit. */
export function changeOf(found: Found, after: Slot<Uint8Array>): Change {
  const payload = after._tag === "Held" && !keeps(found, after) ? after.payload.length : 0;
  const tokens = after._tag === "Locked" ? after.tokens.length : 0;
  return {
    found,
    after,
    mutations: 1 + (found.pieces?.count ?? 0) + Math.ceil(payload / pieceLength),
    bytes: payload + overhead + tokens * tokenBytes,
  };
}

/** Whether an entry's payload stays in its pieces: it is the one that was found there, or was never looked at. */
function keeps({ slot, pieces }: Found, after: Slot<Uint8Array>): boolean {
  return pieces !== undefined && slot._tag === "Held" && after._tag === "Held" && after.payload === slot.payload;
}

/** Adds a change to a commit, which fails if somebody has changed the slot since it was found. */
export function addTo(commit: Deno.AtomicOperation, { found, after }: Change, lease: number, now: number): void {
  const { key, version, pieces } = found;
  commit.check({ key, versionstamp: version });
  const kept = keeps(found, after);
  if (pieces !== undefined && !kept) { for (const each of keysOf(key, pieces)) commit.delete(each); }
  if (after._tag === "Absent") return void commit.delete(key);
  const row = kept ? { slot: emptied(after), pieces } : rowOf(after);
  const expireIn = keptFor(row, lease, now);
  const options = expireIn === undefined ? {} : { expireIn };
  commit.set(key, row, options);
  if (kept || row.pieces === undefined || after._tag !== "Held") return;
  const parts = cut(after.payload);
  keysOf(key, row.pieces).forEach((each, i) => commit.set(each, parts[i], options));
}

const makeId = nonces();

function rowOf(slot: Exclude<Slot<Uint8Array>, Absent>): Row {
  if (slot._tag !== "Held") return { slot, pieces: undefined };
  const { length } = slot.payload;
  if (length <= pieceLength) return { slot: { ...slot, payload: new Uint8Array(slot.payload) }, pieces: undefined };
  return { slot: emptied(slot), pieces: { id: makeId(), count: Math.ceil(length / pieceLength) } };
}

function emptied(slot: Exclude<Slot<Uint8Array>, Absent>): Exclude<Slot<Uint8Array>, Absent> {
  return slot._tag === "Held" ? { ...slot, payload: new Uint8Array() } : slot;
}
