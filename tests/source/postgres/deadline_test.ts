import { assert, assertEquals } from "@std/assert";
import { some } from "fp-ts/lib/Option.js";
import { right as ok } from "fp-ts/lib/Either.js";
import { systemClock } from "../../../lib/clock.ts";
import { deadlineAt } from "../../../lib/deadline.ts";
import type { PostgresSession } from "../../../lib/source/postgres/mod.ts";
import { postgresTest } from "../../servers/postgres.ts";
import { right } from "../../support/results.ts";
import type { Account, Admin } from "./support.ts";
import { accountsIn, makeAccounts, rows, setTo } from "./support.ts";

/** What the server goes by in a transaction, in milliseconds. */
interface Limits {
  readonly statement: number;
  readonly silence: number;
}

const limits = `
  SELECT (SELECT setting FROM pg_settings WHERE name = 'statement_timeout')::integer AS statement,
         (SELECT setting FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout')::integer AS silence
`;

async function limitsOf(session: PostgresSession): Promise<Limits> {
  const [read] = await session.query<Limits>(limits);
  return read!;
}

/** From now on the end of a transaction that updates accounts notes what the server goes by then. */
async function noteLimits({ ask }: Admin): Promise<() => Promise<ReadonlyArray<unknown>>> {
  await ask("CREATE TABLE noted (statement integer, silence integer)");
  await ask(`
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO noted ${limits}; RETURN NULL; END $$
  `);
  await ask(`
    CREATE CONSTRAINT TRIGGER note AFTER UPDATE OR INSERT ON account DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION note()
  `);
  return async () => (await ask("SELECT statement FROM noted")).map(({ statement }) => statement);
}

const minute = 60_000;

/** How long a body takes at least, in milliseconds. */
const pause = 50;

/** That one limit is shorter than another by what was spent between them. */
function isShorter(limit: number, before: number, by: number): void {
  assert(limit > 0 && limit <= before - by, `expected at most ${before} - ${by}: received ${limit}`);
}

postgresTest(
  "PostgreSQL: what the server goes by is what is left of the deadline: at the beginning, anew, and in the commit",
  async (server) => {
    await using admin = await makeAccounts(server, [9]);
    const noted = await noteLimits(admin);
    const begun: Array<Limits> = [];
    await using accounts = accountsIn({
      database: server.url(),
      commit: "1m",
      rows: async (
        session,
        ids,
      ) => (begun.push(await limitsOf(session)), await rows(session, ids) as ReadonlyArray<Account>),
    });
    const done = await accounts.transact((tx) => async () => {
      right(await tx.get(0)());
      // The first attempt meets another transaction.
      if (begun.length === 1) await admin.ask("UPDATE account SET balance = balance WHERE id = 0");
      await new Promise((resolve) => setTimeout(resolve, pause));
      await setTo(tx, 0, 1)();
      return ok("done");
    })();
    assertEquals([right(done), begun.length], ["done", 2]);
    const [first, second] = [begun[0]!, begun[1]!];
    for (const { statement, silence } of begun) assertEquals(silence, statement);
    isShorter(first.statement, minute, 0);
    // Timers may be early by a millisecond.
    isShorter(second.statement, first.statement, pause - 1);
    // The first that was noted is the admin's own.
    const atCommit = (await noted()).at(-1);
    isShorter(Number(atCommit), second.statement, pause - 1);
  },
);

postgresTest("PostgreSQL: a save has no longer on the server than the write that it belongs to", async (server) => {
  await using _admin = await makeAccounts(server, [9]);
  const seen: Array<Limits> = [];
  await using accounts = accountsIn({
    database: server.url(),
    commit: "1m",
    save: async (session) => void seen.push(await limitsOf(session)),
  });
  const changes = [{ key: 0, value: some<Account>({ id: 0, balance: 1 }) }];
  for (const left of [10_000, 20_000]) {
    const within = deadlineAt(systemClock, systemClock.now() + left);
    assert(accounts.save._tag === "Some");
    right(await accounts.save.value(changes, within)());
    within.dispose();
    isShorter(seen.at(-1)!.statement, left, 0);
  }
});
