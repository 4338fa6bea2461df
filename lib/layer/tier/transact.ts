import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "../../cache_error.ts";
import type { Transaction, TransactOptions, WriteFailure } from "../../store.ts";
import type { Guarding, Worked } from "./attempts.ts";
import { hold, transactGuarded } from "./attempts.ts";
import { learned } from "./switched.ts";
import type { Tier } from "./tier.ts";
import { closedError } from "./tier.ts";
import { guardsOf, makeAttempt, refusalOf, runAttempt } from "./writes.ts";

/** The keys that a transaction's body wrote, each with what it wrote last. */
interface Touched<K, V> {
  readonly keys: ReadonlyArray<K>;
  /** None where it is not known what the source has now. */
  readonly values: ReadonlyArray<Option<V>> | undefined;
  /** Why it cannot be committed, whatever the body says. */
  readonly refusal: CacheError | undefined;
}

/**
 * Guards a transaction of the store below: its keys are locked together, each attempt of it one run of the writing table
 * with tokens of its own.
 */
export async function transactKeys<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  body: (tx: Transaction<K, V>) => TaskEither<Err, A>,
  options?: TransactOptions,
): Promise<Either<WriteFailure<Err>, A>> {
  if (tier.closed) return E.left({ outcome: "aborted", error: closedError(tier) });
  const work = async (tx: Transaction<K, V>): Promise<Worked<A, Err | CacheError>> => {
    const { recorded, touched, end } = record(tier, tx);
    const done = await body(recorded)();
    end();
    const { keys, values, refusal } = touched();
    // The store below will not commit what is too much, and so many slots are not locked for nothing.
    if (refusal !== undefined) return { done: E.left(refusal), guard: undefined };
    return { done, guard: keys.length === 0 ? undefined : () => lockKeys(tier, keys, values) };
  };
  return await transactGuarded<K, V, A, Err>(tier.below, work, options);
}

/** The transaction as the body sees it; what the tier cannot carry is refused before any effect. */
function record<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  tx: Transaction<K, V>,
): { readonly recorded: Transaction<K, V>; readonly touched: () => Touched<K, V>; readonly end: () => void } {
  const written = new Map<unknown, readonly [K, Option<V>]>();
  const running = new Set<unknown>();
  let isKnown = true;
  let refusal: CacheError | undefined;
  let over = false;
  // Noted when it runs: what was only made is not written, and what runs later is written later.
  const noted =
    (key: K, value: Option<V>, run: TaskEither<CacheError, void>): TaskEither<CacheError, void> => async () => {
      // Its key would be locked by nobody.
      if (over) return E.left({ _tag: "Closed", what: "the transaction" });
      const id = tier.identify(key);
      // Of two at once nobody knows which comes last; of one that failed, what is there.
      if (running.has(id)) isKnown = false;
      running.add(id);
      written.set(id, [key, value]);
      const done = await run();
      running.delete(id);
      if (done._tag === "Left") isKnown = false;
      if (done._tag === "Left" && done.left._tag === "TooManyKeys") refusal = done.left;
      return done;
    };
  return {
    recorded: {
      get: tx.get,
      put: (key, value) => {
        const refused = refusalOf(tier, [O.some(value)]);
        if (refused !== undefined) return () => Promise.resolve(E.left(refused));
        return noted(key, O.some(value), tx.put(key, value));
      },
      remove: (key) => noted(key, O.none, tx.remove(key)),
    },
    touched: () => {
      const all = [...written.values()];
      const values = isKnown && running.size === 0 ? all.map(([, value]) => value) : undefined;
      return { keys: all.map(([key]) => key), values, refusal };
    },
    end: () => over = true,
  };
}

function lockKeys<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  keys: ReadonlyArray<K>,
  values: ReadonlyArray<Option<V>> | undefined,
): Guarding<A, Err> {
  return hold(async (commit) => {
    const guards = guardsOf(tier, keys);
    if ("_tag" in guards) return E.left({ outcome: "aborted", error: guards });
    if (tier.switched !== undefined) await learned(tier, Infinity);
    const locked = tier.switched?.mode() === "off" ? [] : guards;
    const options = values === undefined ? {} : { written: () => values };
    return await runAttempt(tier, makeAttempt<K, V, P, N, A, Err>(tier, keys, locked, options, () => commit));
  });
}
