import pg from "pg";
import type { Duration } from "../../duration.ts";
import { makePool, type OwnPool, type PostgresClient, type PostgresPool } from "../../source/postgres/pool.ts";
import { type PostgresSource, postgresSource } from "../../source/postgres/mod.ts";
import type { Store } from "../../store.ts";
import { type Account, accountName, accounts, openingOf, readAccount, showAccount } from "./bank_settings.ts";

/**
 * What a bank's database needs beside what test servers have. All connections of the workers fit; and a plan that reads
 * the whole of so small a table would make every transaction meet every other one.
 */
export const ledgerSettings: Readonly<Record<string, string>> = { max_connections: "100", enable_seqscan: "off" };

/** What is told on the way to a commit, and on the way back. */
export interface Commits {
  readonly before: () => void;
  readonly after: () => void;
}

/** The accounts in the database. */
export interface Ledger {
  readonly store: Store<string, string>;
  readonly close: () => Promise<void>;
}

type Save = NonNullable<PostgresSource<string, string>["save"]>;

/** Opens the accounts, each one line of text to who reads them. */
export function openLedger(database: string, lease: number, commits: Commits): Ledger {
  const pool = makePool(database, lease as Duration);
  const store = postgresSource<string, string>({
    database: telling(pool, commits),
    rows: async (session, ids) => {
      const found = await session.query<Account>("SELECT id, balance, mark FROM account WHERE id = ANY($1)", [ids]);
      return found.map(showAccount);
    },
    keyOf: (text) => readAccount(text).id,
    save,
    commit: (lease / 3) as Duration,
  });
  return {
    store,
    close: async () => {
      await store.close();
      await pool.end();
    },
  };
}

/** The row is locked when the log is written, so that the places of one account are in the order of its commits. */
const update = `
  WITH moved AS (UPDATE account SET balance = $2, mark = $3 WHERE id = $1 RETURNING id, balance, mark)
  INSERT INTO log (text) SELECT id || ' ' || balance || ' ' || mark FROM moved
`;

const save: Save = async (session, changes) => {
  for (const { key, value } of changes) {
    if (value._tag === "None") throw new Error("Cannot close an account: the bank has no statement for that");
    const { balance, mark } = readAccount(value.value);
    await session.query(update, [key, balance, mark]);
  }
};

/** Says when the message that commits is sent, and when it was answered. */
function telling(pool: OwnPool, { before, after }: Commits): PostgresPool {
  const tellingOn = (client: PostgresClient): PostgresClient => ({
    query: async (text, values) => {
      if (!text.trimEnd().endsWith("COMMIT")) return await client.query(text, values);
      before();
      const result = await client.query(text);
      after();
      return result;
    },
    on: (event, listener) => client.on(event, listener),
    removeListener: (event, listener) => client.removeListener(event, listener),
    release: (destroy) => client.release(destroy),
  });
  return { connect: async () => tellingOn(await pool.connect()) };
}

/** Opens the bank: its tables, and its accounts with what each holds at first. */
export async function createLedger(database: string): Promise<void> {
  await asking(database, async (ask) => {
    await ask("CREATE TABLE account (id text PRIMARY KEY, balance integer NOT NULL, mark text NOT NULL)");
    await ask("CREATE TABLE log (place bigserial PRIMARY KEY, text text NOT NULL UNIQUE)");
    for (let i = 0; i < accounts; i++) {
      const { id, balance, mark } = openingOf(accountName(i));
      await ask("INSERT INTO account VALUES ($1, $2, $3)", id, balance, mark);
    }
  });
}

/** What the database has in the end. */
export interface Books {
  /** Every account's line. */
  readonly truth: ReadonlyMap<string, string>;
  /** Every line that was ever committed, with its place in the order of its account's commits. */
  readonly commits: ReadonlyMap<string, number>;
}

/** Reads the database, beside the source. */
export async function readBooks(database: string): Promise<Books> {
  return await asking(database, async (ask) => {
    const rows = await ask("SELECT id, balance, mark FROM account ORDER BY id");
    const log = await ask("SELECT place, text FROM log");
    const texts = rows.map(({ id, balance, mark }) =>
      showAccount({ id: String(id), balance: Number(balance), mark: String(mark) })
    );
    return {
      truth: new Map(texts.map((text) => [readAccount(text).id, text])),
      commits: new Map(log.map(({ place, text }) => [String(text), Number(place)])),
    };
  });
}

type Ask = (text: string, ...values: ReadonlyArray<unknown>) => Promise<ReadonlyArray<Record<string, unknown>>>;

async function asking<A>(database: string, run: (ask: Ask) => Promise<A>): Promise<A> {
  const client = new pg.Client({ connectionString: database });
  client.on("error", () => {});
  await client.connect();
  try {
    return await run(async (text, ...values) => (await client.query(text, values)).rows);
  } finally {
    await client.end();
  }
}

/** Ends some sessions in the midst of a transaction, and says how many. */
export async function endSessions(database: string): Promise<number> {
  const ended = await asking(database, (ask) =>
    ask(`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
      LIMIT 3
    `));
  return ended.length;
}
