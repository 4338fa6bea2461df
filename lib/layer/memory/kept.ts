import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Lens } from "../../backend/memory_columns.ts";
import type { Isolation } from "./isolation.ts";

/** What stands for "no such key" among what a memory tier keeps. */
const nothing: unique symbol = Symbol("nothing");

/** What stands for the value `undefined`. */
const unset: unique symbol = Symbol("unset");

/** Keeps the bare value of a key: the option round it is made anew for who wants one. */
export function optionLens<V>(isolation: Isolation): Lens<Option<V>> {
  return {
    keep: (entry) => {
      if (O.isSome(entry) && entry.value !== undefined) return entry.value;
      isolation.plain = false;
      return O.isNone(entry) ? nothing : unset;
    },
    take: optionOf,
  };
}

/** What a memory tier keeps, as an option. */
export function optionOf<V>(kept: unknown): Option<V> {
  if (kept === nothing) return O.none;
  return { _tag: "Some", value: (kept === unset ? undefined : kept) as V };
}
