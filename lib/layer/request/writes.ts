import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Deadline } from "../../deadline.ts";
import { milliseconds } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import { identify } from "../../key.ts";
import { tick } from "../../sequence.ts";
import type {
  InvalidateAllOptions,
  MutateOptions,
  Transaction,
  TransactOptions,
  Write,
  WriteFailure,
} from "../../store.ts";
import { callOr } from "../tier/publish.ts";
import type { Memo } from "./memo.ts";
import { beginWriting, endWriting, forget, forgetAll, keep, ownVerdict, toKeep } from "./memo.ts";
import type { Scoped } from "./scoped.ts";

/** Writes through the stack; afterwards the request knows what was written, or nothing. */
export async function writeAll<K, V, A, Err>(
  { below, memo }: Scoped<K, V>,
  keys: ReadonlyArray<K>,
  write: (within: Deadline) => Write<A, Err>,
  options: MutateOptions<K, V, A> = {},
): Promise<Either<WriteFailure<Err>, A>> {
  // The last position of a key is the one whose written value counts.
  const positions = new Map<Identity, number>();
  for (let i = 0; i < keys.length; i++) {
    const id = identify(keys[i]);
    if (id._tag === "Left") return aborted({ _tag: "KeyRefused", reason: id.left.reason });
    positions.set(id.right, i);
  }
  const asOf = tick();
  beginWriting(memo, positions.keys());
  const done = await settled(below.mutate(keys, write, options));
  const values = done._tag === "Left" ? undefined : writtenOf(keys, options, done.right);
  for (const [id, position] of positions) {
    if (endWriting(memo, id) && values !== undefined) tell(memo, id, values[position]!, asOf);
  }
  if (done._tag === "Right") forgetOthers(memo, options, done.right);
  return done;
}

/** Remembers a value that nobody read; it is none for a tier above. */
export function tell<V>(memo: Memo<V>, id: Identity, told: Option<V>, asOf: number): void {
  const value = toKeep(memo, told);
  if (value === undefined) return;
  keep(memo, id, E.right({ value, age: none, fresh: none, until: none, verdict: ownVerdict, asOf }));
}

const none = milliseconds(0);

function writtenOf<K, V, A>(
  keys: ReadonlyArray<K>,
  { written }: MutateOptions<K, V, A>,
  result: A,
): ReadonlyArray<Option<V>> | undefined {
  const values = written === undefined ? undefined : callOr(() => written(result), undefined);
  return values?.length === keys.length ? values : undefined;
}

/** Forgets keys that are known only now; if they cannot be told, everything. */
function forgetOthers<K, V, A>(memo: Memo<V>, { alsoWritten }: MutateOptions<K, V, A>, result: A): void {
  if (alsoWritten === undefined) return;
  const keys = callOr(() => alsoWritten(result), undefined);
  if (keys === undefined) return forgetAll(memo);
  for (const key of keys) {
    const id = identify(key);
    if (id._tag === "Right") forget(memo, id.right);
  }
}

/** Runs a transaction below; what its attempts wrote is forgotten. */
export async function transactAll<K, V, A, Err>(
  { below, memo }: Scoped<K, V>,
  body: (tx: Transaction<K, V>) => TaskEither<Err, A>,
  options?: TransactOptions,
): Promise<Either<WriteFailure<Err>, A>> {
  const touched = new Set<Identity>();
  const touch = (key: K): void => {
    const id = identify(key);
    if (id._tag === "Left" || touched.has(id.right)) return;
    touched.add(id.right);
    beginWriting(memo, [id.right]);
  };
  const done = await settled(below.transact((tx) =>
    body({
      get: tx.get,
      put: (key, value) => (touch(key), tx.put(key, value)),
      remove: (key) => (touch(key), tx.remove(key)),
    }), options));
  for (const id of touched) endWriting(memo, id);
  return done;
}

/** Invalidates every tier, and forgets everything. */
export async function invalidateEverything<K, V>(
  { below, memo }: Scoped<K, V>,
  options: InvalidateAllOptions | undefined,
): Promise<Either<WriteFailure<never>, void>> {
  forgetAll(memo);
  const done = await settled(below.invalidateAll(options));
  forgetAll(memo);
  return done;
}

/** A write of a store that may be somebody else's: one that rejects may have been applied. */
async function settled<A, Err>(write: Write<A, Err>): Promise<Either<WriteFailure<Err>, A>> {
  try {
    return await write();
  } catch (cause) {
    return E.left({ outcome: "unknown", error: { _tag: "SourceFailed", cause } });
  }
}

/** A write that was not begun. */
export function aborted(error: WriteFailure<never>["error"]): Either<WriteFailure<never>, never> {
  return E.left({ outcome: "aborted", error });
}
