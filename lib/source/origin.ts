import type { CacheError } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { orLate } from "../deadline.ts";
import type { Duration } from "../duration.ts";
import type { OutcomeOf } from "../write.ts";
import type { Answer, LoadContext, LoadedValue } from "./loader.ts";
import { settle } from "./loader.ts";

/** What a source is made of. */
export interface Origin<K, V> {
  readonly load: (keys: ReadonlyArray<K>, context: LoadContext) => Promise<ReadonlyArray<LoadedValue<V>>>;
  readonly clock: Clock;
  readonly loadTimeout: Duration;
  readonly commit: Duration;
  readonly outcomeOf: OutcomeOf;
  readonly underWay: Set<Promise<unknown>>;
  /** How many loads of one key, and writes, are under way; these are counted, since a set of promises costs as much as they do. */
  open: number;
  /** What to do once there are none. */
  readonly whenIdle: Array<() => void>;
  /** The time, read once a turn. */
  readonly turn: () => number;
  closed: boolean;
}

/** How long closing waits for what is under way, in milliseconds: as long as the default commit may take. */
const closing = 5_000;

/** What a closed source answers. */
export const closedError: CacheError = { _tag: "Closed", what: "the source" };

/** Notes what closing has to wait for; the promise never rejects. */
export function during<K, V, A>(origin: Origin<K, V>, promise: Promise<A>): Promise<A> {
  origin.underWay.add(promise);
  promise.then(() => origin.underWay.delete(promise));
  return promise;
}

/** Ends what was counted. */
export function leave<K, V>(origin: Origin<K, V>): void {
  if (--origin.open > 0 || origin.whenIdle.length === 0) return;
  for (const run of origin.whenIdle.splice(0)) run();
}

/** Waits for what is under way, and then closes what the source holds, once; each within the same bound. */
export function closingOf<K, V>(origin: Origin<K, V>, close: () => Answer<void> = noEffect): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const drain = async (): Promise<void> => {
    origin.closed = true;
    const idle = origin.open === 0 ? undefined : new Promise<void>((resolve) => origin.whenIdle.push(resolve));
    await orLate(origin.clock, closing, Promise.all([...origin.underWay, idle]));
    await orLate(origin.clock, closing, settle(close));
  };
  return () => closed ??= drain();
}

function noEffect(): Promise<void> {
  return Promise.resolve();
}
