import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Deadline } from "../../deadline.ts";
import type { MutateOptions, Write } from "../../store.ts";
import { entriesBelow } from "../tier/effects.ts";
import { callOr } from "../tier/publish.ts";
import type { Names } from "./reads.ts";

/**
 * Writes keys, guarding the names of their values before and after.
 *
 * The names of before are read while the keys' locks are held: a rename by another writer would otherwise come between.
 */
export function writeNamed<N, K, V, A, Err>(
  names: Names<N, K, V>,
  keys: ReadonlyArray<K>,
  write: (within: Deadline) => Write<A, Err>,
  options: MutateOptions<K, V, A> = {},
): Write<A, Err> {
  const guarded = (within: Deadline): Write<A, Err> => async () => {
    const before = await namesNow(names, keys, within);
    if (before._tag === "Left") return E.left({ outcome: "aborted", error: before.left });
    const intended = callOr(() => namesOfAll(names, options.intended ?? []), []);
    let after: ReadonlyArray<N> | undefined;
    const noting = (inner: Deadline): Write<A, Err> => async () => {
      const done = await write(inner)();
      if (done._tag === "Right") after = await namesAfter(names, keys, options, done.right, inner);
      return done;
    };
    return await names.keys.mutate([...before.right, ...intended], noting, {
      within,
      // Where they could not be learnt, this throws, and the write is reported as unconfirmed.
      alsoWritten: () => after!.slice(),
    })();
  };
  return names.self.mutate(keys, guarded, options);
}

/** The names that the values have in the source. */
async function namesNow<N, K, V>(
  names: Names<N, K, V>,
  keys: ReadonlyArray<K>,
  within: Deadline,
): Promise<Either<CacheError, ReadonlyArray<N>>> {
  const values: Array<Option<V>> = [];
  for (const entry of await entriesBelow(names.self, keys, { force: true, deadline: within.left() })) {
    if (entry._tag === "Left") return entry;
    values.push(entry.right.value);
  }
  return namesOr(names, values);
}

/** The names of values, or why they cannot be told. */
export function namesOr<N, K, V>(
  names: Names<N, K, V>,
  values: ReadonlyArray<Option<V>>,
): Either<CacheError, ReadonlyArray<N>> {
  try {
    return E.right(namesOfAll(names, values));
  } catch {
    return E.left({ _tag: "KeyRefused", reason: "the function namesOf given to alias threw" });
  }
}

/** The names that the values have now: those that the writer tells, or else those that are read back. */
async function namesAfter<N, K, V, A>(
  names: Names<N, K, V>,
  keys: ReadonlyArray<K>,
  { written }: MutateOptions<K, V, A>,
  result: A,
  within: Deadline,
): Promise<ReadonlyArray<N> | undefined> {
  const told = written === undefined ? undefined : callOr(() => namesOfAll(names, written(result)), undefined);
  if (told !== undefined) return told;
  const now = await namesNow(names, keys, within);
  return now._tag === "Right" ? now.right : undefined;
}

function namesOfAll<N, K, V>({ namesOf }: Names<N, K, V>, values: ReadonlyArray<Option<V>>): ReadonlyArray<N> {
  return values.flatMap((value) => value._tag === "None" ? [] : namesOf(value.value));
}
