import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import pg from "pg";
import type { PostgresSource } from "../../lib/source/postgres/mod.ts";
import { postgresSource } from "../../lib/source/postgres/mod.ts";
import type { Store } from "../../mod.ts";
import { transaction } from "../../mod.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import { postgresTest } from "../servers/postgres.ts";
import type { Admin } from "../source/postgres/support.ts";
import { accountsIn, itsConnections, makeAccounts, reconnect } from "../source/postgres/support.ts";
import { withoutRejections } from "../support/rejections.ts";
import { found, left, right } from "../support/results.ts";
import type { Row } from "./shop.ts";
import { buy, shopOf } from "./shop.ts";

type Options = Partial<PostgresSource<number, Row>> & Pick<PostgresSource<number, Row>, "database">;

/** The purchases of a database, each of which costs something. */
function purchasesIn(options: Options): Store<number, Row> {
  return postgresSource<number, Row>({
    rows: (session, ids) => session.query<Row>("SELECT id, price AS balance FROM purchase WHERE id = ANY($1)", [ids]),
    keyOf: ({ id }) => id,
    save: async (session, changes) => {
      for (const { key, value } of changes) {
        if (O.isNone(value)) await session.query("DELETE FROM purchase WHERE id = $1", [key]);
        else await session.query("INSERT INTO purchase VALUES ($1, $2)", [key, value.value.balance]);
      }
    },
    ...options,
  });
}

/** Makes both tables. */
async function makeShop(server: PostgresServer, balance: number): Promise<Admin> {
  const admin = await makeAccounts(server, [balance]);
  await admin.ask("CREATE TABLE purchase (id integer PRIMARY KEY, price integer NOT NULL CHECK (price > 0))");
  return admin;
}

/** The balance of account 0, and the prices of all purchases. */
async function ledgerIn(admin: Admin): Promise<ReadonlyArray<unknown>> {
  const prices = await admin.ask("SELECT price FROM purchase ORDER BY id");
  return [...await admin.balances(), ...prices.map(({ price }) => price)];
}

postgresTest(
  "PostgreSQL: S24 stores of one server are read and written in one transaction of one connection",
  async (server) => {
    await using admin = await makeShop(server, 9);
    await using accounts = accountsIn({ database: server.url(), commit: "1m" });
    await using purchases = purchasesIn({ database: server.url(), commit: "1m" });
    const shop = shopOf(accounts, purchases);
    right(await shop.accounts.get(0)());
    const done = await transaction([shop.accounts, shop.purchases], (both) => async () => {
      right(await buy(7, 4)(both)());
      assertEquals([shop.locked(), await ledgerIn(admin)], [[], [9]]);
      const [busy] = await admin.ask(
        `SELECT count(*)::integer AS open ${itsConnections} AND state = 'idle in transaction'`,
      );
      assertEquals(busy, { open: 1 });
      return E.right([found(await both[0].get(0)())?.balance, found(await both[1].get(7)())?.balance]);
    })();
    assertEquals([right(done), await ledgerIn(admin), shop.locked()], [[5, 4], [5, 4], []]);
    assertEquals([found(await shop.accounts.get(0)())?.balance, found(await shop.purchases.get(7)())?.balance], [5, 4]);

    // What one table refuses is in neither; the connection is used again.
    for (const [id, amount] of [[8, 0], [8, 10], [7, 1]] as const) {
      const refused = left(await transaction([shop.accounts, shop.purchases], buy(id, amount))());
      assertEquals([refused.outcome, refused.error._tag], ["aborted", "SourceFailed"]);
      assertEquals([await ledgerIn(admin), shop.locked()], [[5, 4], []]);
    }
  },
);

postgresTest(
  "PostgreSQL: S29 a write in the body that goes around the transaction locks its key, and stays when that is rolled back",
  async (server) => {
    await using admin = await makeShop(server, 9);
    await using accounts = accountsIn({ database: server.url(), commit: "1m" });
    await using purchases = purchasesIn({ database: server.url(), commit: "1m" });
    const shop = shopOf(accounts, purchases);
    let locked: ReadonlyArray<string> = [];
    const done = await transaction([shop.accounts, shop.purchases], (both) => async () => {
      const save = purchases.save;
      right(
        await shop.purchases.mutate([8], (within) => async () => {
          locked = shop.locked();
          if (O.isNone(save)) throw new Error("expected purchases that can be saved");
          return await save.value([{ key: 8, value: O.some({ id: 8, balance: 2 }) }], within)();
        })(),
      );
      right(await buy(7, 4)(both)());
      return E.left("changed my mind" as const);
    })();
    assertEquals([left(done).error, locked, shop.locked()], ["changed my mind", ["purchase 8"], []]);
    assertEquals([await ledgerIn(admin), found(await shop.purchases.get(8)())?.balance], [[9, 2], 2]);
  },
);

postgresTest(
  "PostgreSQL: stores of one pool join, and those of two, or of two isolations, are refused",
  async (server) => {
    await using admin = await makeShop(server, 9);
    const pools = [1, 2].map(() => new pg.Pool({ connectionString: server.url() }));
    await using accounts = accountsIn({ database: pools[0], commit: "1m" });
    await using joined = purchasesIn({ database: pools[0], commit: "1m" });
    await using apart = purchasesIn({ database: pools[1] });
    await using weaker = purchasesIn({ database: pools[0], isolation: "read committed" });
    for (const purchases of [apart, weaker]) {
      const { outcome, error } = left(await transaction([accounts, purchases], () => TE.right(1))());
      assertEquals([outcome, error._tag], ["aborted", "Unsupported"]);
    }
    right(await transaction([accounts, joined], buy(7, 4))());
    assertEquals(await ledgerIn(admin), [5, 4]);
    await Promise.all(pools.map((pool) => pool.end()));
  },
);

postgresTest(
  "PostgreSQL: S27 transactions of several stores that meet run anew and lose nothing, and tiers answer as the tables do",
  async (server) => {
    await using admin = await makeShop(server, 100);
    const patient = { database: server.url(), attempts: 10_000, commit: "1m" } as const;
    await using accounts = accountsIn(patient);
    await using purchases = purchasesIn(patient);
    const shop = shopOf(accounts, purchases);
    let bodies = 0;
    const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const all = Array.from({ length: 20 }, (_, i) => {
      let isFirst = true;
      return transaction([shop.accounts, shop.purchases], (both) => async () => {
        bodies++;
        const own = isFirst ? met[i] : undefined;
        isFirst = false;
        // The first two have both read before either of them writes.
        if (own !== undefined) {
          right(await both[0].get(0)());
          own.resolve();
          await Promise.all(met.map(({ promise }) => promise));
        }
        return await buy(i, 1 + i % 3)(both)();
      })();
    });
    for (const done of await Promise.all(all)) right(done);
    const [balance, ...prices] = (await ledgerIn(admin)).map(Number);
    assertEquals([prices.length, balance! + prices.reduce((sum, price) => sum + price, 0)], [20, 100]);
    assertEquals(bodies > 20, true, `${bodies} bodies`);
    const read = await Promise.all(prices.map((_, id) => shop.purchases.get(id)()));
    assertEquals(read.map((each) => found(each)?.balance), prices);
    assertEquals([found(await shop.accounts.get(0)())?.balance, shop.locked()], [balance, []]);
  },
);

postgresTest(
  "PostgreSQL: S28 the server's process killed in the commit leaves it unknown, with the locks of both stores",
  async (server) => {
    await withoutRejections(async () => {
      await using admin = await makeShop(server, 9);
      await admin.ask("SELECT pg_advisory_lock(1)");
      await admin.ask(`
        CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$
      `);
      await admin.ask(`
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON purchase DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait()
      `);
      await using accounts = accountsIn({ database: server.url(), commit: "1m" });
      await using purchases = purchasesIn({ database: server.url(), commit: "1m" });
      const shop = shopOf(accounts, purchases);
      let bodies = 0;
      const buying = transaction([shop.accounts, shop.purchases], (both) => (bodies++, buy(7, 4)(both)))();
      Deno.kill(await admin.waiting(), "SIGTERM");
      assertEquals([left(await buying).outcome, bodies], ["unknown", 1]);
      assertEquals(shop.locked(), ["account 0", "purchase 7"]);
      await using again = await reconnect(server);
      assertEquals(await ledgerIn(again), [9]);
    });
  },
);
