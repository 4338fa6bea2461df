import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import pg from "pg";
import { postgresOutcome, postgresSource } from "../../../lib/source/postgres/mod.ts";
import { writing } from "../../../mod.ts";
import { postgresTest } from "../../servers/postgres.ts";
import { withoutRejections } from "../../support/rejections.ts";
import { allFound, found, left, right } from "../../support/results.ts";
import type { Account } from "./support.ts";
import { accountsIn, eventually, itsConnections, makeAccounts, move, rows, setTo, stateOf } from "./support.ts";

postgresTest("PostgreSQL: rows are read, saved and removed, and a transaction is there as a whole", async (server) => {
  await using admin = await makeAccounts(server, [9, 0]);
  await using accounts = accountsIn({ database: server.url() });
  assertEquals(allFound(await accounts.getMany([1, 7, 0])()), [
    { id: 1, balance: 0 },
    undefined,
    { id: 0, balance: 9 },
  ]);
  right(await accounts.put(2, { id: 2, balance: 1 })());
  right(await accounts.remove(2)());
  const seen = await accounts.transact((tx) => async () => {
    right(await move(5)(tx)());
    return E.right([found(await tx.get(0)())?.balance, found(await accounts.get(0)())?.balance]);
  })();
  assertEquals([right(seen), await admin.balances()], [[4, 9], [4, 5]]);
});

postgresTest(
  "PostgreSQL: a single row is selected as one, also in a transaction, and several as several",
  async (server) => {
    await using _admin = await makeAccounts(server, [9, 0]);
    const asked: Array<unknown> = [];
    await using accounts = accountsIn({
      database: server.url(),
      rows: (session, ids) => (asked.push(ids), rows(session, ids)),
      loadOne: async (session, id) => (asked.push(id), (await rows(session, [id]) as ReadonlyArray<Account>)[0]),
    });
    assertEquals([found(await accounts.get(0)())?.balance, found(await accounts.get(7)())], [9, undefined]);
    assertEquals(allFound(await accounts.getMany([0, 1])()).map((row) => row?.balance), [9, 0]);
    right(await accounts.transact(move(5))());
    assertEquals(asked, [0, 7, [0, 1], 0, 1]);
  },
);

postgresTest("PostgreSQL: a body that fails leaves nothing, and its connection is used again", async (server) => {
  await using admin = await makeAccounts(server, [9, 0]);
  await using accounts = accountsIn({ database: server.url() });
  const failing = await accounts.transact((tx) => async () => {
    right(await move(5)(tx)());
    return E.left("no" as const);
  })();
  assertEquals(left(failing), { outcome: "aborted", error: "no" });
  right(await accounts.transact(move(1))());
  const used = await admin.ask(`SELECT pid ${itsConnections}`);
  assertEquals([await admin.balances(), used.length], [[8, 1], 1]);
});

postgresTest("PostgreSQL: transactions that overlap lose no update, whatever their number", async (server) => {
  await using admin = await makeAccounts(server, [60, 0]);
  const patient = { database: server.url(), attempts: 10_000, commit: "5m" } as const;
  await using here = accountsIn(patient);
  await using there = accountsIn(patient);
  const all = Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? here : there).transact(move(1))());
  for (const done of await Promise.all(all)) right(done);
  assertEquals(await admin.balances(), [0, 60]);
});

postgresTest(
  "PostgreSQL: a transaction that met another runs its body anew, and as often as is allowed",
  async (server) => {
    await using admin = await makeAccounts(server, [9, 0]);
    for (const [attempts, bodies] of [[5, 3], [2, 2]] as const) {
      await using accounts = accountsIn({ database: server.url(), attempts });
      let run = 0;
      const done = await accounts.transact((tx) => async () => {
        const before = found(await tx.get(0)())?.balance ?? 0;
        if (++run <= 2) await admin.ask("UPDATE account SET balance = balance + 10 WHERE id = 0");
        // What the server says of it is lost on the body.
        await setTo(tx, 0, before - 1)();
        return E.right(before);
      })();
      assertEquals(run, bodies);
      if (attempts === 5) assertEquals([right(done), await admin.balances()], [29, [28, 0]]);
      else assertEquals([left(done).outcome, stateOf(left(done).error)], ["aborted", "40001"]);
    }
  },
);

postgresTest("PostgreSQL: of two that wait for each other one is run anew, and both are committed", async (server) => {
  await using admin = await makeAccounts(server, [0, 0]);
  const database = `${server.url()}?options=-c%20deadlock_timeout%3D50ms`;
  await using accounts = accountsIn({ database, isolation: "read committed", commit: "1m" });
  const met = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  let bodies = 0;
  const done = await Promise.all([0, 1].map((mine) =>
    accounts.transact((tx) => async () => {
      bodies++;
      const first = await setTo(tx, mine, 10 + mine)();
      met[mine]!.resolve();
      await met[1 - mine]!.promise;
      return first._tag === "Left" ? first : await setTo(tx, 1 - mine, 10 + mine)();
    })()
  ));
  done.forEach(right);
  const [one, other] = await admin.balances();
  assertEquals([bodies > 2, one === other], [true, true]);
});

postgresTest(
  "PostgreSQL: what the server refuses is aborted, in a statement, in the commit, and if it was swallowed",
  async (server) => {
    await using admin = await makeAccounts(server, [3, 0]);
    await using accounts = accountsIn({ database: server.url() });
    const refused = left(await accounts.transact(move(5))());
    assertEquals([refused.outcome, stateOf(refused.error)], ["aborted", "23514"]);

    await admin.ask("INSERT INTO owner VALUES (0)");
    const removed = left(await accounts.transact((tx) => tx.remove(0))());
    assertEquals([removed.outcome, stateOf(removed.error)], ["aborted", "23503"]);

    const swallowed = await accounts.transact((tx) => async () => {
      right(await setTo(tx, 1, 7)());
      await setTo(tx, 0, -1)();
      return E.right("fine");
    })();
    assertEquals([left(swallowed).outcome, stateOf(left(swallowed).error)], ["aborted", "25P02"]);
    assertEquals(left(await accounts.put(0, { id: 0, balance: -1 })()).outcome, "aborted");
    assertEquals(await admin.balances(), [3, 0]);
  },
);

postgresTest(
  "PostgreSQL: a source without save reads in transactions, and writes go through mutate",
  async (server) => {
    await using admin = await makeAccounts(server, [9, 0]);
    const pool = new pg.Pool({ connectionString: server.url() });
    await using accounts = postgresSource({ database: pool, rows, keyOf: ({ id }) => id });
    assertEquals(O.toUndefined(right(await accounts.transact((tx) => tx.get(0))()))?.balance, 9);
    assertEquals(left(await accounts.transact(move(1))()).outcome, "aborted");
    assertEquals(left(await accounts.put(0, { id: 0, balance: 1 })()).error._tag, "Unsupported");
    const update = (by: number) =>
      writing(() => pool.query("UPDATE account SET balance = balance + $1 WHERE id = 0", [by]), postgresOutcome);
    right(await accounts.mutate([0], update(1))());
    assertEquals(left(await accounts.mutate([0], update(-100))()).outcome, "aborted");
    await accounts.close();
    // Somebody else's pool is still open.
    assertEquals((await pool.query("SELECT balance FROM account WHERE id = 0")).rows, [{ balance: 10 }]);
    assertEquals(await admin.balances(), [10, 0]);
    await pool.end();
  },
);

postgresTest(
  "PostgreSQL: a closed source leaves no connection, and one that broke while idle is replaced",
  async (server) => {
    await using admin = await makeAccounts(server, [9, 0]);
    await withoutRejections(async () => {
      const accounts = accountsIn({ database: server.url() });
      right(await accounts.get(0)());
      await admin.ask(`SELECT pg_terminate_backend(pid, 10000) ${itsConnections}`);
      // The pool hears of it at some time; until then it may offer the dead one.
      await eventually(async () => (await accounts.get(0)())._tag === "Right" || undefined);
      right(await accounts.transact(move(1))());
      await accounts.close();
      assertEquals(left(await accounts.get(0)()), { _tag: "Closed", what: "the source" });
      await eventually(async () => (await admin.ask(`SELECT pid ${itsConnections}`)).length === 0 || undefined);
    });
  },
);

postgresTest("PostgreSQL: a read that its caller left frees its connection, and the next one works", async (server) => {
  await using admin = await makeAccounts(server, [9, 0]);
  const pool = new pg.Pool({ connectionString: server.url(), max: 1 });
  await using accounts = accountsIn({ database: pool });
  await admin.ask("BEGIN");
  await admin.ask("LOCK TABLE account");
  const leaving = new AbortController();
  const read = accounts.get(0, { signal: leaving.signal })();
  const waiting = accounts.get(0, { signal: leaving.signal })();
  await eventually(async () => (await admin.ask("SELECT 1 FROM pg_locks WHERE NOT granted"))[0]);
  leaving.abort();
  assertEquals([left(await read)._tag, left(await waiting)._tag], ["Cancelled", "Cancelled"]);
  await admin.ask("COMMIT");
  assertEquals(found(await accounts.get(0)())?.balance, 9);
  await accounts.close();
  await pool.end();
});

Deno.test("PostgreSQL: a server that is not there aborts a transaction and fails a load", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await using accounts = accountsIn({ database: `postgres://postgres@127.0.0.1:${port}/postgres` });
  assertEquals(left(await accounts.transact((tx) => TE.map(() => 1)(tx.get(0)))()).outcome, "aborted");
  assertEquals(left(await accounts.put(0, { id: 0, balance: 0 })()).outcome, "aborted");
  assertEquals(left(await accounts.get(0)())._tag, "SourceFailed");
});
