import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import type { Joint } from "../joint.ts";
import { endedElsewhere, joint } from "../joint.ts";
import type { AnyStore } from "../request/prefetch.ts";
import type { Store, Transaction, Write, WriteFailure } from "../store.ts";

/** What a body has of a store: the source's transaction, for the store's keys and values. */
export type TransactionOf<S> = S extends Store<infer K, infer V> ? Transaction<K, V> : never;

/** What the body of {@linkcode transaction} works with: for each store its own, in their order. */
export type Transactions<S> = { readonly [I in keyof S]: TransactionOf<S[I]> };

/** At least one store. */
export type SomeStores = readonly [AnyStore, ...ReadonlyArray<AnyStore>];

/**
 * One transaction of a source over several stores: all that the body writes is there, or nothing of it.
 *
 * The stores' sources have to be on one database: for SQLite the same path or connection, for PostgreSQL the same
 * connection string or pool and the same isolation, for Deno KV the same database. Otherwise it is refused, before
 * anything happened. What the body writes is locked in every tier of every store together, after the body succeeded and
 * before the commit. An attempt that was aborted for certain is followed by another with new locks; of an unknown commit
 * the locks stay to the end of their leases, in all stores. The shortest commit timeout among the sources bounds it.
 *
 * Throws a RangeError if there is no store.
 *
 * @example An order that takes its price from its user's account
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, transaction } from "@lamina/cache";
 * import { sqliteSource } from "@lamina/cache/sqlite";
 * import { right } from "fp-ts/lib/Either.js";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { some, toUndefined } from "fp-ts/lib/Option.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const database = new DatabaseSync(":memory:");
 * database.exec("CREATE TABLE amount (kind TEXT, id INTEGER, cents INTEGER, PRIMARY KEY (kind, id))");
 * const amounts = (kind: string) =>
 *   memory({ capacity: 100, ttl: "1m" })(sqliteSource({
 *     database,
 *     rows: (db, ids: ReadonlyArray<number>) =>
 *       db.prepare("SELECT id, cents FROM amount WHERE kind = ? AND id IN (SELECT value FROM json_each(?))")
 *         .all(kind, JSON.stringify(ids)).map(({ id, cents }) => ({ id: Number(id), cents: Number(cents) })),
 *     keyOf: ({ id }) => id,
 *     save: (db, changes) => {
 *       const save = db.prepare("INSERT OR REPLACE INTO amount VALUES (?, ?, ?)");
 *       for (const { key, value } of changes) save.run(kind, key, toUndefined(value)?.cents ?? 0);
 *     },
 *   }));
 * const accounts = amounts("account");
 * const orders = amounts("order");
 *
 * const done = await transaction([accounts, orders], ([account, order]) =>
 *   pipe(
 *     account.put(1, { id: 1, cents: 500 }),
 *     TE.flatMap(() => order.put(7, { id: 7, cents: 300 })),
 *   ))();
 * assertEquals(done, right(undefined));
 * assertEquals(await orders.get(7)(), right(some({ id: 7, cents: 300 })));
 * database.close();
 * ```
 *
 * **Gotchas**
 * - What the body reads or writes without its transactions is not part of it. On SQLite a write like that waits for the
 *   transaction that it stands in, until the deadline.
 */
export function transaction<const S extends SomeStores, A, Err = never>(
  stores: S,
  body: (transactions: Transactions<S>) => TaskEither<Err, A>,
): Write<A, Err> {
  if (stores.length === 0) {
    throw new RangeError("Cannot make a transaction: expected at least one store: received none");
  }
  // One transaction a store, in their order.
  const whole = (transactions: ReadonlyArray<unknown>) => runBody(body, transactions as unknown as Transactions<S>);
  return () => stores.length === 1 ? alone(stores[0], whole) : together(stores, whole);
}

type Said<A, Err> = Either<Err | CacheError, A>;
type Done<A, Err> = Either<WriteFailure<Err>, A>;
type Whole<A, Err> = (transactions: ReadonlyArray<unknown>) => Promise<Said<A, Err>>;

async function runBody<T, A, Err>(body: (each: T) => TaskEither<Err, A>, transactions: T): Promise<Said<A, Err>> {
  try {
    return await body(transactions)();
  } catch (cause) {
    return E.left({ _tag: "SourceFailed", cause });
  }
}

async function alone<A, Err>(store: AnyStore, whole: Whole<A, Err>): Promise<Done<A, Err>> {
  const done = await settled(store.transact<A, Err | CacheError>((tx) => () => whole([tx])));
  return named(done);
}

async function together<A, Err>(stores: SomeStores, whole: Whole<A, Err>): Promise<Done<A, Err>> {
  const meeting = joint<Said<A, Err>>(stores.length, whole, E.left(endedElsewhere));
  const done = await Promise.all(stores.map(async (store, position) => {
    const body = (tx: unknown): TaskEither<Err | CacheError, A> => () => comes(meeting, position, tx);
    const each = await settled(store.transact<A, Err | CacheError>(body, { seat: meeting.seats[position] }));
    meeting.leave();
    return each;
  }));
  return named(worst(done));
}

/** A body that is run by a store whose seat is not taken would run in a transaction of its own. */
function comes<A, Err>(meeting: Joint<Said<A, Err>>, position: number, tx: unknown): Promise<Said<A, Err>> {
  if (meeting.isTaken(position)) return meeting.arrive(position, tx);
  meeting.leave();
  return Promise.resolve(E.left(notPassedOn));
}

const notPassedOn: CacheError = {
  _tag: "Unsupported",
  operation: "run one transaction over several stores",
  instead: "a layer does not pass the options of transact on to the store below",
};

/** A transaction of a store that may be somebody else's: one that rejects may have been applied. */
async function settled<A, Err>(write: Write<A, Err>): Promise<Done<A, Err>> {
  try {
    return await write();
  } catch (cause) {
    return E.left({ outcome: "unknown", error: { _tag: "SourceFailed", cause } });
  }
}

/** What became of it, by the store that knows why: the others only say that it ended elsewhere. */
function worst<A, Err>(done: ReadonlyArray<Done<A, Err>>): Done<A, Err> {
  const failed = done.filter((each) => each._tag === "Left");
  const gravest = outcomes.find((outcome) => failed.some(({ left }) => left.outcome === outcome));
  const grave = failed.filter(({ left }) => left.outcome === gravest);
  return grave.find(({ left }) => left.error !== endedElsewhere) ?? grave[0] ?? done[0]!;
}

const outcomes: ReadonlyArray<WriteFailure<unknown>["outcome"]> = ["unknown", "unconfirmed", "aborted"];

/** An error of the cache stands beside the body's own in every failure, whichever type said so. */
function named<A, Err>(done: Done<A, Err | CacheError>): Done<A, Err> {
  return done._tag === "Right" ? done : E.left({ outcome: done.left.outcome, error: done.left.error });
}
