import * as O from "fp-ts/lib/Option.js";
import { isLocked, isRefused, readKeys } from "../deno_kv.ts";
import type { Store } from "../store.ts";
import { idOf } from "./loader.ts";
import type { SourceOptions } from "./source.ts";
import { source } from "./source.ts";
import type { Attempt, Operations, TransactionFailure } from "./transaction.ts";

/** A source in Deno KV. */
export interface DenoKvSource<K, V> extends Pick<SourceOptions<K, V>, "commit" | "loadTimeout" | "clock"> {
  /** The database, which is left open when the store is closed. */
  readonly kv: Deno.Kv;
  /** Where a key stands in it. */
  readonly at: (key: K) => Deno.KvKey;
  /** Checks what was found, and makes a value of it; what it throws fails that key. Without it, it is believed. */
  readonly decode?: (found: unknown) => V;
  /** How many times a transaction's body is run at most while it meets others, 5 by default. */
  readonly attempts?: number;
  /** How many keys a transaction may write at most, 1,000 by default, which is KV's own limit. */
  readonly maxKeys?: number;
}

type Entry = Deno.KvEntryMaybe<unknown>;

/** What an attempt read, by its version, and what it is going to write. */
interface Touched {
  readonly read: Map<unknown, Entry>;
  readonly written: Map<unknown, { readonly key: Deno.KvKey; readonly value: O.Option<unknown> }>;
}

/**
 * The store of a part of a Deno KV database, to stack tiers on, with transactions.
 *
 * A transaction writes nothing before its commit, which is one atomic operation: it checks the version of each key that
 * the body read, and a conflict runs the body anew. What KV refuses (a value above 64 KiB, a key above 2 KiB, more than
 * 100 keys read or 1,000 written, 800 KiB in all) is `aborted` before any effect, with KV's own message. The server knows
 * of no deadline, so this source is no fence: a commit that was not answered in time may still take effect.
 *
 * @example Two counters that move together
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { denoKvSource } from "@lamina/cache/deno-kv";
 * import { getOrElse, some } from "fp-ts/lib/Option.js";
 * import { right } from "fp-ts/lib/Either.js";
 * import { pipe } from "fp-ts/lib/function.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 *
 * const kv = await Deno.openKv(":memory:");
 * await using counts = denoKvSource({ kv, at: (name: string) => ["count", name], decode: Number });
 *
 * const done = await counts.transact((tx) =>
 *   pipe(
 *     tx.get("visits"),
 *     TE.map(getOrElse(() => 0)),
 *     TE.tap((visits) => tx.put("visits", visits + 1)),
 *     TE.flatMap((visits) => tx.put("total", visits + 1)),
 *   )
 * )();
 * assertEquals(done, right(undefined));
 * assertEquals(await counts.get("total")(), right(some(1)));
 * kv.close();
 * ```
 *
 * **Gotchas**
 * - What a body reads of several keys is known to belong together only when it commits, also if it writes nothing.
 */
export function denoKvSource<K, V>(options: DenoKvSource<K, V>): Store<K, V> {
  const { kv, at, attempts, maxKeys, decode = (found) => found as V, ...rest } = options;
  return source<K, V>({
    ...rest,
    load: async (keys) => {
      const entries = await readKeys(kv, keys.map(at));
      return entries.map((entry) => isThere(entry) ? orError(() => decode(entry.value)) : undefined);
    },
    transaction: {
      begin: () => Promise.resolve(attemptOf(kv, at, decode)),
      attempts,
      maxKeys,
      joining: { place: ["Deno KV", kv], join: (attempt) => operationsOn(kv, at, decode, touchedIn(attempt)) },
    },
  });
}

function isThere(entry: Entry): boolean {
  return entry.versionstamp !== null;
}

function orError<V>(decode: () => V): V | Error {
  try {
    return decode();
  } catch (cause) {
    return cause instanceof Error ? cause : new Error("Cannot decode what Deno KV holds", { cause });
  }
}

/** What attempts touch, for the sources that join them. */
const touchedBy = new WeakMap<object, Touched>();

function touchedIn(attempt: object): Touched {
  const touched = touchedBy.get(attempt);
  if (touched === undefined) throw new Error("Cannot join a transaction: it is none of Deno KV");
  return touched;
}

function attemptOf<K, V>(kv: Deno.Kv, at: (key: K) => Deno.KvKey, decode: (found: unknown) => V): Attempt<K, V> {
  const touched: Touched = { read: new Map(), written: new Map() };
  let committing = false;
  const attempt: Attempt<K, V> = {
    ...operationsOn(kv, at, decode, touched),
    commit: async () => {
      const operation = commitOf(kv, touched);
      committing = true;
      if (!(await operation.commit()).ok) throw new Conflict();
    },
    rollback: () => Promise.resolve(),
    failureOf: (error): TransactionFailure => {
      if (error instanceof Conflict || isLocked(error)) return "conflict";
      return committing && !isRefused(error) ? "unknown" : "aborted";
    },
  };
  touchedBy.set(attempt, touched);
  return attempt;
}

class Conflict extends Error {
  constructor() {
    super("Cannot commit the transaction: another one wrote what it read");
  }
}

function operationsOn<K, V>(
  kv: Deno.Kv,
  at: (key: K) => Deno.KvKey,
  decode: (found: unknown) => V,
  touched: Touched,
): Operations<K, V> {
  const write = (key: Deno.KvKey, value: O.Option<unknown>): void =>
    void touched.written.set(idOf(key), { key, value });
  return {
    get: async (key) => {
      const place = at(key);
      const written = touched.written.get(idOf(place));
      if (written !== undefined) return O.isSome(written.value) ? decode(written.value.value) : undefined;
      const entry = await kv.get<unknown>(place);
      const before = touched.read.get(idOf(place));
      if (before !== undefined && before.versionstamp !== entry.versionstamp) throw new Conflict();
      touched.read.set(idOf(place), entry);
      return isThere(entry) ? decode(entry.value) : undefined;
    },
    put: async (key, value) => await write(at(key), O.some(value)),
    remove: async (key) => await write(at(key), O.none),
  };
}

function commitOf(kv: Deno.Kv, { read, written }: Touched): Deno.AtomicOperation {
  const operation = kv.atomic();
  for (const { key, versionstamp } of read.values()) operation.check({ key, versionstamp });
  for (const { key, value } of written.values()) {
    if (O.isSome(value)) operation.set(key, value.value);
    else operation.delete(key);
  }
  return operation;
}
