import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import { late, orLate } from "../../deadline.ts";
import type { Duration } from "../../duration.ts";
import { identify } from "../../key.ts";
import type { Entry, ReadOptions, Store } from "../../store.ts";
import { entriesBelow } from "../tier/effects.ts";

/** A store and its names at work. */
export interface Names<N, K, V> {
  readonly self: Store<K, V>;
  readonly keys: Store<N, K>;
  readonly namesOf: (value: V) => ReadonlyArray<N>;
  readonly clock: Clock;
}

type Result<V> = Either<CacheError, Entry<V>>;

/** Reads by name: their keys, the values of these, and once more those that another name has by now. */
export async function entriesByName<N, K, V>(
  names: Names<N, K, V>,
  wanted: ReadonlyArray<N>,
  options: ReadOptions = {},
): Promise<ReadonlyArray<Result<V>>> {
  const { deadline = Infinity as Duration, ...rest } = options;
  const found = await orLate(names.clock, deadline, verified(names, wanted, rest));
  return found === late ? wanted.map(() => E.left(lateError)) : found;
}

const lateError: CacheError = { _tag: "TimedOut", waitingFor: "the value of a name" };

async function verified<N, K, V>(
  names: Names<N, K, V>,
  wanted: ReadonlyArray<N>,
  options: ReadOptions,
): Promise<ReadonlyArray<Result<V>>> {
  const found = await followed(names, wanted, options);
  const doubtful = found.flatMap((entry, i) => isDoubtful(names, entry, wanted[i]!) ? [i] : []);
  if (doubtful.length === 0) return found.map(({ value }) => value);
  const again = await followed(names, doubtful.map((i) => wanted[i]!), { ...options, force: true });
  const answers = found.map(({ value }) => value);
  doubtful.forEach((i, at) => {
    const entry = again[at]!;
    // What the source says twice: no value has the name.
    answers[i] = isDoubtful(names, entry, wanted[i]!) ? withoutValue(entry.value) : entry.value;
  });
  return answers;
}

/** What a name led to. */
interface Followed<V> {
  readonly value: Result<V>;
  /** Whether the name stands for a key at all. */
  readonly isNamed: boolean;
}

async function followed<N, K, V>(
  { self, keys }: Names<N, K, V>,
  wanted: ReadonlyArray<N>,
  options: ReadOptions,
): Promise<ReadonlyArray<Followed<V>>> {
  const ids = await entriesBelow(keys, wanted, options);
  const found = ids.flatMap((entry) =>
    entry._tag === "Right" && O.isSome(entry.right.value) ? [entry.right.value.value] : []
  );
  const values = found.length === 0 ? [] : await entriesBelow(self, found, options);
  let next = 0;
  return ids.map((entry) => {
    if (entry._tag === "Left") return { value: entry, isNamed: false };
    if (O.isNone(entry.right.value)) return { value: E.right({ ...entry.right, value: O.none }), isNamed: false };
    const value = values[next++]!;
    return { value: value._tag === "Left" ? value : E.right(joined(entry.right, value.right)), isNamed: true };
  });
}

/** A value by its name is known as well as the worse of the two it was made of. */
function joined<K, V>(key: Entry<K>, value: Entry<V>): Entry<V> {
  return {
    ...value,
    age: Math.max(key.age, value.age) as Duration,
    fresh: Math.min(key.fresh, value.fresh) as Duration,
    until: Math.min(key.until, value.until) as Duration,
    asOf: Math.min(key.asOf, value.asOf),
  };
}

function isDoubtful<N, K, V>(names: Names<N, K, V>, { value, isNamed: led }: Followed<V>, name: N): boolean {
  return led && value._tag === "Right" && !isNamed(names, value.right.value, name);
}

/** Whether a value has a name. */
export function isNamed<N, K, V>({ namesOf }: Names<N, K, V>, value: Option<V>, name: N): boolean {
  const id = identify(name);
  if (value._tag === "None" || id._tag === "Left") return false;
  try {
    return namesOf(value.value).some((each) => {
      const own = identify(each);
      return own._tag === "Right" && own.right === id.right;
    });
  } catch {
    return false;
  }
}

function withoutValue<V>(result: Result<V>): Result<V> {
  return result._tag === "Left" ? result : E.right({ ...result.right, value: O.none });
}
