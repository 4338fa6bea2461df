import * as O from "fp-ts/lib/Option.js";
import type * as TE from "fp-ts/lib/TaskEither.js";
import pg from "pg";
import type { PostgresSource } from "../../../lib/source/postgres/mod.ts";
import { postgresSource } from "../../../lib/source/postgres/mod.ts";
import type { CacheError, Store, Transaction } from "../../../mod.ts";
import type { PostgresServer } from "../../servers/postgres.ts";

/** A row of the table of these tests. */
export interface Account {
  readonly id: number;
  readonly balance: number;
}

export type Accounts = Transaction<number, Account>;
type Options = Partial<PostgresSource<number, Account>> & Pick<PostgresSource<number, Account>, "database">;

/** The accounts of a database, each of which must not be below 0. */
export function accountsIn(options: Options): Store<number, Account> {
  return postgresSource<number, Account>({ rows, keyOf: ({ id }) => id, save, ...options });
}

/** Asks the server beside the source. */
export interface Admin extends AsyncDisposable {
  readonly ask: (text: string, ...values: ReadonlyArray<unknown>) => Promise<ReadonlyArray<Record<string, unknown>>>;
  readonly balances: () => Promise<ReadonlyArray<unknown>>;
  /** The process of the server in which a commit of the source waits for a lock, or for a standby. */
  readonly waiting: () => Promise<number>;
}

/** Makes the table, with these balances for the accounts 0, 1, and so on, and stays connected. */
export async function makeAccounts(server: PostgresServer, balances: ReadonlyArray<number>): Promise<Admin> {
  const admin = await connect(server);
  await admin.ask("CREATE TABLE account (id integer PRIMARY KEY, balance integer NOT NULL CHECK (balance >= 0))");
  await admin.ask("CREATE TABLE owner (account integer REFERENCES account DEFERRABLE INITIALLY DEFERRED)");
  for (const [id, balance] of balances.entries()) await admin.ask("INSERT INTO account VALUES ($1, $2)", id, balance);
  return admin;
}

/** Connects to the server, beside the source. */
export async function connect(server: PostgresServer): Promise<Admin> {
  const client = new pg.Client({ connectionString: server.url(), application_name: "admin" });
  client.on("error", () => {});
  await client.connect();
  await client.query("SET synchronous_commit = local");
  const ask: Admin["ask"] = async (text, ...values) => (await client.query(text, values)).rows;
  return {
    ask,
    balances: async () => (await ask("SELECT balance FROM account ORDER BY id")).map(({ balance }) => balance),
    waiting: () =>
      eventually(async () => {
        const [row] = await ask(`
          SELECT pid FROM pg_stat_activity
          WHERE application_name <> 'admin' AND wait_event IN ('advisory', 'SyncRep') AND state = 'active'
        `);
        return row && Number(row["pid"]);
      }),
    [Symbol.asyncDispose]: () => client.end(),
  };
}

/** Waits until the server takes connections again, as it does after a crash of one of its processes. */
export function reconnect(server: PostgresServer): Promise<Admin> {
  return eventually(() => connect(server).catch(() => undefined));
}

/** Of the connections that the source has. */
export const itsConnections =
  "FROM pg_stat_activity WHERE application_name <> 'admin' AND backend_type = 'client backend'";

// What does not happen by then never will; on a machine that is busy everything here takes less than a tenth of it.
const patience = 30_000;

/** Asks until there is an answer. */
export async function eventually<A>(ask: () => Promise<A | undefined>): Promise<A> {
  for (const end = Date.now() + patience; Date.now() < end;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error("Cannot wait any longer: what was expected did not happen");
}

/** A body that takes an amount from account 0 and gives it to account 1. */
export function move(amount: number): (tx: Accounts) => TE.TaskEither<CacheError, void> {
  return (tx) => async () => {
    const [from, to] = [await tx.get(0)(), await tx.get(1)()];
    if (from._tag === "Left") return from;
    if (to._tag === "Left") return to;
    const taken = await setTo(tx, 0, (O.toUndefined(from.right)?.balance ?? 0) - amount)();
    return taken._tag === "Left" ? taken : await setTo(tx, 1, (O.toUndefined(to.right)?.balance ?? 0) + amount)();
  };
}

/** Writes a balance. */
export function setTo(tx: Accounts, id: number, balance: number): TE.TaskEither<CacheError, void> {
  return tx.put(id, { id, balance });
}

/** The SQLSTATE that the server said. */
export function stateOf(error: unknown): unknown {
  return (error as { readonly cause?: { readonly code?: unknown } }).cause?.code;
}

/** Selects accounts. */
export const rows: PostgresSource<number, Account>["rows"] = (session, ids) =>
  session.query<Account>("SELECT id, balance FROM account WHERE id = ANY($1)", [ids]);

const save: NonNullable<PostgresSource<number, Account>["save"]> = async (session, changes) => {
  for (const { key, value } of changes) {
    if (O.isNone(value)) await session.query("DELETE FROM account WHERE id = $1", [key]);
    else {
      const upsert = "INSERT INTO account VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET balance = excluded.balance";
      await session.query(upsert, [key, value.value.balance]);
    }
  }
};
