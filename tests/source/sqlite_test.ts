import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { CacheError, Clock, Transaction } from "../../mod.ts";
import { sqliteSource } from "../../lib/source/sqlite.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { allFound, found, left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";
import type { Account } from "./sqlite_support.ts";
import { accountsIn, balancesIn, inFolder, makeAccounts, rows } from "./sqlite_support.ts";

type Accounts = Transaction<number, Account>;

const setTo = (tx: Accounts, id: number, balance: number) => tx.put(id, { id, balance });

const move = (amount: number) => (tx: Accounts): TE.TaskEither<CacheError, void> => async () => {
  const [from, to] = [await tx.get(0)(), await tx.get(1)()];
  if (from._tag === "Left") return from;
  if (to._tag === "Left") return to;
  const taken = await setTo(tx, 0, (O.toUndefined(from.right)?.balance ?? 0) - amount)();
  return taken._tag === "Left" ? taken : await setTo(tx, 1, (O.toUndefined(to.right)?.balance ?? 0) + amount)();
};

/** The errors of the cache that hold what the database said. */
function causeOf(error: unknown): unknown {
  return (error as { readonly cause?: unknown }).cause;
}

Deno.test("rows are read, saved and removed, and a transaction is there as a whole, for another connection too", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [9, 0]);
    await using accounts = accountsIn({ database: path });
    assertEquals(allFound(await accounts.getMany([1, 7, 0])()), [
      { id: 1, balance: 0 },
      undefined,
      { id: 0, balance: 9 },
    ]);
    right(await accounts.put(2, { id: 2, balance: 1 })());
    right(await accounts.remove(2)());
    right(await accounts.transact(move(5))());
    assertEquals(balancesIn(other), [4, 5]);
  });
});

Deno.test("what is not committed is read in its transaction only, on one connection and on two", async () => {
  await inFolder(async (path) => {
    using one = makeAccounts(path, [9, 0]);
    for (const database of [path, one]) {
      await using accounts = accountsIn({ database });
      let end = (): void => {};
      const done = accounts.transact((tx) => async () => {
        right(await setTo(tx, 0, 1)());
        await new Promise<void>((resolve) => end = resolve);
        return E.left({ seen: found(await tx.get(0)())?.balance });
      })();
      await turn();
      const reading = accounts.get(0)();
      await turn();
      end();
      assertEquals(left(await done), { outcome: "aborted", error: { seen: 1 } });
      assertEquals(found(await reading)?.balance, 9);
    }
    assertEquals(balancesIn(one), [9, 0]);
  });
});

Deno.test("a transaction waits for another connection's, without holding up the event loop, until its deadline", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [9, 0]);
    const clock = virtualClock();
    await using accounts = accountsIn({ database: path, clock, commit: "1s" });
    other.exec("BEGIN IMMEDIATE");
    const waiting = accounts.transact(move(5))();
    await clock.advance(900);
    other.exec("COMMIT");
    await clock.advance(60);
    right(await waiting);
    assertEquals(balancesIn(other), [4, 5]);

    other.exec("BEGIN IMMEDIATE");
    const late = [accounts.transact(move(1))(), accounts.transact(move(1))()];
    await clock.advance(1_000);
    for (const done of late) assertEquals(left(await done).outcome, "aborted");
    other.exec("COMMIT");
    await clock.advance(100);
    right(await accounts.transact(move(1))());
    assertEquals([balancesIn(other), clock.pending()], [[3, 6], 0]);
  });
});

Deno.test("a commit that meets a reader, where there is no WAL, is rolled back and the body run anew", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [9, 0], "DELETE");
    const clock = virtualClock();
    await using accounts = accountsIn({ database: path, clock });
    const reader = other.prepare("SELECT balance FROM account").iterate();
    let bodies = 0;
    const counting = (tx: Accounts) => (bodies++, reader.next(), move(5)(tx));
    const done = accounts.transact(counting)();
    await turn();
    assertEquals(bodies, 1);
    reader.return?.();
    await clock.advance(100);
    right(await done);
    assertEquals([bodies, balancesIn(other)], [2, [4, 5]]);
  });
});

Deno.test("a constraint aborts, in a statement and in the commit, and nothing of the transaction is left", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [3, 0]);
    await using accounts = accountsIn({ database: path });
    const refused = left(await accounts.transact(move(5))());
    assertEquals([refused.outcome, String(causeOf(refused.error)).includes("CHECK")], ["aborted", true]);

    other.exec("INSERT INTO owner VALUES (0)");
    const removed = left(await accounts.transact((tx) => tx.remove(0))());
    assertEquals([removed.outcome, String(causeOf(removed.error)).includes("FOREIGN KEY")], ["aborted", true]);
    assertEquals(balancesIn(other), [3, 0]);
    right(await accounts.transact(move(3))());
    assertEquals(balancesIn(other), [0, 3]);
  });
});

Deno.test("where SQLite has rolled back by itself, nothing of the body is committed afterwards", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [3, 0]);
    await using accounts = accountsIn({
      database: path,
      save: (database, changes) => {
        for (const { key } of changes) database.prepare("INSERT OR ROLLBACK INTO account VALUES (?, 1)").run(key);
      },
    });
    const done = await accounts.transact((tx) => async () => {
      const put = [await setTo(tx, 5, 1)(), await setTo(tx, 0, 1)(), await setTo(tx, 6, 1)()];
      return E.right(put.map(({ _tag }) => _tag));
    })();
    assertEquals(left(done).outcome, "aborted");
    assertEquals(balancesIn(other), [3, 0]);
  });
});

Deno.test("a body that holds up the event loop past the deadline is not committed", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [9, 0]);
    let now = 0;
    const clock: Clock = { now: () => now, after: () => () => {} };
    await using accounts = accountsIn({ database: path, clock, commit: "1s" });
    const { outcome } = left(
      await accounts.transact((tx) =>
        pipe(
          move(5)(tx),
          TE.map(() => now = 1_000),
        )
      )(),
    );
    assertEquals([outcome, balancesIn(other)], ["aborted", [9, 0]]);
  });
});

Deno.test("transactions of several connections lose no update", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [100, 0]);
    await using here = accountsIn({ database: path, commit: "5m" });
    await using there = accountsIn({ database: path, commit: "5m" });
    const all = Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? here : there).transact(move(1))());
    for (const done of await Promise.all(all)) right(done);
    assertEquals(balancesIn(other), [0, 100]);
  });
});

Deno.test("a single row is selected as one, outside of a transaction and in it, and several as several", async () => {
  await inFolder(async (path) => {
    makeAccounts(path, [9, 0]).close();
    const asked: Array<unknown> = [];
    await using accounts = accountsIn({
      database: path,
      rows: (database, ids) => (asked.push(ids), rows(database, ids)),
      loadOne: (database, id) => {
        asked.push(id);
        const row = database.prepare("SELECT balance FROM account WHERE id = ?").get(id);
        return row && { id, balance: Number(row["balance"]) };
      },
    });
    assertEquals([found(await accounts.get(0)())?.balance, found(await accounts.get(7)())], [9, undefined]);
    assertEquals(allFound(await accounts.getMany([0, 1])()).map((row) => row?.balance), [9, 0]);
    right(await accounts.transact(move(5))());
    assertEquals(asked, [0, 7, [0, 1], 0, 1]);
    assertEquals(found(await accounts.get(1)())?.balance, 5);
  });
});

Deno.test("a source without save reads in transactions, and writes nothing", async () => {
  await inFolder(async (path) => {
    using other = makeAccounts(path, [9, 0]);
    await using accounts = sqliteSource({ database: path, rows, keyOf: ({ id }) => id });
    assertEquals(O.toUndefined(right(await accounts.transact((tx) => tx.get(0))()))?.balance, 9);
    assertEquals(left(await accounts.transact(move(1))()).outcome, "aborted");
    assertEquals(left(await accounts.put(0, { id: 0, balance: 1 })()).error._tag, "Unsupported");
    assertEquals(balancesIn(other), [9, 0]);
  });
});

Deno.test("two rows of one key are a fault in a transaction too", async () => {
  using database = makeAccounts(":memory:", [9, 0]);
  await using accounts = accountsIn({ database, rows: () => [{ id: 0, balance: 1 }, { id: 0, balance: 2 }] });
  const { outcome, error } = left(await accounts.transact((tx) => tx.get(0))());
  assertEquals([outcome, String(causeOf(error))], [
    "aborted",
    "Error: The loader broke its contract: expected one row a key: received two rows of one key",
  ]);
});

Deno.test("the source closes the connections that it opened, and no others", async () => {
  await inFolder(async (path) => {
    makeAccounts(path, [9, 0]).close();
    using database = new DatabaseSync(path);
    await accountsIn({ database }).close();
    assertEquals(balancesIn(database), [9, 0]);
    const accounts = accountsIn({ database: path });
    await accounts.close();
    assertEquals(left(await accounts.get(0)()), { _tag: "Closed", what: "the source" });
    assertThrows(() => accountsIn({ database: `${path}/none` }));
  });
});

Deno.test("a database in memory works by its one connection", async () => {
  await using accounts = accountsIn({
    database: ":memory:",
    rows: (database) => {
      database.exec("CREATE TABLE IF NOT EXISTS account (id INTEGER PRIMARY KEY, balance INTEGER)");
      return [];
    },
  });
  right(await accounts.get(0)());
  right(await accounts.put(0, { id: 0, balance: 1 })());
});
