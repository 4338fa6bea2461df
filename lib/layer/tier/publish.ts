import type { Option } from "fp-ts/lib/Option.js";
import type { Stored } from "../../protocol/slot.ts";
import { remaining } from "./lifetime.ts";
import type { Epoch } from "./epoch.ts";
import type { Tier } from "./tier.ts";
import type { Writing } from "./write_effects.ts";

/** What may be published for a key's position: what a read would now return, if the writer says so. */
export function publishing<K, V, P, N, A, Err>(
  tier: Tier<K, V, P, N>,
  attempt: Writing<K, V, A, Err, N>,
): (position: number) => Stored<P> | undefined {
  const { options: { written }, result } = attempt;
  if (tier.switched !== undefined && tier.switched.mode() !== "on") return () => undefined;
  if (written === undefined || result._tag === "None" || tier.keeps?.(undefined, 0) === false) return () => undefined;
  const values = callOr(() => written(result.value), []);
  if (values?.length !== attempt.keys.length) return () => undefined;
  const age = tier.clock.now() - attempt.begun;
  return (position) =>
    position < 0 ? undefined : storedOf(tier, values[position]!, attempt.keys[position]!, age, attempt.epoch);
}

function storedOf<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  value: Option<V>,
  key: K,
  age: number,
  epoch: Epoch | undefined,
): Stored<P> | undefined {
  const { sealing } = tier;
  if (sealing !== undefined && epoch === undefined) return undefined;
  const lifetime = tier.lifetime(value, key);
  if (lifetime === "do not store") return undefined;
  const packed = tier.pack(value);
  const { fresh, until } = remaining(lifetime, age, forever);
  if (packed._tag === "Left" || until <= 0) return undefined;
  const payload = sealing === undefined || epoch === undefined ? packed.right : sealing.seal(packed.right, epoch);
  return { payload, age, fresh, until };
}

/** What is known of a value that comes from no tier. */
const forever = { fresh: Infinity, until: Infinity } as const;

/** What a caller's function returns; where it throws, the write is committed all the same. */
export function callOr<A>(call: () => A, otherwise: A): A {
  try {
    return call();
  } catch {
    return otherwise;
  }
}
