import * as E from "fp-ts/lib/Either.js";
import { assertEquals } from "@std/assert";
import { openGate } from "../../../lib/task/faults/gate.ts";
import type { Store, WriteFailure } from "../../../mod.ts";
import { postgresTest } from "../../servers/postgres.ts";
import { withoutRejections } from "../../support/rejections.ts";
import { found, left, right } from "../../support/results.ts";
import type { Account, Admin } from "./support.ts";
import { accountsIn, eventually, itsConnections, makeAccounts, move, reconnect, setTo } from "./support.ts";

const before = [9, 0];
const after = [4, 5];

type Done = E.Either<WriteFailure<unknown>, unknown>;

/** What an outcome says that the database holds; undefined where it says that nobody knows. */
function saidBy(done: Done): ReadonlyArray<number> | undefined {
  if (done._tag === "Right") return after;
  return done.left.outcome === "aborted" ? before : undefined;
}

/** From now on the end of a transaction that touches accounts waits for the lock that the admin holds. */
async function holdCommits(admin: Admin): Promise<void> {
  await admin.ask("SELECT pg_advisory_lock(1)");
  await admin.ask(`
    CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NULL; END $$
  `);
  await admin.ask(`
    CREATE CONSTRAINT TRIGGER wait AFTER UPDATE OR INSERT ON account DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait()
  `);
}

/** With these a commit is complete on the server, and waits for a standby that will never come. */
const alone = { synchronous_standby_names: "nobody" };

/** Commits wait only after the process that is told of it has heard. */
async function awaitStandby(admin: Admin): Promise<void> {
  const isTold =
    "SELECT 1 FROM pg_stat_activity WHERE backend_type = 'checkpointer' AND wait_event = 'CheckpointerMain'";
  await eventually(async () => (await admin.ask(isTold))[0]);
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  postgresTest(
    `PostgreSQL: ${signal} of the server's process before the commit is complete: unknown, and not there`,
    async (server) => {
      await withoutRejections(async () => {
        await using admin = await makeAccounts(server, before);
        await holdCommits(admin);
        await using accounts = accountsIn({ database: server.url(), commit: "1m" });
        const moving = accounts.transact(move(5))();
        Deno.kill(await admin.waiting(), signal);
        const done = await moving;
        await using again = await reconnect(server);
        assertEquals([left(done).outcome, await again.balances()], ["unknown", before]);
      });
    },
  );

  postgresTest(
    `PostgreSQL: ${signal} of the server's process after the commit is complete: unknown, and there`,
    async (server) => {
      await withoutRejections(async () => {
        await using admin = await makeAccounts(server, before);
        await awaitStandby(admin);
        await using accounts = accountsIn({ database: server.url(), commit: "1m" });
        const moving = accounts.transact(move(5))();
        Deno.kill(await admin.waiting(), signal);
        const done = await moving;
        await using again = await reconnect(server);
        assertEquals([left(done).outcome, await again.balances()], ["unknown", after]);
      });
    },
    alone,
  );
}

postgresTest(
  "PostgreSQL: a commit that is cancelled on the server is aborted before it is complete, and committed after",
  async (server) => {
    await using admin = await makeAccounts(server, before);
    await using accounts = accountsIn({ database: server.url(), commit: "1m" });
    await holdCommits(admin);
    const moving = accounts.transact(move(5))();
    await admin.ask("SELECT pg_cancel_backend($1)", await admin.waiting());
    assertEquals([left(await moving).outcome, await admin.balances()], ["aborted", before]);
    await admin.ask("DROP TRIGGER wait ON account");

    await awaitStandby(admin);
    const complete = accounts.transact(move(5))();
    await admin.ask("SELECT pg_cancel_backend($1)", await admin.waiting());
    right(await complete);
    assertEquals(await admin.balances(), after);
  },
  alone,
);

postgresTest(
  "PostgreSQL: a connection that is cut before the commit arrives, or after it was applied, leaves it unknown",
  async (server) => {
    await withoutRejections(async () => {
      await using admin = await makeAccounts(server, before);
      for (const way of ["requests", "replies"] as const) {
        await using gate = openGate(server.port);
        await using accounts = accountsIn({ database: server.url(gate.port), commit: "1m" });
        const moving = accounts.transact((tx) => async () => {
          const moved = await move(5)(tx)();
          gate.hold(way);
          return moved;
        })();
        await gate.holding(way);
        // Its reply is held, so it has been applied.
        const expected = way === "requests" ? before : after;
        assertEquals(await admin.balances(), expected);
        gate.cut();
        assertEquals(left(await moving).outcome, "unknown");
        gate.open(way);
        assertEquals(await admin.balances(), expected);
      }
    });
  },
);

postgresTest(
  "PostgreSQL: a connection that is lost before the commit is sent aborts it, whatever the body says",
  async (server) => {
    await withoutRejections(async () => {
      await using admin = await makeAccounts(server, before);
      await using accounts = accountsIn({ database: server.url(), commit: "1m" });
      for (const swallow of [true, false]) {
        const done = await accounts.transact((tx) => async () => {
          right(await move(5)(tx)());
          await admin.ask(`SELECT pg_terminate_backend(pid, 10000) ${itsConnections}`);
          const last = await eventually(async () => {
            const read = await tx.get(0)();
            return read._tag === "Left" ? read : undefined;
          });
          return swallow ? E.right(undefined) : last;
        })();
        assertEquals([left(done).outcome, await admin.balances()], ["aborted", before]);
      }
      assertEquals(found(await accounts.get(0)())?.balance, 9);
    });
  },
);

postgresTest(
  "PostgreSQL: a commit that is held up until after its deadline is unknown, and never takes effect",
  async (server) => {
    await withoutRejections(async () => {
      await using admin = await makeAccounts(server, before);
      await using gate = openGate(server.port);
      await using accounts = accountsIn({ database: server.url(gate.port), commit: "500ms" });
      const moving = accounts.transact((tx) => async () => {
        const moved = await move(5)(tx)();
        gate.hold("requests");
        return moved;
      })();
      await gate.holding("requests");
      assertEquals(left(await moving).outcome, "unknown");
      gate.open("requests");
      await eventually(async () => (await admin.ask(`SELECT pid ${itsConnections}`)).length === 0 || undefined);
      assertEquals(await admin.balances(), before);
      right(await accounts.transact(move(5))());
      assertEquals(await admin.balances(), after);
    });
  },
);

postgresTest(
  "PostgreSQL: the server ends by itself what outlasts the deadline: a statement, a silence, and the end of a body",
  async (server) => {
    await withoutRejections(async () => {
      await using admin = await makeAccounts(server, before);
      // A numb connection: the server hears nothing of the client's end.
      const isOver = async () =>
        (await admin.ask(`SELECT pid ${itsConnections} AND xact_start IS NOT NULL`)).length === 0;
      const bodies: ReadonlyArray<(accounts: Store<number, Account>, numb: () => void) => Promise<Done>> = [
        (accounts, numb) =>
          accounts.transact((tx) => async () => {
            right(await setTo(tx, 1, 3)());
            numb();
            return await tx.get(-1)();
          })(),
        (accounts, numb) =>
          accounts.transact((tx) => async () => {
            right(await setTo(tx, 1, 3)());
            numb();
            await new Promise<never>(() => {});
            return E.right(undefined);
          })(),
      ];
      for (const body of bodies) {
        await using gate = openGate(server.port);
        await using accounts = accountsIn({
          database: server.url(gate.port),
          commit: "500ms",
          rows: (session, [id = 0]) =>
            session.query<Account>(
              id < 0 ? "SELECT pg_sleep(3600)" : "SELECT id, balance FROM account WHERE id = $1",
              id < 0 ? [] : [id],
            ),
        });
        const done = await body(accounts, gate.numb);
        assertEquals(left(done).outcome, "aborted");
        await eventually(async () => await isOver() || undefined);
        assertEquals(await admin.balances(), before);
      }
      await using accounts = accountsIn({ database: server.url(), commit: "500ms" });
      await holdCommits(admin);
      assertEquals(saidBy(await accounts.transact(move(5))()) ?? before, before);
      await eventually(async () => await isOver() || undefined);
      await admin.ask("SELECT pg_advisory_unlock(1)");
      assertEquals(await admin.balances(), before);
    });
  },
);

postgresTest("PostgreSQL: whatever happens to connections at whatever moment, no outcome lies", async (server) => {
  const said = new Set<string>();
  await withoutRejections(async () => {
    await using admin = await makeAccounts(server, []);
    await using gate = openGate(server.port);
    await using accounts = accountsIn({ database: server.url(gate.port), commit: "1m" });
    const faults: ReadonlyArray<() => unknown> = [
      gate.cut,
      () => admin.ask(`SELECT pg_terminate_backend(pid) ${itsConnections}`),
      () => admin.ask(`SELECT pg_cancel_backend(pid) ${itsConnections}`),
      () => {},
    ];
    for (let id = 0; id < 100; id++) {
      const writing = accounts.transact((tx) => setTo(tx, id, 1))();
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      await faults[id % faults.length]!();
      const done = await writing;
      // What nobody knows may be under way, until the server has heard of the end of the connection.
      if (done._tag === "Left" && done.left.outcome === "unknown") {
        await eventually(async () => (await admin.ask(`SELECT pid ${itsConnections}`)).length === 0 || undefined);
      }
      const isThere = (await admin.ask("SELECT id FROM account WHERE id = $1", id)).length > 0;
      const outcome = done._tag === "Right" ? "committed" : done.left.outcome;
      said.add(outcome);
      if (outcome !== "unknown") assertEquals(isThere, outcome === "committed", `${id}: ${outcome}`);
    }
  });
  assertEquals(said.has("committed"), true);
});
