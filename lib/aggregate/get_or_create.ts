import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../cache_error.ts";
import { encodeKey } from "../key.ts";
import type { Held, Lock, Locker } from "../lock/lock.ts";
import type { LockError } from "../lock/lock_error.ts";
import { settle } from "../source/loader.ts";
import type { Store, WriteFailure } from "../store.ts";

/** How it is made sure that only one creates. */
export interface GetOrCreateOptions {
  /**
   * Locks that all creators share, for a source without transactions; without them it is a transaction of the store. A
   * lease that runs out while the value is saved lets a second one create.
   */
  readonly locks?: Locker<Held>;
  /** Tells the locks of these entities from those of others, `entity` unless told. */
  readonly name?: string;
}

/** An entity, and who created it. */
export interface Entity<V> {
  /** What everybody gets. */
  readonly value: V;
  /** Whether it was created by this call. */
  readonly created: boolean;
}

/** Why there is no entity, as far as is known. */
export type CreateError = CacheError | LockError | WriteFailure<CacheError>;

/**
 * Reads an entity, or creates it if it does not exist: one, however many processes do it at once.
 *
 * What exists is read through the tiers. Otherwise the source is asked again, in a transaction or under a lock that all
 * creators share, and only then `create` is called and its value saved. A transaction that meets another one is run again,
 * and so may be `create`, but only one value is saved.
 *
 * @example Two at once, one creation
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { source } from "@lamina/cache";
 * import { getOrCreate } from "@lamina/cache/aggregate";
 * import { localLocks } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const rows = new Map<string, number>();
 * const store = source({
 *   load: async (keys: ReadonlyArray<string>) => keys.map((key) => rows.get(key)),
 *   save: async (changes) => changes.forEach(({ key, value }) => value._tag === "Some" && rows.set(key, value.value)),
 * });
 * const experiment = getOrCreate(store, { locks: localLocks() });
 * const both = await Promise.all([experiment("blue button", () => 1)(), experiment("blue button", () => 2)()]);
 * assertEquals(both, [right({ value: 1, created: true }), right({ value: 1, created: false })]);
 * ```
 */
export function getOrCreate<K, V>(
  store: Store<K, V>,
  options: GetOrCreateOptions = {},
): (key: K, create: () => V | Promise<V>) => TaskEither<CreateError, Entity<V>> {
  const { locks, name = "entity" } = options;
  return (key, create) => async () => {
    const found = await store.get(key)();
    if (found._tag === "Left") return found;
    if (found.right._tag === "Some") return existing(found.right.value);
    return locks === undefined
      ? await inTransaction(store, key, create)
      : await locked(store, (encoded) => locks.lock(`create:${name}:${encoded}`), key, create);
  };
}

function existing<V>(value: V): E.Either<never, Entity<V>> {
  return E.right({ value, created: false });
}

async function made<V>(create: () => V | Promise<V>): Promise<E.Either<CacheError, V>> {
  const value = await settle(async () => await create());
  return value._tag === "Left" ? E.left({ _tag: "SourceFailed", cause: value.left }) : value;
}

function inTransaction<K, V>(
  store: Store<K, V>,
  key: K,
  create: () => V | Promise<V>,
): Promise<E.Either<CreateError, Entity<V>>> {
  return store.transact<Entity<V>, CacheError>((tx) => async () => {
    const found: E.Either<CacheError, Option<V>> = await tx.get(key)();
    if (found._tag === "Left") return found;
    if (O.isSome(found.right)) return existing(found.right.value);
    const value = await made(create);
    if (value._tag === "Left") return value;
    const put = await tx.put(key, value.right)();
    return put._tag === "Left" ? put : E.right({ value: value.right, created: true });
  })();
}

async function locked<K, V>(
  store: Store<K, V>,
  lockOf: (encoded: string) => Lock<Held>,
  key: K,
  create: () => V | Promise<V>,
): Promise<E.Either<CreateError, Entity<V>>> {
  const encoded = encodeKey(key);
  if (encoded._tag === "Left") return E.left({ _tag: "KeyRefused", reason: encoded.left.reason });
  const acquired = await lockOf(encoded.right).acquire()();
  if (acquired._tag === "Left") return acquired;
  await using _held = acquired.right;
  // Past the tiers: one of this process may say for a while yet that there is none.
  const found = await store.get(key, { force: true })();
  if (found._tag === "Left") return found;
  if (O.isSome(found.right)) return existing(found.right.value);
  const value = await made(create);
  if (value._tag === "Left") return value;
  const put = await store.put(key, value.right)();
  return put._tag === "Left" ? put : E.right({ value: value.right, created: true });
}
