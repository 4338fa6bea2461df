import * as t from "io-ts";
import { memoryBackend } from "../backend/memory.ts";
import { nullBackend } from "../backend/null.ts";
import type { Backend } from "../backend/port.ts";
import type { Clock } from "../clock.ts";
import type { CodecLike } from "../codec.ts";
import { bytes, json, structured } from "../codec.ts";
import type { Layer } from "../layer.ts";
import { compose } from "../layer.ts";
import type { PolicyOptions } from "../layer/tier/policy.ts";
import { memory } from "../layer/memory.ts";
import { shared } from "../layer/shared.ts";
import type { Observer } from "../observe/observer.ts";
import type { Store } from "../store.ts";
import type { BackendConfig, RegionConfig, SharedTierConfig } from "./config.ts";

/** A backend from the options that stand in a configuration; throws while it checks them. */
export type BackendFactory = (options: never) => Backend<Uint8Array>;

/** What JSON cannot say, and the application brings. */
export interface RegionsOptions {
  /** Makes backends, by their kinds: `{ redis: redisBackend, sqlite: sqliteBackend }`. */
  readonly backends?: Readonly<Record<string, BackendFactory>>;
  /** Codecs by the names that the configuration has for them. */
  // deno-lint-ignore no-explicit-any -- a codec is invariant in its values, so that nothing else covers all codecs
  readonly codecs?: Readonly<Record<string, CodecLike<any>>>;
  /** Who is told of every tier's transitions and events. */
  readonly observer?: Observer;
  /** Told of what every tier does in the background. */
  readonly background?: NonNullable<PolicyOptions["background"]>;
  /** The time of every tier and of memory backends, `systemClock` by default. */
  readonly clock?: Clock;
}

/** What a store brings to a region that serves several. */
export interface RegionUse<V> {
  /** The namespace of its slots: stores of different things need different ones. */
  readonly name?: string;
  /** How its values become bytes. */
  readonly codec?: CodecLike<V>;
}

/** The codecs that need no application, of whatever value. */
export const builtIn: Readonly<Record<string, CodecLike<unknown>>> = {
  json: json(t.unknown),
  structured: structured(t.unknown),
  bytes: bytes as CodecLike<unknown>,
};

/** The backend of a configuration; what its factory throws is for the caller to report. */
export function backendOf(config: BackendConfig, { backends = {}, clock }: RegionsOptions): Backend<Uint8Array> {
  const [kind, options] = Object.entries(config)[0]!;
  const factory = Object.hasOwn(backends, kind) ? backends[kind] : undefined;
  // What it takes, only the factory knows; it checks.
  if (factory !== undefined) return factory(options as never);
  if (kind === "null") return nullBackend();
  const sizeOf = (payload: Uint8Array): number => payload.byteLength;
  return memoryBackend({ ...(options as { capacity: number }), sizeOf, ...(clock === undefined ? {} : { clock }) });
}

/** What regions have in common once they are configured. */
export interface Surroundings {
  readonly backends: ReadonlyMap<string, Backend<Uint8Array>>;
  readonly options: RegionsOptions;
  /** The names that stores took without bringing one, with their backends. */
  readonly taken: Set<string>;
}

/** A region's layer for one use of it. Throws a RangeError where it is stacked on a store that it does not fit. */
export function layerOf<K, V>(
  around: Surroundings,
  region: string,
  { tiers }: RegionConfig,
  use: RegionUse<V>,
): Layer<K, V> {
  const { observer, background, clock } = around.options;
  const given = {
    ...(observer === undefined ? {} : { observer }),
    ...(background === undefined ? {} : { background }),
    ...(clock === undefined ? {} : { clock }),
  };
  const layers = tiers.map((tier): Layer<K, V> => {
    if ("memory" in tier) return memory({ ...tier.memory, ...given });
    const { backend, name = region, codec = "json", ...rest } = tier.shared;
    // A codec of the configuration is not known to the compiler: what it decodes is taken at its word.
    const chosen = use.codec ?? (around.options.codecs?.[codec] ?? builtIn[codec]) as CodecLike<V>;
    return shared<CodecLike<V>, V>({
      ...rest,
      ...given,
      backend: around.backends.get(backend)!,
      name: use.name ?? name,
      codec: chosen,
    });
  });
  return (below) => {
    if (use.name === undefined) takeNames(around.taken, region, tiers.flatMap(sharedIn));
    return stacked(region, compose<K, V>(...layers), below);
  };
}

function sharedIn(tier: RegionConfig["tiers"][number]): ReadonlyArray<SharedTierConfig> {
  return "shared" in tier ? [tier.shared] : [];
}

/** Two stores under one name would read each other's values. */
function takeNames(taken: Set<string>, region: string, tiers: ReadonlyArray<SharedTierConfig>): void {
  for (const { backend, name = region } of tiers) {
    const place = JSON.stringify([backend, name]);
    if (taken.has(place)) {
      const wanted = `expected a name for each store after the first, such as layer("${region}", { name: "user" })`;
      throw new RangeError(`Cannot use the region ${region} again: ${wanted}: received none`);
    }
    taken.add(place);
  }
}

function stacked<K, V>(region: string, layer: Layer<K, V>, below: Store<K, V>): Store<K, V> {
  try {
    return layer(below);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`Cannot use the region ${region}: ${reason}`, { cause });
  }
}
