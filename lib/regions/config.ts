import type { MemoryTierOptions } from "../layer/memory.ts";
import type { SharedOptions } from "../layer/shared.ts";
import type { DurationLike } from "../duration.ts";

/**
 * Backends by name, and regions by name, as plain JSON.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { regions, type RegionsConfig } from "@lamina/cache";
 *
 * const config = {
 *   backends: { main: { memory: { capacity: 10_000 } }, off: { null: {} } },
 *   regions: {
 *     short: {
 *       tiers: [
 *         { shared: { backend: "main", ttl: "10m", grace: "1h" } },
 *         { memory: { capacity: 1_000, ttl: "60s" } },
 *       ],
 *     },
 *   },
 * } as const satisfies RegionsConfig;
 * assertEquals(regions(config)._tag, "Right");
 * ```
 */
export interface RegionsConfig {
  /** Where shared tiers keep their slots; none by default. */
  readonly backends?: Readonly<Record<string, BackendConfig>>;
  /** The regions. Each is a way to cache, for as many stores as one likes. */
  readonly regions: Readonly<Record<string, RegionConfig>>;
}

/**
 * What kind of backend it is, and its options: `memory` and `null` are known, others are made by the factories that the
 * application brings.
 */
export type BackendConfig =
  | { readonly memory: { readonly capacity: number; readonly maxBytes?: number } }
  | { readonly null: Readonly<Record<string, never>> }
  | Readonly<Record<string, object>>;

/** A region: its tiers, the first next to the source. */
export interface RegionConfig {
  /** The tiers; none at all is a region that caches nothing. */
  readonly tiers: ReadonlyArray<TierConfig>;
}

/** A tier: its kind and its options. */
export type TierConfig = { readonly memory: MemoryTierConfig } | { readonly shared: SharedTierConfig };

/** The options of a memory tier that JSON can say. */
export interface MemoryTierConfig
  extends Omit<MemoryTierOptions, "ttl" | "keys" | "sizeOf" | "room" | "observer" | "clock" | "background"> {
  /** How long entries are fresh. */
  readonly ttl: DurationLike;
}

/** The options of a shared tier that JSON can say. */
export interface SharedTierConfig extends
  Omit<
    SharedOptions<never>,
    "backend" | "name" | "codec" | "ttl" | "keys" | "switch" | "observer" | "clock" | "background"
  > {
  /** The name of a backend. */
  readonly backend: string;
  /** The namespace of its slots where a store brings none of its own; the region's name by default. */
  readonly name?: string;
  /**
   * How values become bytes where a store does not say: `json` (default) or `structured`, of whatever value, `bytes`, or
   * the name of a codec that the application brings.
   */
  readonly codec?: string;
  /** How long entries are fresh. */
  readonly ttl: DurationLike;
  /** Lets it be switched off and on for all processes while they run, by a key on its backend. */
  readonly switch?: { readonly poll?: DurationLike };
}
