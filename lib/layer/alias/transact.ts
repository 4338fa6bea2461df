import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../../cache_error.ts";
import type { Identity } from "../../key.ts";
import { identify } from "../../key.ts";
import type { Transaction, TransactOptions, Write } from "../../store.ts";
import type { Worked } from "../tier/attempts.ts";
import { hold, transactGuarded } from "../tier/attempts.ts";
import type { Names } from "./reads.ts";
import { namesOr } from "./writes.ts";

/**
 * Guards a transaction with the names that the values had which it writes, and those that they get: both are read in
 * the transaction itself, before a key's first write and at the end of the body.
 */
export function transactNamed<N, K, V, A, Err>(
  names: Names<N, K, V>,
  body: (tx: Transaction<K, V>) => TaskEither<Err, A>,
  options: TransactOptions | undefined,
): Write<A, Err> {
  const work = async (tx: Transaction<K, V>): Promise<Worked<A, Err | CacheError>> => {
    const { recorded, allNames } = recordNames(names, tx);
    const done = await body(recorded)();
    if (done._tag === "Left") return { done, guard: undefined };
    const all = await allNames();
    if (all._tag === "Left") return { done: all, guard: undefined };
    if (all.right.length === 0) return { done, guard: undefined };
    const guard = () =>
      hold<A, Err | CacheError>((commit) => names.keys.mutate<A, Err | CacheError>(all.right, () => commit)());
    return { done, guard };
  };
  return () => transactGuarded<K, V, A, Err>(names.self, work, options);
}

/** The transaction as the body sees it: each write is preceded by a read of the names that it may take away. */
function recordNames<N, K, V>(names: Names<N, K, V>, tx: Transaction<K, V>): {
  readonly recorded: Transaction<K, V>;
  readonly allNames: () => Promise<Either<CacheError, ReadonlyArray<N>>>;
} {
  const before: Array<N> = [];
  const touched = new Map<Identity, { readonly key: K; readonly known: Promise<Either<CacheError, void>> }>();
  const namesNow = async (key: K): Promise<Either<CacheError, ReadonlyArray<N>>> => {
    const found = await tx.get(key)();
    return found._tag === "Left" ? found : namesOr(names, [found.right]);
  };
  const touch = (id: Identity, key: K): Promise<Either<CacheError, void>> => {
    const known = touched.get(id)?.known ??
      namesNow(key).then((now) => now._tag === "Left" ? now : E.right(void before.push(...now.right)));
    touched.set(id, { key, known });
    return known;
  };
  const after = (key: K, write: TaskEither<CacheError, void>): TaskEither<CacheError, void> => async () => {
    const id = identify(key);
    if (id._tag === "Left") return E.left({ _tag: "KeyRefused", reason: id.left.reason });
    const read = await touch(id.right, key);
    return read._tag === "Left" ? read : await write();
  };
  return {
    recorded: {
      get: tx.get,
      put: (key, value) => after(key, tx.put(key, value)),
      remove: (key) => after(key, tx.remove(key)),
    },
    allNames: async () => {
      const all = [...before];
      for (const { key } of touched.values()) {
        const now = await namesNow(key);
        if (now._tag === "Left") return now;
        all.push(...now.right);
      }
      return E.right(all);
    },
  };
}
