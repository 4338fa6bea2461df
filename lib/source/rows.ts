import * as O from "fp-ts/lib/Option.js";
import { showCacheError } from "../cache_error.ts";
import type { Change, Store } from "../store.ts";
import { fromVerbs } from "../store.ts";
import type { Answer, LoadContext } from "./loader.ts";
import { loadRows, loadSingle } from "./loader.ts";
import type { Operations } from "./transaction.ts";

/** How a database is read and written, in whatever transaction is open in it. */
export interface Statements<K, V> {
  readonly rows: (keys: ReadonlyArray<K>) => Answer<ReadonlyArray<V>>;
  readonly keyOf: (row: V) => K;
  /** Reads a single row; without it, as one of many. */
  readonly loadOne: ((key: K) => Answer<V | undefined>) | undefined;
  readonly save: ((changes: ReadonlyArray<Change<K, V>>) => Answer<unknown>) | undefined;
}

/** What a body's operations are in a database that is read by rows. */
export function operationsOf<K, V>(statements: Statements<K, V>): Operations<K, V> {
  const change = (key: K, value: O.Option<V>): Answer<unknown> => {
    if (statements.save === undefined) throw new Error("Cannot write in the transaction: the source has no save");
    return statements.save([{ key, value }]);
  };
  return {
    get: (key) => findRow(statements, key),
    put: (key, value) => change(key, O.some(value)),
    remove: (key) => change(key, O.none),
  };
}

/** The store without what its transactions could save: writes go through `mutate`. */
export function withoutSave<K, V>(store: Store<K, V>): Store<K, V> {
  return fromVerbs({ ...store, save: O.none });
}

// The transaction around it bounds the read.
const unbounded: LoadContext = { signal: new AbortController().signal };

async function findRow<K, V>({ rows, keyOf, loadOne }: Statements<K, V>, key: K): Promise<V | undefined> {
  const [found] = loadOne === undefined
    ? await loadRows(rows, keyOf, [key], unbounded)
    : [await loadSingle(loadOne, keyOf, key, unbounded)];
  if (found === undefined || found._tag === "Right") return found && O.toUndefined(found.right);
  throw found.left._tag === "SourceFailed" ? found.left.cause : new Error(showCacheError(found.left));
}
