import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Backend } from "../backend/port.ts";
import type { Store } from "../store.ts";
import type { RegionsOptions, RegionUse, Surroundings } from "./build.ts";
import { backendOf, builtIn, layerOf } from "./build.ts";
import type { RegionConfig } from "./config.ts";
import type { Mistake } from "./mistake.ts";
import { mistakesOf, refusalOf } from "./mistake.ts";
import { isObject, listed } from "./shape.ts";
import { backendType, configType } from "./types.ts";

export type { BackendFactory, RegionsOptions, RegionUse } from "./build.ts";
export type {
  BackendConfig,
  MemoryTierConfig,
  RegionConfig,
  RegionsConfig,
  SharedTierConfig,
  TierConfig,
} from "./config.ts";
export { type Mistake, showMistake } from "./mistake.ts";

/** Makes a region's layer for a store. */
export interface RegionLayer {
  /** The layer for a store that says how its values become bytes, and, beside others of the region, its name. */
  <V>(region: string, use: RegionUse<V> & { readonly codec: unknown }): <K>(below: Store<K, V>) => Store<K, V>;
  /** The layer with the codec of the configuration, which decides when it runs what a value is. */
  (region: string, use?: { readonly name?: string }): <K, V>(below: Store<K, V>) => Store<K, V>;
}

/** Ways to cache, by name. Closing them closes their backends: close the stores before. */
export interface Regions extends AsyncDisposable {
  /** The names of the regions. */
  readonly names: ReadonlyArray<string>;
  /**
   * A region's layer. Each store that it is stacked on has a memory of its own; in shared tiers their names keep stores
   * apart, so that all but one store of a region bring one.
   *
   * Throws a RangeError if there is no such region, and, where it is stacked, if it does not fit the store.
   */
  readonly layer: RegionLayer;
  /** Closes the backends. */
  readonly close: () => Promise<void>;
}

/**
 * Regions from a plain JSON object: how to cache is said in one place, and what to cache where it is used.
 *
 * All mistakes are reported together. Backends are made to find out whether their options can be used; where there is a
 * mistake anywhere, they are closed again. The idea is dogpile's.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cached, regions } from "@lamina/cache";
 * import * as t from "io-ts";
 *
 * const made = regions({
 *   backends: { main: { memory: { capacity: 10_000 } } },
 *   regions: {
 *     short: {
 *       tiers: [
 *         { shared: { backend: "main", ttl: "10m", grace: "1h" } },
 *         { memory: { capacity: 1_000, ttl: "60s" } },
 *       ],
 *     },
 *   },
 * });
 * if (made._tag === "Left") throw new Error("the configuration is wrong");
 * await using caches = made.right;
 *
 * const loadName = async (id: number) => `user ${id}`;
 * await using userName = cached(loadName, { layer: caches.layer("short", { name: "user name", codec: t.string }) });
 * assertEquals(await userName(42), "user 42");
 * ```
 *
 * @example All mistakes at once
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { regions, showMistake } from "@lamina/cache";
 *
 * const made = regions({ regions: { short: { tiers: [{ memory: { capacity: 0, tll: "60s" } }] } } });
 * const mistakes = made._tag === "Left" ? made.left.map(showMistake) : [];
 * assertEquals(mistakes.length, 3);
 * assertEquals(
 *   mistakes[0],
 *   "Cannot configure .regions.short.tiers[0].memory.capacity: expected a positive whole number: received 0",
 * );
 * ```
 */
export function regions(config: unknown, options: RegionsOptions = {}): Either<ReadonlyArray<Mistake>, Regions> {
  const given = isObject(config) && isObject(config.backends) ? config.backends : {};
  const kinds = Object.keys(options.backends ?? {});
  const codecs = [...new Set([...Object.keys(builtIn), ...Object.keys(options.codecs ?? {})])];
  const decoded = configType({ backends: Object.keys(given), kinds, codecs }).decode(config);
  const { backends, mistakes } = makeBackends(given, kinds, options);
  const all = [...decoded._tag === "Left" ? mistakesOf(decoded.left) : [], ...mistakes];
  if (decoded._tag === "Left" || all.length > 0) {
    void closeAll(backends);
    return E.left(all);
  }
  const known = new Map(Object.entries(decoded.right.regions));
  return E.right(regionsOf(known, { backends, options, taken: new Set() }));
}

interface Made {
  readonly backends: ReadonlyMap<string, Backend<Uint8Array>>;
  readonly mistakes: ReadonlyArray<Mistake>;
}

/** The backends whose options have the right shape; the others were reported. */
function makeBackends(
  given: Readonly<Record<string, unknown>>,
  kinds: ReadonlyArray<string>,
  options: RegionsOptions,
): Made {
  const backends = new Map<string, Backend<Uint8Array>>();
  const mistakes: Array<Mistake> = [];
  const type = backendType(kinds);
  for (const [name, each] of Object.entries(given)) {
    const config = type.decode(each);
    if (config._tag === "Left") continue;
    try {
      backends.set(name, backendOf(config.right, options));
    } catch (error) {
      mistakes.push({ path: ["backends", name, Object.keys(config.right)[0]!], ...refusalOf(error) });
    }
  }
  return { backends, mistakes };
}

function regionsOf(known: ReadonlyMap<string, RegionConfig>, around: Surroundings): Regions {
  const names = [...known.keys()];
  const layer = <K, V>(region: string, use: RegionUse<V> = {}) => {
    const config = known.get(region);
    if (config === undefined) {
      throw new RangeError(`Cannot use a region: expected ${listed(names)}: received ${JSON.stringify(region)}`);
    }
    return layerOf<K, V>(around, region, config, use);
  };
  const close = (): Promise<void> => closeAll(around.backends);
  return { names, layer: layer as RegionLayer, close, [Symbol.asyncDispose]: close };
}

async function closeAll(backends: ReadonlyMap<string, Backend<Uint8Array>>): Promise<void> {
  await Promise.allSettled([...backends.values()].map((backend) => backend.close()));
}
