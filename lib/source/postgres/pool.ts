import pg from "pg";
import type { Duration } from "../../duration.ts";

/** What a statement answers. */
export interface PostgresResult {
  /** Its rows, each a record of its columns. */
  readonly rows: ReadonlyArray<unknown>;
}

/** A connection of a pool, as npm:pg has it. */
export interface PostgresClient {
  /** Runs a statement, or without values several, each with its own result. */
  query(text: string, values?: Array<unknown>): Promise<PostgresResult | ReadonlyArray<PostgresResult>>;
  /** Hears of a connection that breaks while nothing is asked of it. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Hears no more. */
  removeListener(event: "error", listener: (error: Error) => void): unknown;
  /** Gives the connection back, or ends it. */
  release(destroy?: boolean): void;
}

/** A pool of connections: the `Pool` of npm:pg is one, and so is whatever behaves like it. */
export interface PostgresPool {
  /** Waits for a connection. */
  connect(): Promise<PostgresClient>;
}

/** A pool of one's own, to be ended. */
export interface OwnPool extends PostgresPool {
  /** Ends when all connections have been given back. */
  end(): Promise<void>;
  /** Hears of idle connections that break. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Hears of new connections, before anybody has them. */
  on(event: "connect", listener: (client: PostgresClient) => void): unknown;
}

// npm:pg has no types of its own.
const Pool: new (options: Readonly<Record<string, unknown>>) => OwnPool = pg.Pool;

/** A pool for a connection string, whose statements end on the server after the time that a load may take. */
export function makePool(connectionString: string, longestStatement: Duration): OwnPool {
  const bound = longestStatement === Infinity ? 0 : Math.ceil(longestStatement);
  const pool = new Pool({ connectionString, statement_timeout: bound });
  // A connection that breaks while it is idle is no longer in the pool; without a listener the process would end. So it
  // would where a new one breaks in the moment before whoever waits for it has it.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}
