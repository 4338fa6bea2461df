import { AsyncLocalStorage } from "node:async_hooks";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";

/** Something of the request that need not be passed on. */
export interface Ambient<A> {
  /** Runs something, in which, and in all that it awaits, `current` is the value. */
  readonly run: <B>(value: A, body: () => B) => B;
  /** The value of the request that is running; none outside of one. */
  readonly current: () => Option<A>;
}

/**
 * Carries a value along with a request where it cannot be an argument: the scope through a framework, or a session to the
 * loader below tiers that all requests share.
 *
 * To pass it on is better where that can be done. A load that several requests share runs in the one that began it, and a
 * renewal in the background after that one's end: a loader must not rely on a session that ends with its request then.
 *
 * @example A session reaches the loader through a tier of the whole process
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, promises, scope, source } from "@lamina/cache";
 * import { ambient } from "@lamina/cache/http";
 * import { toUndefined } from "fp-ts/lib/Option.js";
 *
 * const session = ambient<string>();
 * const load = async (ids: ReadonlyArray<number>) => ids.map((id) => `user ${id} by ${toUndefined(session.current())}`);
 * const users = memory({ capacity: 100, ttl: "1m" })(source({ load }));
 *
 * await session.run("session 7", async () => {
 *   await using mine = scope(users);
 *   assertEquals(await promises(mine).get(42), "user 42 by session 7");
 * });
 * ```
 */
export function ambient<A>(): Ambient<A> {
  // In a record, so that a value may be undefined.
  const storage = new AsyncLocalStorage<{ readonly value: A }>();
  return {
    run: (value, body) => storage.run({ value }, body),
    current: () => O.map(({ value }: { readonly value: A }) => value)(O.fromNullable(storage.getStore())),
  };
}
