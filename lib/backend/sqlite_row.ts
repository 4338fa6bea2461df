import { overAt } from "../protocol/over.ts";
import type { Held, Mark, Slot, Token } from "../protocol/slot.ts";

/** A slot as a table keeps it. What is small and seldom read is JSON in `rest`; what every hit reads has its column. */
interface Row {
  readonly tag: string;
  /** From when on the slot is certainly Absent, at every level, so that a sweep of the row cannot be seen. */
  readonly over: number;
  /** Until when a lock is live; null for what may be evicted. */
  readonly pinned: number | null;
  readonly born: number;
  readonly loaded: number;
  readonly fresh: number;
  readonly until: number;
  readonly expires: number;
  readonly rest: string | null;
  readonly payload: Uint8Array | null;
}

/** What is read of a row: the columns of `columns`, in their order. */
export type Cells = readonly [
  tag: string,
  born: number,
  loaded: number,
  fresh: number,
  until: number,
  expires: number,
  rest: string | null,
  payload: Uint8Array | null,
];

/** The columns that make a slot. */
export const columns = "tag, born, loaded, fresh, until, expires, rest, payload";

/** The slot of a row. Throws where the row is none of ours, which counts as a damaged file. */
export function fromCells(cells: Cells): Slot<Uint8Array> {
  // By index: taking an array apart by a pattern runs its iterator.
  const tag = cells[0], born = cells[1], rest = cells[6];
  switch (tag) {
    case "Held":
      return {
        _tag: "Held",
        born,
        payload: cells[7]!,
        loaded: cells[2],
        fresh: cells[3],
        until: cells[4],
        expires: cells[5],
        identity: "",
        mark: rest === null ? undefined : readMark(JSON.parse(rest)),
      };
    case "Claimed":
      return { _tag: "Claimed", born, ...readMark(JSON.parse(rest!)) };
    case "Locked": {
      const { contended, tokens } = JSON.parse(rest!);
      return { _tag: "Locked", born, contended, tokens: tokens.map(readToken) };
    }
    case "Void":
      return { _tag: "Void", born, pass: cells[4], expires: cells[5] };
  }
  throw new Error(`Cannot read a slot: expected a known tag: received ${JSON.stringify(tag)}`);
}

/** The row of a slot. `lease` is that of the call: what dies without being touched is remembered for two more of it. */
export function toRow(slot: Exclude<Slot<Uint8Array>, { readonly _tag: "Absent" }>, lease: number): Row {
  const { _tag: tag, born } = slot;
  const over = overAt(slot, lease);
  const empty = { tag, over, born, loaded: 0, fresh: 0, until: 0, expires: 0, pinned: null, rest: null, payload: null };
  switch (slot._tag) {
    case "Held": {
      const { payload, loaded, fresh, until, expires } = slot;
      return { tag, over, born, payload, loaded, fresh, until, expires, pinned: null, rest: restOf(slot) };
    }
    case "Claimed": {
      const { owner, generation, deadline } = slot;
      return { ...empty, rest: JSON.stringify({ owner, generation, deadline }) };
    }
    case "Locked": {
      const { tokens, contended } = slot;
      const pinned = Math.max(...tokens.map((each) => each.deadline));
      return { ...empty, pinned, rest: JSON.stringify({ contended, tokens }) };
    }
    case "Void":
      return { ...empty, until: slot.pass, expires: slot.expires };
  }
}

/** What a held slot keeps beside its columns: the refresher's mark. */
export function restOf(slot: Held<Uint8Array>): string | null {
  return slot.mark === undefined ? null : JSON.stringify(slot.mark);
}

// JSON has no Infinity and writes null instead.
function endless(deadline: number | null): number {
  return deadline ?? Infinity;
}

function readMark(mark: Mark): Mark {
  return { owner: mark.owner, generation: mark.generation, deadline: endless(mark.deadline) };
}

function readToken(token: Token): Token {
  return { token: token.token, generation: token.generation, deadline: endless(token.deadline) };
}
