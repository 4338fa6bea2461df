import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "./cache_error.ts";
import type { Store } from "./store.ts";

/** Leads from an object to what belongs to it; nothing is loaded before the task is run, and then once. */
export interface Relation<A, K, V> {
  /** What belongs to an object; none if it names no key, or if there is no such key. */
  (of: A): TaskEither<CacheError, Option<V>>;
  /** Where it is loaded from. */
  readonly store: Pick<Store<K, V>, "get" | "getMany">;
  /** The key that an object names; undefined: none. */
  readonly keyOf: (of: A) => K | undefined;
}

/**
 * A lazy relation: what belongs to an object, by the key that it names.
 *
 * The task that it gives loads when it is first run, at most once, and not at all if nobody runs it; one that failed may
 * be run again. Over a scope, all tasks of a request share what was loaded, see the request's own writes, and find what
 * {@linkcode collect} loaded.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { relation, scope, source } from "@lamina/cache";
 * import { right } from "fp-ts/lib/Either.js";
 * import { some } from "fp-ts/lib/Option.js";
 *
 * const users = source({ load: async (ids: ReadonlyArray<number>) => ids.map((id) => `user ${id}`) });
 * await using mine = scope(users);
 * const authorOf = relation(mine, (post: { readonly author: number }) => post.author);
 * const author = authorOf({ author: 42 });
 * assertEquals(await author(), right(some("user 42")));
 * ```
 */
export function relation<A, K, V>(
  store: Pick<Store<K, V>, "get" | "getMany">,
  keyOf: (of: A) => K | undefined,
): Relation<A, K, V> {
  const lazy = (of: A): TaskEither<CacheError, Option<V>> => {
    let loading: Promise<Either<CacheError, Option<V>>> | undefined;
    return () => {
      if (loading !== undefined) return loading;
      const key = named(keyOf, of);
      if (key._tag === "Left") return Promise.resolve(key);
      const begun = key.right === undefined ? Promise.resolve(E.right(O.none)) : store.get(key.right)();
      loading = begun;
      begun.then((loaded) => {
        if (loaded._tag === "Left") loading = undefined;
      });
      return begun;
    };
  };
  return Object.assign(lazy, { store, keyOf });
}

/**
 * Loads what belongs to many objects as one batch, in their order; over a scope, their relations find it afterwards.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { collect, relation, scope, source } from "@lamina/cache";
 *
 * const asked: Array<ReadonlyArray<number>> = [];
 * const load = async (ids: ReadonlyArray<number>) => (asked.push(ids), ids.map((id) => `user ${id}`));
 * await using mine = scope(source({ load }));
 * const authorOf = relation(mine, (post: { readonly author: number }) => post.author);
 * const posts = [{ author: 1 }, { author: 2 }, { author: 1 }];
 * await collect(posts, authorOf)();
 * await authorOf(posts[2]!)();
 * assertEquals(asked, [[1, 2]]);
 * ```
 */
export function collect<A, K, V>(
  objects: ReadonlyArray<A>,
  relation: Relation<A, K, V>,
): TaskEither<CacheError, ReadonlyArray<Option<V>>> {
  return async () => {
    const keys: Array<K> = [];
    const places: Array<number> = [];
    for (const object of objects) {
      const key = named(relation.keyOf, object);
      if (key._tag === "Left") return key;
      places.push(key.right === undefined ? -1 : keys.push(key.right) - 1);
    }
    const loaded = await relation.store.getMany(keys)();
    if (loaded._tag === "Left") return loaded;
    return E.right(places.map((place) => place < 0 ? O.none : loaded.right[place]!));
  };
}

function named<A, K>(keyOf: (of: A) => K | undefined, of: A): Either<CacheError, K | undefined> {
  try {
    return E.right(keyOf(of));
  } catch {
    return E.left({ _tag: "KeyRefused", reason: "the function given to relation threw" });
  }
}
