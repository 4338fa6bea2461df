import type { Task } from "fp-ts/lib/Task.js";
import type { Scope } from "../layer/request.ts";
import type { ScopeOptions } from "../layer/request/options.ts";
import { settingsOf } from "../layer/request/options.ts";
import { scope } from "../layer/request.ts";
import type { Unstored } from "../draft.ts";
import type { Store } from "../store.ts";

/** One request: the scopes of all stores that it uses. */
export interface RequestScope extends AsyncDisposable {
  /** The scope of a store in this request: the same one each time; of a scope, itself. */
  readonly scope: <K, V>(store: Store<K, V>) => Scope<K, V>;
  /** A place of the request's own, apart from every tier, for whatever its parts tell each other. Empty at its end. */
  readonly scratch: Map<unknown, unknown>;
  /** Stores the drafts that are dirty, and says which could not be; these stay dirty. */
  readonly flush: Task<ReadonlyArray<Unstored>>;
  /** Drops what drafts have changed: for a request that failed. */
  readonly discard: () => void;
  /** Stores the drafts that are dirty, and ends every scope; afterwards they answer `Closed`. */
  readonly close: () => Promise<void>;
}

/**
 * A request, as a value: who has it has the scopes of the stores that it uses.
 *
 * Throws a RangeError on options out of range.
 *
 * @example Two parts of a request share what they read
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, request, source } from "@lamina/cache";
 *
 * let loads = 0;
 * const users = source({ load: async (ids: ReadonlyArray<number>) => ids.map((id) => `user ${id}, load ${++loads}`) });
 *
 * await using one = request();
 * assertEquals(await promises(one.scope(users)).get(1), "user 1, load 1");
 * assertEquals(await promises(one.scope(users)).get(1), "user 1, load 1");
 *
 * await using another = request();
 * assertEquals(await promises(another.scope(users)).get(1), "user 1, load 2");
 * ```
 */
export function request(options: ScopeOptions = {}): RequestScope {
  settingsOf(options);
  // The types of the stores in a request differ; each scope is kept under the store that it was made for.
  const scopes = new Map<unknown, Ended>();
  const scratch = new Map<unknown, unknown>();
  let ended: Promise<void> | undefined;
  const all = <A>(act: (each: Ended) => Promise<A>): Promise<Array<A>> =>
    Promise.all(Array.from(new Set(scopes.values()), act));
  const end = async (): Promise<void> => {
    await all((each) => each.close());
    scratch.clear();
  };
  const close = (): Promise<void> => ended ??= end();
  return {
    scope: <K, V>(store: Store<K, V>): Scope<K, V> => {
      const known = scopes.get(store);
      if (known !== undefined) return known as Scope<K, V>;
      const made = scope(store, options);
      scopes.set(store, made).set(made, made);
      if (ended !== undefined) void made.close();
      return made;
    },
    scratch,
    flush: async () => (await all((each) => each.flush())).flat(),
    discard: () => scopes.forEach((each) => each.discard()),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** What the request does with scopes of any type. */
type Ended = Pick<Scope<unknown, unknown>, "close" | "flush" | "discard">;
