import type { StatementSync } from "node:sqlite";
import * as O from "fp-ts/lib/Option.js";
import type { Batch, CountersPort, Delta, Incremented, Once, Standing } from "./counters_port.ts";
import { mostCounted } from "./counters_port.ts";
import { type Ledger, openLedger, type SqliteLedgerOptions } from "./sqlite_ledger.ts";

interface Statements {
  readonly running: StatementSync;
  readonly size: StatementSync;
  readonly put: StatementSync;
  readonly zero: StatementSync;
  readonly reset: StatementSync;
  readonly sweep: StatementSync;
  readonly set: StatementSync;
  readonly takeSet: StatementSync;
  readonly take: StatementSync;
  readonly waiting: StatementSync;
  readonly acknowledgeSet: StatementSync;
  readonly acknowledge: StatementSync;
  readonly seen: StatementSync;
  readonly remember: StatementSync;
  readonly forget: StatementSync;
}

/**
 * Counters in a SQLite file, shared by all processes of one machine that open it: a `CountersPort` of
 * `@lamina/cache/aggregate`. Each step is one transaction.
 *
 * SQLite is synchronous: a step holds up the event loop while it runs, but waits for other processes without, for up to
 * 5 s. Throws a RangeError for options out of bounds and for a file of another kind, an Error if it cannot be opened.
 *
 * @example Two processes count in one file
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counterSet } from "@lamina/cache/aggregate";
 * import { sqliteCounters } from "@lamina/cache/sqlite";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const path = await Deno.makeTempFile({ suffix: ".sqlite" });
 * await using here = sqliteCounters({ path });
 * await using there = sqliteCounters({ path });
 * await counterSet({ port: here, name: "votes" }).increment({ tea: 2 })();
 * assertEquals(await counterSet({ port: there, name: "votes" }).pop(["tea", "milk"])(), right([2, 0]));
 * ```
 */
export function sqliteCounters(options: SqliteLedgerOptions): CountersPort {
  const ledger = openLedger(options);
  const all = prepareAll(ledger);
  const { read, write, close } = ledger;
  return {
    name: "sqlite",
    increment: (set, deltas, most, once) => () => write((now) => increment(all, set, deltas, most, now, once)),
    look: (set, names) => () => read(() => look(all, set, names)),
    pop: (set, names) => () =>
      write(() => {
        const popped = names.map((name) => {
          const count = Number(all.running.get(set, name)?.["running"] ?? 0);
          if (count > 0) all.zero.run(set, name);
          return count;
        });
        all.sweep.run(set);
        return popped;
      }),
    take: (set, nonce) => () => write(() => take(all, set, nonce)),
    acknowledge: (set, id) => () =>
      write(() => {
        if (all.acknowledgeSet.run(set, id).changes === 0) return false;
        all.acknowledge.run(set);
        all.sweep.run(set);
        return true;
      }),
    reset: (set, names) => () => write(() => names.forEach((name) => all.reset.run(set, name))),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function prepareAll({ prepare }: Ledger): Statements {
  return {
    running: prepare("SELECT running, waiting FROM counter WHERE set_name = ? AND name = ?"),
    size: prepare("SELECT count(*) AS size FROM counter WHERE set_name = ? AND running > 0"),
    put: prepare(
      "INSERT INTO counter VALUES (?, ?, ?, 0) ON CONFLICT (set_name, name) DO UPDATE SET running = excluded.running",
    ),
    zero: prepare("UPDATE counter SET running = 0 WHERE set_name = ? AND name = ?"),
    reset: prepare("DELETE FROM counter WHERE set_name = ? AND name = ?"),
    sweep: prepare("DELETE FROM counter WHERE set_name = ? AND running = 0 AND waiting = 0"),
    set: prepare("SELECT batch, acknowledged FROM counter_set WHERE name = ?"),
    takeSet: prepare(`
      INSERT INTO counter_set VALUES (?1, ?2 || '-1', NULL, 1)
      ON CONFLICT (name) DO UPDATE SET batches = batches + 1, batch = ?2 || '-' || (batches + 1) RETURNING batch
    `),
    take: prepare("UPDATE counter SET waiting = running, running = 0 WHERE set_name = ?"),
    waiting: prepare("SELECT name, waiting AS count FROM counter WHERE set_name = ? AND waiting > 0"),
    acknowledgeSet: prepare("UPDATE counter_set SET acknowledged = batch, batch = NULL WHERE name = ? AND batch = ?"),
    acknowledge: prepare("UPDATE counter SET waiting = 0 WHERE set_name = ?"),
    seen: prepare("SELECT 1 FROM once WHERE set_name = ? AND id = ?"),
    remember: prepare("INSERT INTO once VALUES (?, ?, ?)"),
    forget: prepare("DELETE FROM once WHERE over <= ?"),
  };
}

function increment(
  all: Statements,
  set: string,
  deltas: ReadonlyArray<Delta>,
  most: number,
  now: number,
  once: Once | undefined,
): Incremented {
  all.forget.run(now);
  if (once !== undefined && all.seen.get(set, once.id) !== undefined) return "Repeated";
  const after = new Map<string, number>();
  let added = 0;
  for (const { name, by } of deltas.filter((delta) => delta.by > 0)) {
    const known = after.get(name) ?? Number(all.running.get(set, name)?.["running"] ?? 0);
    if (known === 0) added++;
    after.set(name, known + by);
  }
  if ([...after.values()].some((count) => count > mostCounted)) return "TooLarge";
  if (added > 0 && Number(all.size.get(set)?.["size"]) + added > most) return "Full";
  for (const [name, count] of after) all.put.run(set, name, count);
  if (once !== undefined) all.remember.run(set, once.id, now + once.milliseconds);
  return "Counted";
}

function look(all: Statements, set: string, names: ReadonlyArray<string>): Standing {
  const known = all.set.get(set);
  const rows = names.map((name) => all.running.get(set, name));
  const counts = (which: string) => rows.map((row) => Number(row?.[which] ?? 0));
  const [batch, acknowledged] = [known?.["batch"], known?.["acknowledged"]];
  return {
    running: counts("running"),
    pending: typeof batch === "string" ? O.some({ id: batch, counts: counts("waiting") }) : O.none,
    acknowledged: typeof acknowledged === "string" ? O.some(acknowledged) : O.none,
  };
}

function take(all: Statements, set: string, nonce: string): O.Option<Batch> {
  let id = all.set.get(set)?.["batch"];
  if (typeof id !== "string") {
    if (Number(all.size.get(set)?.["size"]) === 0) return O.none;
    id = all.takeSet.get(set, nonce)?.["batch"];
    all.take.run(set);
  }
  const counts = all.waiting.all(set).map(({ name, count }) => ({ name: String(name), count: Number(count) }));
  return O.some({ set, id: String(id), counts: counts.sort((left, right) => left.name < right.name ? -1 : 1) });
}
