import type { CacheError } from "../../cache_error.ts";
import type { Identity } from "../../key.ts";
import type { Store } from "../../store.ts";
import type { Flights } from "../batch/flights.ts";
import type { Change } from "./draft.ts";
import type { Memo } from "./memo.ts";

/** A store at work for one request. */
export interface Scoped<K, V> {
  readonly below: Store<K, V>;
  /** The same, collecting the single reads of a turn. */
  readonly batched: Flights<K, V>;
  readonly maxSize: number;
  readonly memo: Memo<V>;
  /** What drafts have changed, and was not stored yet. */
  readonly changes: Map<Identity, Change<K, V>>;
  /** What is under way beside the batch: the end waits for it. */
  readonly underWay: Set<Promise<unknown>>;
}

/** What every operation answers once the request is over. */
export const closedError: CacheError = { _tag: "Closed", what: "the request" };

/** Notes what is under way. */
export function during<K, V, A>({ underWay }: Scoped<K, V>, promise: Promise<A>): Promise<A> {
  underWay.add(promise);
  promise.then(() => underWay.delete(promise));
  return promise;
}
