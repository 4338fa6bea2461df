import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { SqliteSource } from "../../lib/source/sqlite.ts";
import { sqliteSource } from "../../lib/source/sqlite.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import type { Store } from "../../mod.ts";
import { transaction } from "../../mod.ts";
import { accountsIn, inFolder, makeAccounts } from "../source/sqlite_support.ts";
import { found, left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";
import type { Row } from "./shop.ts";
import { buy, shopOf } from "./shop.ts";

type Options = Partial<SqliteSource<number, Row>> & Pick<SqliteSource<number, Row>, "database">;

/** The purchases of a database, each of which costs something. */
function purchasesIn(options: Options): Store<number, Row> {
  return sqliteSource<number, Row>({
    rows: (database, ids) =>
      database.prepare("SELECT id, price FROM purchase WHERE id IN (SELECT value FROM json_each(?))")
        .all(JSON.stringify(ids)).map(({ id, price }) => ({ id: Number(id), balance: Number(price) })),
    keyOf: ({ id }) => id,
    save: (database, changes) => {
      for (const { key, value } of changes) {
        if (O.isNone(value)) database.prepare("DELETE FROM purchase WHERE id = ?").run(key);
        else database.prepare("INSERT OR REPLACE INTO purchase VALUES (?, ?)").run(key, value.value.balance);
      }
    },
    ...options,
  });
}

/** Makes both tables. */
function makeShop(path: string, balance: number, mode = "WAL"): DatabaseSync {
  const database = makeAccounts(path, [balance], mode);
  database.exec("CREATE TABLE purchase (id INTEGER PRIMARY KEY, price INTEGER NOT NULL CHECK (price > 0))");
  return database;
}

/** The balance of account 0, and the prices of all purchases, by another connection. */
function ledgerIn(database: DatabaseSync): ReadonlyArray<number> {
  const of = (sql: string) => database.prepare(sql).all().map(({ amount }) => Number(amount));
  return [...of("SELECT balance AS amount FROM account"), ...of("SELECT price AS amount FROM purchase ORDER BY id")];
}

Deno.test("SQLite: S24 S25 stores of one file, or one connection, are written in one transaction, locked at its commit", async () => {
  await inFolder(async (path) => {
    using other = makeShop(path, 9);
    using own = new DatabaseSync(path);
    for (const database of [path, own]) {
      await using accounts = accountsIn({ database, commit: "1m" });
      await using purchases = purchasesIn({ database, commit: "1m" });
      const steps: Array<readonly [string, ReadonlyArray<number>]> = [];
      const shop = shopOf(accounts, purchases, {
        transition: ({ machine, tier, from }) =>
          machine === "writing" && steps.push([`${tier} ${from}`, ledgerIn(other)]),
      });
      right(await shop.accounts.get(0)());
      let locked: ReadonlyArray<string> = ["never asked"];
      let during: ReadonlyArray<number> = [];
      const done = await transaction([shop.accounts, shop.purchases], (both) => async () => {
        const bought = await buy(7, 4)(both)();
        locked = shop.locked();
        during = ledgerIn(other);
        assertEquals([found(await both[0].get(0)())?.balance, found(await both[1].get(7)())?.balance], [5, 4]);
        return bought;
      })();
      right(done);
      assertEquals([locked, during, shop.locked()], [[], [9], []]);
      // What another connection saw when each step was over.
      assertEquals(steps, [
        ["account Locking", [9]],
        ["purchase Locking", [9]],
        ["account Writing", [5, 4]],
        ["purchase Writing", [5, 4]],
        ["account Unlocking", [5, 4]],
        ["purchase Unlocking", [5, 4]],
      ]);
      assertEquals(ledgerIn(other), [5, 4]);
      assertEquals([found(await shop.accounts.get(0)())?.balance, found(await shop.purchases.get(7)())?.balance], [
        5,
        4,
      ]);
      other.exec("UPDATE account SET balance = 9; DELETE FROM purchase");
    }
  });
});

Deno.test("SQLite: what one store's table, the body or the limit of keys refuses leaves nothing in either table, and no lock", async () => {
  await inFolder(async (path) => {
    using other = makeShop(path, 9);
    await using accounts = accountsIn({ database: path, commit: "1m" });
    await using purchases = purchasesIn({ database: path, commit: "1m" });
    const shop = shopOf(accounts, purchases);
    for (const amount of [0, 10]) {
      const refused = left(await transaction([shop.accounts, shop.purchases], buy(7, amount))());
      assertEquals([refused.outcome, refused.error._tag], ["aborted", "SourceFailed"]);
      assertEquals([ledgerIn(other), shop.locked()], [[9], []]);
    }
    const own = left(
      await transaction([shop.accounts, shop.purchases], (both) => async () => {
        right(await buy(7, 4)(both)());
        return E.left("changed my mind" as const);
      })(),
    );
    assertEquals([own, ledgerIn(other)], [{ outcome: "aborted", error: "changed my mind" }, [9]]);
    await using few = purchasesIn({ database: path, commit: "1m", maxKeys: 1 });
    const tooMany = left(await transaction([shop.accounts, few], buy(7, 4))());
    assertEquals(tooMany, { outcome: "aborted", error: { _tag: "TooManyKeys", limit: 1 } });
    assertEquals([ledgerIn(other), shop.locked()], [[9], []]);
    right(await transaction([shop.accounts, shop.purchases], buy(7, 4))());
    assertEquals(ledgerIn(other), [5, 4]);
  });
});

Deno.test("SQLite: stores of two files, of two connections, and of two databases in memory are refused", async () => {
  await inFolder(async (path) => {
    makeShop(path, 9).close();
    makeShop(`${path}.other`, 9).close();
    using one = new DatabaseSync(path);
    using two = new DatabaseSync(path);
    const pairs = [[path, `${path}.other`], [one, two], [path, one], [":memory:", ":memory:"]] as const;
    for (const [left_, right_] of pairs) {
      await using accounts = accountsIn({ database: left_ });
      await using purchases = purchasesIn({ database: right_ });
      const { outcome, error } = left(await transaction([accounts, purchases], () => TE.right(1))());
      assertEquals([outcome, error._tag], ["aborted", "Unsupported"]);
    }
    // The same file by another name is the same file.
    await Deno.symlink(path, `${path}.link`);
    await using accounts = accountsIn({ database: path, commit: "1m" });
    await using purchases = purchasesIn({ database: `${path}.link`, commit: "1m" });
    right(await transaction([accounts, purchases], buy(7, 4))());
    assertEquals(ledgerIn(one), [5, 4]);
  });
});

Deno.test("SQLite: S27 a commit that meets a reader, where there is no WAL, is rolled back in both stores and run anew", async () => {
  await inFolder(async (path) => {
    using other = makeShop(path, 9, "DELETE");
    const clock = virtualClock();
    await using accounts = accountsIn({ database: path, clock });
    await using purchases = purchasesIn({ database: path, clock });
    const reader = other.prepare("SELECT balance FROM account").iterate();
    let bodies = 0;
    const done = transaction([accounts, purchases], (both) => {
      bodies++;
      reader.next();
      return buy(bodies, 4)(both);
    })();
    await turn();
    assertEquals(bodies, 1);
    reader.return?.();
    await clock.advance(100);
    right(await done);
    assertEquals([bodies, ledgerIn(other)], [2, [5, 4]]);
    assertEquals(other.prepare("SELECT id FROM purchase").all().map(({ id }) => id), [2]);
  });
});

Deno.test("SQLite: a body that never ends is rolled back at the deadline, leaves no lock, and frees the file", async () => {
  await inFolder(async (path) => {
    using other = makeShop(path, 9);
    const clock = virtualClock();
    await using accounts = accountsIn({ database: path, clock, commit: "1s" });
    await using purchases = purchasesIn({ database: path, clock, commit: "2s" });
    const shop = shopOf(accounts, purchases);
    let go = (): void => {};
    const afterwards: Array<unknown> = [];
    const done = transaction([shop.accounts, shop.purchases], (both) => async () => {
      right(await buy(7, 4)(both)());
      await new Promise<void>((resolve) => go = resolve);
      afterwards.push((await both[1].put(8, { id: 8, balance: 1 })())._tag);
      return E.right(undefined);
    })();
    await turn();
    await clock.advance(1_000);
    assertEquals(left(await done), {
      outcome: "aborted",
      error: { _tag: "TimedOut", waitingFor: "the transaction's body" },
    });
    go();
    await turn();
    assertEquals([afterwards, ledgerIn(other), shop.locked()], [["Left"], [9], []]);
    const next = transaction([shop.accounts, shop.purchases], buy(7, 4))();
    right(await next);
    assertEquals(ledgerIn(other), [5, 4]);
  });
});

Deno.test("SQLite: transactions of several stores that overlap lose nothing, and tiers answer as the tables do", async () => {
  await inFolder(async (path) => {
    using other = makeShop(path, 100);
    const shops = Array.from({ length: 2 }, () => {
      const accounts = accountsIn({ database: path, commit: "1m" });
      const purchases = purchasesIn({ database: path, commit: "1m" });
      return { ...shopOf(accounts, purchases), sources: [accounts, purchases] };
    });
    const all = Array.from({ length: 40 }, (_, i) => {
      const { accounts, purchases } = shops[i % 2]!;
      return transaction([accounts, purchases], buy(i, 1 + i % 3))();
    });
    for (const done of await Promise.all(all)) right(done);
    const [balance = 0, ...prices] = ledgerIn(other);
    assertEquals([prices.length, balance + prices.reduce((sum, price) => sum + price, 0)], [40, 100]);
    for (const { purchases, sources, locked } of shops) {
      const read = await Promise.all(prices.map((_, id) => purchases.get(id)()));
      assertEquals(read.map((each) => found(each)?.balance), prices);
      assertEquals(locked(), []);
      for (const source of sources) await source.close();
    }
  });
});
