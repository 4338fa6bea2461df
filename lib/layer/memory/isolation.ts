import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Unfit } from "../tier/tier.ts";
import { isolate } from "./isolate.ts";

/** Which values hold what cannot be frozen, and are copied for each reader. */
export interface Isolation {
  readonly mutable: WeakSet<WeakKey>;
  /** Whether there are any: most tiers hold plain data only, and are spared the look-up. */
  any: boolean;
  /** Whether all that a tier keeps is handed out as it is kept: most are spared to look at all. */
  plain: boolean;
}

/** None yet. */
export function makeIsolation(): Isolation {
  return { mutable: new WeakSet(), any: false, plain: true };
}

/** Whether what an entry holds is copied for each reader. */
export function isMutable<V>(isolation: Isolation, entry: Option<V>): boolean {
  return isolation.any && O.isSome(entry) && isMutableValue(isolation, entry.value);
}

/** Whether a value is copied for each reader. */
export function isMutableValue({ any, mutable }: Isolation, value: unknown): boolean {
  return any && typeof value === "object" && value !== null && mutable.has(value);
}

/** An entry as one reader gets it. */
export function unlessMutable<V>(isolation: Isolation, entry: Option<V>): Option<V> {
  return isMutable(isolation, entry) ? copyOf(entry) : entry;
}

/** The copy for one reader. */
export function copyOf<V>(value: Option<V>): Option<V> {
  return O.isNone(value) ? value : O.some(isolate(value.value).value);
}

/** A value as it is kept: a copy that nobody can change, or else one that is noted as mutable. */
export function packed<V>(value: Option<V>, isolation: Isolation): E.Either<Unfit, Option<V>> {
  if (O.isNone(value)) return E.right(value);
  try {
    const isolated = isolate(value.value);
    if (isolated.mutable) {
      // Only an object holds what cannot be frozen, and its copy is a new one.
      isolation.mutable.add(isolated.value as WeakKey);
      isolation.any = true;
      isolation.plain = false;
    }
    return E.right(O.some(isolated.value));
  } catch {
    return E.left({
      _tag: "Unfit",
      kind: "unstorable",
      reason: "the value is nested too deeply to be copied, or a getter threw",
    });
  }
}
