import type { Either } from "fp-ts/lib/Either.js";
import { identity } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { overAt } from "../protocol/over.ts";
import type { Slot } from "../protocol/slot.ts";

/** Where the rest of a payload stands that is too large for one value: so many pieces, under an id of their own. */
export interface Pieces {
  readonly id: string;
  readonly count: number;
}

/** What a slot's key holds: the slot, its payload replaced by nothing where that is in pieces. */
export interface Row {
  readonly slot: Exclude<Slot<Uint8Array>, { readonly _tag: "Absent" }>;
  readonly pieces: Pieces | undefined;
}

/** KV takes values of 64 KiB at most, as it encodes them; the rest of a slot needs a few hundred bytes. */
export const pieceLength = 60_000;

/** KV takes 800 KiB at most in one commit, and a payload is written in one: all of it, or nothing. */
export const mostPayload: number = 12 * pieceLength;

/**
 * How much longer than it may be asked for a slot is kept, in milliseconds: KV forgets it by its own clock, which is
 * not the one that the slot goes by.
 */
const keptLonger = 3_600_000;

/** Beyond this a time to live is none, in milliseconds: KV wants a whole number. */
const endless = 1e12;

const bytes = new t.Type<Uint8Array, Uint8Array, unknown>(
  "bytes",
  (value): value is Uint8Array => value instanceof Uint8Array,
  (value, context) => value instanceof Uint8Array ? t.success(value) : t.failure(value, context),
  identity,
);

const mark = t.type({ owner: t.string, generation: t.number, deadline: t.number });
const token = t.type({ token: t.string, generation: t.number, deadline: t.number });

const row = t.type({
  slot: t.union([
    t.type({ _tag: t.literal("Void"), born: t.number, pass: t.number, expires: t.number }),
    t.intersection([t.type({ _tag: t.literal("Claimed"), born: t.number }), mark]),
    t.type({ _tag: t.literal("Locked"), born: t.number, tokens: t.readonlyArray(token), contended: t.boolean }),
    t.type({
      _tag: t.literal("Held"),
      born: t.number,
      payload: bytes,
      loaded: t.number,
      fresh: t.number,
      until: t.number,
      expires: t.number,
      identity: t.string,
      mark: t.union([mark, t.undefined]),
    }),
  ]),
  pieces: t.union([t.type({ id: t.string, count: t.number }), t.undefined]),
});

/** Reads what a slot's key holds; a left one is none of ours. */
export function readRow(value: unknown): Either<unknown, Row> {
  return row.decode(value);
}

/** For how many milliseconds KV has to keep a slot; undefined for ever. */
export function keptFor({ slot }: Row, lease: number, now: number): number | undefined {
  const left = Math.ceil(overAt(slot, lease) - now) + keptLonger;
  return left < endless ? Math.max(1, left) : undefined;
}

/** A payload, cut. Copies: KV encodes all of the memory that a view is on. */
export function cut(payload: Uint8Array): ReadonlyArray<Uint8Array> {
  const pieces: Array<Uint8Array> = [];
  for (let from = 0; from < payload.length; from += pieceLength) {
    pieces.push(new Uint8Array(payload.subarray(from, from + pieceLength)));
  }
  return pieces;
}

/** A payload, put together again. */
export function join(pieces: ReadonlyArray<Uint8Array>): Uint8Array {
  const payload = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    payload.set(piece, at);
    at += piece.length;
  }
  return payload;
}
