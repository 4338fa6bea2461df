import type { Statements } from "./sqlite_statements.ts";

/** What bounds a table. */
export interface Bounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** What one transaction changed, and where the walks over the table are. */
export interface Tally {
  entries: number;
  bytes: number;
  rows: number;
  writes: number;
  sweepFrom: number;
  evictFrom: number;
}

interface Size {
  readonly entries: number;
  readonly bytes: number;
}

/** How many rows a sweep or an eviction looks at: about 50 µs, as long as the transaction that it is part of. */
const rowsPerStep = 64;

/** Eviction goes on to this share of a bound, so that a full table does not walk at every write. */
const evictTo = 15 / 16;

/** One write transaction in so many sweeps, so that each pays for four rows and adds one: the dead stay a minority. */
const writesPerSweep = 16;

/** Ends a transaction: counts what it wrote, makes room if there is too much, and sweeps a little. */
export function settle(statements: Statements, tally: Tally, bounds: Bounds, now: number): void {
  const changed = tally.entries !== 0 || tally.bytes !== 0;
  const size = (changed ? statements.count.get(tally.entries, tally.bytes) : statements.size.get()) as unknown as Size;
  const gone = { entries: 0, bytes: 0 };
  const exceeds = (share: number) =>
    size.entries - gone.entries > share * bounds.maxEntries || size.bytes - gone.bytes > share * bounds.maxBytes;
  if (exceeds(1)) {
    // Twice what was added, so that a table that is over its bounds shrinks.
    const step = Math.max(rowsPerStep, 2 * tally.rows);
    tally.evictFrom = walk(statements, tally.evictFrom, step, gone, (row) => {
      return !exceeds(evictTo) ? "stop" : row.pinned !== null && row.pinned > now ? "keep" : "remove";
    });
  }
  tally.writes += 1;
  if (tally.writes % writesPerSweep === 0) {
    tally.sweepFrom = walk(
      statements,
      tally.sweepFrom,
      rowsPerStep,
      gone,
      (row) => row.over <= now ? "remove" : "keep",
    );
  }
  if (gone.entries > 0) statements.count.get(-gone.entries, -gone.bytes);
}

interface Walked {
  readonly rowid: number;
  readonly over: number;
  readonly pinned: number | null;
  readonly bytes: number;
}

/** Goes over some rows, oldest first; returns after which one to go on the next time: 0 from the start again. */
function walk(
  statements: Statements,
  from: number,
  step: number,
  gone: { entries: number; bytes: number },
  decide: (row: Walked) => "remove" | "keep" | "stop",
): number {
  const rows = statements.walk.all(from, step) as unknown as ReadonlyArray<Walked>;
  let last = from;
  for (const row of rows) {
    const decision = decide(row);
    if (decision === "stop") return last;
    last = row.rowid;
    if (decision === "keep") continue;
    statements.removeRow.run(row.rowid);
    gone.entries += 1;
    gone.bytes += row.bytes;
  }
  return rows.length < step ? 0 : last;
}
