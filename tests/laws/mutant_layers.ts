/** Layers that break a law each, all made from one that keeps them: a map in front of a store. */
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError, Entry, Layer, Verbs } from "../../mod.ts";
import { fromVerbs } from "../../mod.ts";

type Texts = Verbs<string, string>;
type Result = E.Either<CacheError, Entry<string>>;

/** A layer's verbs, changed. */
export type Change = (verbs: Texts, known: Map<string, Entry<string>>, below: Texts) => Texts;

/** A layer that remembers what it reads and forgets what is written, changed in one way. */
export function changed(change: Change): Layer<string, string> {
  return (below) => {
    const known = new Map<string, Entry<string>>();
    const forget = (keys: ReadonlyArray<string>) => keys.forEach((key) => known.delete(key));
    const verbs: Texts = {
      ...below,
      tiers: below.tiers + 1,
      entries: (keys, options) => async () => {
        const missing = [...new Set(options?.force === true ? keys : keys.filter((key) => !known.has(key)))];
        const loaded = missing.length === 0 ? [] : await below.entries(missing, options)();
        const results = new Map<string, Result>(missing.map((key, i) => [key, loaded[i]!]));
        for (const [key, result] of results) if (E.isRight(result)) known.set(key, result.right);
        return keys.map((key): Result => results.get(key) ?? E.right(known.get(key)!));
      },
      mutate: (keys, write, options) => async () => {
        const done = await below.mutate(keys, write, options)();
        // What is unknown stays so for as long as a lease; this one does not try to be clever.
        forget(keys);
        if (E.isRight(done)) forget(options?.alsoWritten?.(done.right) ?? []);
        return done;
      },
      transact: (body, options) => async () => {
        const written: Array<string> = [];
        const done = await below.transact((tx) =>
          body({
            get: tx.get,
            put: (key, value) => (written.push(key), tx.put(key, value)),
            remove: (key) => (written.push(key), tx.remove(key)),
          }), options)();
        forget(written);
        return done;
      },
      peek: (key) => O.map(({ value }: Entry<string>) => value)(O.fromNullable(known.get(key))),
      close: async () => {
        known.clear();
        await below.close();
      },
    };
    return fromVerbs(change(verbs, known, below));
  };
}

function reading(
  change: (results: ReadonlyArray<Result>, keys: ReadonlyArray<string>) => ReadonlyArray<Result>,
): Change {
  return (verbs) => ({
    ...verbs,
    entries: (keys, options) => async () => change(await verbs.entries(keys, options)(), keys),
  });
}

function withValue(result: Result, value: (of: Option<string>) => Option<string>): Result {
  return E.map((entry: Entry<string>): Entry<string> => ({ ...entry, value: value(entry.value) }))(result);
}

/** What each of them does, and the law that it breaks. */
export const mutants: Readonly<Record<string, readonly [law: string, change: Change]>> = {
  "drops duplicates": [
    "in order, with duplicates",
    reading((results, keys) => results.filter((_, i) => keys.indexOf(keys[i]!) === i)),
  ],
  "answers in the order of the keys' names": [
    "in order, with duplicates",
    reading((results, keys) =>
      keys.map((_, i) => i).sort((a, b) => keys[a]! < keys[b]! ? -1 : 1).map((i) => results[i]!)
    ),
  ],
  "takes an empty value for none": [
    "no such key",
    reading((results) =>
      results.map((each) => withValue(each, (value) => O.isSome(value) && value.value === "" ? O.none : value))
    ),
  ],
  "takes none for an empty value": [
    "no such key",
    reading((results) => results.map((each) => withValue(each, (value) => O.isNone(value) ? O.some("") : value))),
  ],
  "swallows absent keys": [
    "no such key",
    reading((results) => results.filter((each) => E.isLeft(each) || O.isSome(each.right.value))),
  ],
  "does not forget what is written": [
    "after a committed write",
    (verbs, _known, below) => ({ ...verbs, mutate: below.mutate }),
  ],
  "forgets before the write, and not after it": [
    "after a committed write",
    (verbs, known, below) => ({
      ...verbs,
      mutate: (keys, write, options) => async () => {
        keys.forEach((key) => known.delete(key));
        // Somebody reads before the commit; here it is the layer itself.
        await verbs.entries(keys)();
        return await below.mutate(keys, write, options)();
      },
    }),
  ],
  "forgets only the first of the keys that are written": [
    "after a committed write",
    (verbs, known, below) => ({
      ...verbs,
      mutate: (keys, write, options) => async () => {
        const done = await below.mutate(keys, write, options)();
        known.delete(keys[0]!);
        return done;
      },
    }),
  ],
  "does not hear of keys that are known only afterwards": [
    "after a committed write",
    (verbs) => ({
      ...verbs,
      mutate: (keys, write, { alsoWritten: _, ...options } = {}) => verbs.mutate(keys, write, options),
    }),
  ],
  "does not forget what is only invalidated": [
    "after invalidate",
    (verbs, _known, below) => ({
      ...verbs,
      mutate: (keys, write, options) => (options === undefined ? below : verbs).mutate(keys, write, options),
    }),
  ],
  "stores what is going to be written before it is": [
    "an aborted write",
    (verbs, known) => ({
      ...verbs,
      mutate: (keys, write, options = {}) => async () => {
        const done = await verbs.mutate(keys, write, options)();
        options.intended?.forEach((value, i) => {
          const entry = { value, age: 0, fresh: Infinity, until: Infinity, asOf: 0 } as unknown as Entry<string>;
          known.set(keys[i]!, entry);
        });
        return done;
      },
    }),
  ],
  "keeps what it has where the outcome is unknown": [
    "unknown outcome",
    (verbs, known, below) => ({
      ...verbs,
      mutate: (keys, write, options) => async () => {
        const done = await below.mutate(keys, write, options)();
        const forgets = E.isRight(done) || done.left.outcome !== "unknown";
        if (forgets) {
          [...keys, ...E.isRight(done) ? options?.alsoWritten?.(done.right) ?? [] : []].forEach((key) =>
            known.delete(key)
          );
        }
        return done;
      },
    }),
  ],
  "does not forget what a transaction wrote": [
    "after a transaction",
    (verbs, _known, below) => ({ ...verbs, transact: below.transact }),
  ],
  "answers reads of a transaction from what it remembers": [
    "after a transaction",
    (verbs, known) => ({
      ...verbs,
      transact: (body, options) =>
        verbs.transact((tx) =>
          body({
            ...tx,
            get: (key) => known.has(key) ? () => Promise.resolve(E.right(known.get(key)!.value)) : tx.get(key),
          }), options),
    }),
  ],
  "runs a transaction of several stores as one of its own": [
    "after a transaction",
    (verbs) => ({ ...verbs, transact: (body) => verbs.transact(body) }),
  ],
  "keeps what a transaction was going to write": [
    "an aborted write",
    (verbs, known) => ({
      ...verbs,
      transact: (body, options) => async () => {
        const going = new Map<string, Entry<string>>();
        const done = await verbs.transact((tx) =>
          body({
            ...tx,
            put: (key, value) => {
              const entry = { value: O.some(value), age: 0, fresh: Infinity, until: Infinity, asOf: 0 };
              going.set(key, entry as unknown as Entry<string>);
              return tx.put(key, value);
            },
          }), options)();
        going.forEach((entry, key) => known.set(key, entry));
        return done;
      },
    }),
  ],
  "keeps what it has where the outcome of a transaction is unknown": [
    "unknown outcome",
    (verbs, known) => ({
      ...verbs,
      transact: (body, options) => async () => {
        const before = new Map(known);
        const done = await verbs.transact(body, options)();
        if (E.isLeft(done) && done.left.outcome === "unknown") before.forEach((entry, key) => known.set(key, entry));
        return done;
      },
    }),
  ],
  "takes an unknown outcome for an aborted one": [
    "unknown outcome",
    (verbs) => ({
      ...verbs,
      mutate: (keys, write, options) => async () => {
        const done = await verbs.mutate(keys, write, options)();
        return E.isLeft(done) && done.left.outcome === "unknown" ? E.left({ ...done.left, outcome: "aborted" }) : done;
      },
    }),
  ],
  "tries an aborted write again": [
    "an aborted write",
    (verbs) => ({
      ...verbs,
      mutate: (keys, write, options) => async () => {
        const done = await verbs.mutate(keys, write, options)();
        return E.isLeft(done) && done.left.outcome === "aborted" ? await verbs.mutate(keys, write, options)() : done;
      },
    }),
  ],
  "peeks at what was there before": [
    "peek never disagrees",
    (verbs) => {
      const seen = new Map<string, Option<string>>();
      return {
        ...verbs,
        peek: (key) => {
          const known = verbs.peek(key);
          if (!seen.has(key) && O.isSome(known)) seen.set(key, known.value);
          return O.fromNullable(seen.get(key));
        },
      };
    },
  ],
  "peeks at none where it does not know": [
    "peek never disagrees",
    (verbs) => ({ ...verbs, peek: (key) => O.orElse<Option<string>>(() => O.some(O.none))(verbs.peek(key)) }),
  ],
  "loads before its task is run": [
    "before a task is run",
    (verbs) => ({
      ...verbs,
      entries: (keys, options) => {
        const entries = verbs.entries(keys, options)();
        return () => entries;
      },
    }),
  ],
  "goes on after it is closed": ["once it is closed", (verbs) => ({ ...verbs, close: () => Promise.resolve() })],
  "rejects once it is closed": [
    "once it is closed",
    (verbs, _known, below) => {
      let closed = false;
      return {
        ...verbs,
        entries: (keys, options) => closed ? () => Promise.reject(new Error("closed")) : verbs.entries(keys, options),
        close: () => {
          closed = true;
          return below.close();
        },
      };
    },
  ],
};
