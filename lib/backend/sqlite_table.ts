import { overAt } from "../protocol/over.ts";
import type { Slot } from "../protocol/slot.ts";
import type { Bounds, Tally } from "./sqlite_room.ts";
import { settle } from "./sqlite_room.ts";
import type { Cells } from "./sqlite_row.ts";
import { fromCells, restOf, toRow } from "./sqlite_row.ts";
import type { Statements } from "./sqlite_statements.ts";

/** The slots of a file. Whoever writes does so inside a transaction, and ends it by `settle`. */
export interface Table {
  readonly read: (name: string) => Slot<Uint8Array> | undefined;
  /** The slots of many names, by their positions. */
  readonly readMany: (names: ReadonlyArray<string>) => Map<number, Slot<Uint8Array>>;
  readonly write: (
    name: string,
    before: Slot<Uint8Array> | undefined,
    after: Slot<Uint8Array>,
    lease: number,
  ) => void;
  /** Counts what was written, makes room, and sweeps a little. */
  readonly settle: (now: number) => void;
  readonly begin: () => void;
  readonly commit: () => void;
}

/** The slots of an open file, within bounds. */
export function makeTable(statements: Statements, bounds: Bounds): Table {
  const tally: Tally = { entries: 0, bytes: 0, rows: 0, writes: 0, sweepFrom: 0, evictFrom: 0 };
  return {
    read: (name) => {
      const cells = statements.one.get(name) as unknown as Cells | undefined;
      return cells === undefined ? undefined : fromCells(cells);
    },
    readMany: (names) => {
      const rows = statements.many.all(JSON.stringify(names)) as unknown as ReadonlyArray<[...Cells, number]>;
      return new Map(rows.map((row) => [row[8], fromCells(row as unknown as Cells)]));
    },
    write: (name, before, after, lease) => {
      tally.rows += 1;
      write(statements, tally, name, before, kept(after, bounds), lease);
    },
    settle: (now) => settle(statements, tally, bounds, now),
    begin: () => {
      // What the last one counted, committed or rolled back, does not count.
      tally.entries = tally.bytes = tally.rows = 0;
      statements.begin.run();
    },
    commit: () => {
      statements.commit.run();
    },
  };
}

/** An entry larger than all that may be kept is evicted at once, rather than everything else. */
function kept(slot: Slot<Uint8Array>, bounds: Bounds): Slot<Uint8Array> | undefined {
  return slot._tag === "Absent" || bytesOf(slot) > bounds.maxBytes ? undefined : slot;
}

function bytesOf(slot: Slot<Uint8Array> | undefined): number {
  return slot !== undefined && slot._tag === "Held" ? slot.payload.length : 0;
}

function write(
  statements: Statements,
  tally: Tally,
  name: string,
  before: Slot<Uint8Array> | undefined,
  after: Slot<Uint8Array> | undefined,
  lease: number,
): void {
  tally.bytes += bytesOf(after) - bytesOf(before);
  tally.entries += Number(after !== undefined) - Number(before !== undefined);
  if (after === undefined || after._tag === "Absent") {
    if (before !== undefined) statements.remove.run(name);
    return;
  }
  const wasHeld = before !== undefined && before._tag === "Held";
  if (wasHeld && after._tag === "Held" && before.payload === after.payload) {
    statements.mark.run(overAt(after, lease), restOf(after), name);
    return;
  }
  const row = toRow(after, lease);
  // A new rowid makes a slot young again, but costs four times an update in place: what was not held is young already.
  (wasHeld ? statements.replace : statements.put).run(
    name,
    row.tag,
    row.over,
    row.pinned,
    row.born,
    row.loaded,
    row.fresh,
    row.until,
    row.expires,
    row.rest,
    row.payload,
  );
}
