import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import type { World, WorldListener } from "../changes.ts";
import type { Cancel } from "../clock.ts";
import { fromVerbs } from "../from_verbs.ts";
import type { Store, Write } from "../store.ts";
import type { RegionsOptions, RegionUse } from "./build.ts";
import type { Mistake } from "./mistake.ts";
import { refusalOf } from "./mistake.ts";
import type { RegionLayer, Regions } from "./regions.ts";
import { regions } from "./regions.ts";

/** Regions that are used before they are configured. */
export interface LateRegions extends Regions {
  /**
   * Configures the regions, once; from then on their stores answer. Beside what {@linkcode regions} reports it is a
   * mistake that a region in use is missing, or does not fit the store it stands in front of; then nothing is configured.
   */
  readonly configure: (config: unknown, options?: RegionsOptions) => Either<ReadonlyArray<Mistake>, void>;
}

/** A store that waits for its region. */
interface Waiting {
  readonly region: string;
  /** Builds it; what it returns puts it to use. Throws a RangeError where that cannot be done. */
  readonly build: (regions: Regions) => () => void;
}

interface State {
  regions: Regions | undefined;
  readonly waiting: Set<Waiting>;
  closed: boolean;
}

/**
 * Regions whose layers stand at once, as where modules define their cached functions, and that are configured later,
 * when the program has read its configuration. Until then their stores answer `Unsupported`, which says so.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { cached, CacheReadError, lateRegions } from "@lamina/cache";
 *
 * await using caches = lateRegions();
 * await using double = cached(async (n: number) => 2 * n, { layer: caches.layer("short") });
 * const early = await double(21).catch((error: CacheReadError) => error.message);
 * assertEquals(early, "Cannot read in this store: its region short is not configured; configure the regions first");
 *
 * caches.configure({ regions: { short: { tiers: [{ memory: { capacity: 100, ttl: "60s" } }] } } });
 * assertEquals(await double(21), 42);
 * ```
 */
export function lateRegions(): LateRegions {
  const state: State = { regions: undefined, waiting: new Set(), closed: false };
  const close = async (): Promise<void> => {
    state.closed = true;
    await state.regions?.close();
  };
  const layer = <K, V>(region: string, use: RegionUse<V> = {}) => (below: Store<K, V>): Store<K, V> =>
    state.regions === undefined
      ? lateStore(state, region, use, below)
      : layerIn<K, V>(state.regions, region, use)(below);
  return {
    get names() {
      return state.regions?.names ?? [];
    },
    layer: layer as RegionLayer,
    configure: (config, options) => configured(state, config, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function configured(
  state: State,
  config: unknown,
  options: RegionsOptions | undefined,
): Either<ReadonlyArray<Mistake>, void> {
  if (state.regions !== undefined || state.closed) {
    const received = state.closed ? "one after they were closed" : "a second one";
    return E.left([{ path: [], expected: "one configuration", received }]);
  }
  const made = regions(config, options);
  if (made._tag === "Left") return made;
  const mistakes: Array<Mistake> = [];
  const uses: Array<() => void> = [];
  for (const { region, build } of state.waiting) {
    try {
      uses.push(build(made.right));
    } catch (error) {
      const mistake = made.right.names.includes(region)
        ? refusalOf(error)
        : { expected: "a region that is in use", received: "nothing" };
      mistakes.push({ path: ["regions", region], ...mistake });
    }
  }
  if (mistakes.length > 0) {
    void made.right.close();
    return E.left(mistakes);
  }
  uses.forEach((use) => use());
  state.waiting.clear();
  state.regions = made.right;
  return E.right(undefined);
}

function layerIn<K, V>(regions: Regions, region: string, use: RegionUse<V>): (below: Store<K, V>) => Store<K, V> {
  // Of the two ways to call it, the one without a codec has the more general result.
  return regions.layer(region, use as { readonly name?: string });
}

/** The store of a region that is not known yet. It counts as one tier: those above clear then, and never publish. */
function lateStore<K, V>(state: State, region: string, use: RegionUse<V>, below: Store<K, V>): Store<K, V> {
  let inner: Store<K, V> | undefined;
  let closed = false;
  const { world, known } = lateWorld();
  const waiting: Waiting = {
    region,
    build: (regions) => {
      const built = layerIn<K, V>(regions, region, use)(below);
      return () => {
        inner = built;
        known(built.changes?.world);
      };
    },
  };
  state.waiting.add(waiting);
  const refusal = (operation: string): CacheError =>
    closed ? { _tag: "Closed", what: region } : tooEarly(operation, region);
  const orRefuse = <A, Err>(operation: string, write: (store: Store<K, V>) => Write<A, Err>): Write<A, Err> => () =>
    inner === undefined ? Promise.resolve(E.left({ outcome: "aborted", error: refusal(operation) })) : write(inner)();
  const store = fromVerbs<K, V>({
    ...below,
    entries: (keys, options) => () =>
      inner === undefined ? Promise.resolve(keys.map(() => E.left(refusal("read")))) : inner.entries(keys, options)(),
    mutate: (keys, write, options) => orRefuse("write", (store) => store.mutate(keys, write, options)),
    transact: (body, options) => orRefuse("transact", (store) => store.transact(body, options)),
    invalidateAll: (options) => orRefuse("invalidate", (store) => store.invalidateAll(options)),
    peek: (key) => inner === undefined ? O.none : inner.peek(key),
    tiers: below.tiers + 1,
    // Word of slots is asked for when a tier is built, and nobody knows yet who sends it.
    changes: { world, slots: undefined },
    close: async () => {
      closed = true;
      state.waiting.delete(waiting);
      await (inner ?? below).close();
    },
  });
  // Tiers have a quicker way to a value than to all that is known about it.
  return {
    ...store,
    get: (key, options) => (inner ?? store).get(key, options),
  };
}

/** The epoch of a region that is not known yet: until then nothing is read, so nobody goes by it. */
function lateWorld(): { readonly world: World; readonly known: (world: World | undefined) => void } {
  const waiting = new Map<WorldListener, Cancel | undefined>();
  let inner: World | undefined;
  return {
    world: {
      listen: (listener) => {
        if (inner !== undefined) return inner.listen(listener);
        waiting.set(listener, undefined);
        return () => {
          waiting.get(listener)?.();
          waiting.delete(listener);
        };
      },
      renew: async (within) => await inner?.renew(within),
    },
    known: (world) => {
      inner = world;
      for (const listener of waiting.keys()) waiting.set(listener, world?.listen(listener));
    },
  };
}

function tooEarly(operation: string, region: string): CacheError {
  return {
    _tag: "Unsupported",
    operation,
    instead: `its region ${region} is not configured; configure the regions first`,
  };
}
