import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Unfit } from "../tier/tier.ts";
import { isolate } from "./isolate.ts";

/** Which entries hold what cannot be frozen, and are copied for each reader. */
export interface Isolation<V> {
  readonly mutable: WeakSet<Option<V>>;
  /** Whether there are any: most tiers hold plain data only, and are spared the look-up. */
  any: boolean;
}

/** None yet. */
export function makeIsolation<V>(): Isolation<V> {
  return { mutable: new WeakSet(), any: false };
}

/** Whether an entry is copied for each reader. */
export function isMutable<V>(isolation: Isolation<V>, payload: Option<V>): boolean {
  return isolation.any && isolation.mutable.has(payload);
}

/** The copy for one reader. */
export function copyOf<V>(value: Option<V>): Option<V> {
  return O.isNone(value) ? value : O.some(isolate(value.value).value);
}

/** A value as it is kept: a copy that nobody can change, or else one that is noted as mutable. */
export function packed<V>(value: Option<V>, isolation: Isolation<V>): E.Either<Unfit, Option<V>> {
  if (O.isNone(value)) return E.right(value);
  try {
    const isolated = isolate(value.value);
    const payload = O.some(isolated.value);
    if (isolated.mutable) {
      isolation.mutable.add(payload);
      isolation.any = true;
    }
    return E.right(payload);
  } catch {
    return E.left({
      _tag: "Unfit",
      kind: "unstorable",
      reason: "the value is nested too deeply to be copied, or a getter threw",
    });
  }
}
