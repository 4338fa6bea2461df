import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { bytes } from "../../codec.ts";
import { systemClock } from "../../clock.ts";
import { type Duration, milliseconds, showDuration } from "../../duration.ts";
import { fromVerbs } from "../../from_verbs.ts";
import { namespace } from "../../key.ts";
import { tick } from "../../sequence.ts";
import type { Store } from "../../store.ts";
import type { SharedOptions } from "../shared.ts";
import { tierStore } from "../tier/make.ts";
import { boundedOf } from "../tier/options.ts";
import type { EpochKey, SeenLease } from "../tier/region.ts";
import { longestEpochLease, makeRegion, newPart, open, seal } from "../tier/region.ts";
import type { Place, Sealing, TierParts } from "../tier/tier.ts";

/** The epoch of a tier: a tier of its own, in two slots of the namespace that no shard of a key has. */
export function sealingOf<V>(
  options: SharedOptions<V>,
  partsOf: (options: SharedOptions<Uint8Array>) => TierParts<unknown, Uint8Array, Uint8Array, string>,
): Sealing<Uint8Array> | undefined {
  const { epoch = "none", name, clock = systemClock } = options;
  if (epoch === "none") return undefined;
  const lease = epoch === "every read" ? milliseconds(0) : boundedOf("the lease of an epoch", epoch.lease);
  if (lease > longestEpochLease) {
    const wanted = `expected at most ${showDuration(milliseconds(longestEpochLease))}`;
    throw new RangeError(`Cannot lease an epoch in ${name}: ${wanted}: received ${showDuration(lease)}`);
  }
  const { prefix } = namespace({ namespace: name });
  const place = (key: unknown): Place<string> => ({ all: [`${prefix}epoch:${String(key)}`], reads: 1 });
  const parts = partsOf({ ...ofTheTier(options), name, codec: bytes, ttl: "forever", probe: "look", ...patience });
  const seen: SeenLease = { longest: 0 };
  const epochs = tierStore<EpochKey, Uint8Array, Uint8Array, string>({ ...parts, place }, beginnings(lease, seen));
  return { region: makeRegion(epochs, lease, clock, seen), seal, open };
}

/** A new epoch costs no load: who cannot have the one of another process soon passes the tier. */
const patience = { onBusy: { wait: "1s" } } as const;

/** What an epoch's slots have in common with those of the entries. */
function ofTheTier<V>({ backend, level, timeout, lease, clock }: SharedOptions<V>): Pick<
  SharedOptions<Uint8Array>,
  "backend" | "level" | "timeout" | "lease" | "clock"
> {
  return {
    backend,
    ...(level === undefined ? {} : { level }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(lease === undefined ? {} : { lease }),
    ...(clock === undefined ? {} : { clock }),
  };
}

const forever = milliseconds(Infinity);
const now = milliseconds(0);

/**
 * The source of epochs: a part that is missing, evicted or flushed begins anew, as one that never was before. Others may
 * still go by the one that vanished, for as long as any was leased that this process saw.
 */
function beginnings(lease: Duration, seen: SeenLease): Store<EpochKey, Uint8Array> {
  return fromVerbs<EpochKey, Uint8Array>({
    entries: (keys) => () => {
      const asOf = tick();
      const verdict = { _tag: "Loaded", tier: "epoch", level: "pinned" } as const;
      const begin = () => {
        const value = O.some(newPart(lease, seen.longest));
        return E.right({ value, age: now, fresh: forever, until: forever, verdict, asOf });
      };
      return Promise.resolve(keys.map(begin));
    },
    mutate: (_keys, write, options) => () => write(options!.within!)(),
    transact: () => () => Promise.resolve(E.left({ outcome: "aborted", error: { _tag: "Closed", what: "the epoch" } })),
    invalidateAll: () => () => Promise.resolve(E.right(undefined)),
    peek: () => O.none,
    save: O.none,
    commit: now,
    tiers: 0,
    close: () => Promise.resolve(),
  });
}
