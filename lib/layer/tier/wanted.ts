import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Stored } from "../../protocol/slot.ts";
import type { Duration } from "../../duration.ts";
import type { Entry, Verdict } from "../../store.ts";
import type { ReadingEnd } from "../../protocol/reading.ts";
import type { Question } from "./ask.ts";
import type { Read } from "./read.ts";
import { entryAtEnd, valueAtEnd } from "./read.ts";
import type { Tier } from "./tier.ts";

/** What is known about an answer beside its slots. */
export interface Asked extends Question {
  readonly verdict: Verdict;
}

/** A hit as a slot answered it. */
export type Hit = { readonly found: Stored<unknown>; readonly watched?: boolean };

/** What a reader wants to know in the end: a value costs less to say than all that is known about it. */
export interface Wanted<V, A> {
  /** Of a hit, which comes with its value unpacked. What was not asked for is not given. */
  readonly ofHit: (value: E.Right<Option<V>>, hit: Hit, asked: Asked | undefined) => A;
  readonly ofError: (error: Either<CacheError, never>) => A;
  /** Of a read that came to its end in the table. */
  readonly ofEnd: <K, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, end: ReadingEnd) => A;
  readonly wants: "value" | "entry";
}

/** The value of a key. */
export function valueWanted<V>(): Wanted<V, Either<CacheError, Option<V>>> {
  return {
    wants: "value",
    ofHit: (value) => value,
    ofError: (error) => error,
    ofEnd: valueAtEnd,
  };
}

/** The entry of a key. */
export function entryWanted<V>(): Wanted<V, Either<CacheError, Entry<V>>> {
  return {
    wants: "entry",
    ofHit: ({ right }, hit, asked) => E.right(entryOf(right, hit, asked!)),
    ofError: (error) => error,
    ofEnd: entryAtEnd,
  };
}

/** What is known about a hit; the server answered at some moment since it was asked, so of what is left the least counts. */
function entryOf<V>(value: Option<V>, { found, watched }: Hit, { asOf, took, verdict }: Asked): Entry<V> {
  return {
    value,
    age: found.age as Duration,
    fresh: found.fresh as Duration,
    until: Math.max(0, found.until - took) as Duration,
    verdict,
    asOf,
    ...(watched === true ? { watched } : {}),
  };
}
