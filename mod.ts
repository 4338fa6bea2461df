/**
 * A coherent cache: stack any tiers in front of a source of truth, and a completed write is never undone by a cache.
 *
 * A {@linkcode source} loads, and perhaps saves. A {@linkcode Layer} stands in front of a store and makes another:
 * {@linkcode shared} remembers for all processes, {@linkcode memory} for this one, {@linkcode batch} makes the reads of
 * one turn one load. Reads claim what they load and fill it by compare-and-swap; writes lock before they touch the
 * source. The protocol behind that, its invariants and the reasons are in `@lamina/cache/protocol`.
 *
 * @example Two tiers in front of a loader
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, memoryBackend, shared, source, writing } from "@lamina/cache";
 * import { right } from "fp-ts/lib/Either.js";
 * import { pipe } from "fp-ts/lib/function.js";
 * import { some } from "fp-ts/lib/Option.js";
 * import * as t from "io-ts";
 *
 * const names = new Map([[42, "Ada"]]);
 * await using users = pipe(
 *   source({ load: async (ids: ReadonlyArray<number>) => ids.map((id) => names.get(id)) }),
 *   shared({ backend: memoryBackend({ capacity: 1_000 }), name: "user", codec: t.string, ttl: "10m" }),
 *   memory({ capacity: 100, ttl: "60s" }),
 * );
 *
 * assertEquals(await users.get(42)(), right(some("Ada")));
 * await users.mutate([42], writing(async () => names.set(42, "Ada Lovelace")))();
 * assertEquals(await users.get(42)(), right(some("Ada Lovelace")));
 * ```
 *
 * **Gotchas**
 * - By itself a memory tier does not hear of writes by other processes: towards those it is stale by at most its ttl and
 *   grace. With `invalidations: { lease }`, over Redis, it is by less than that lease, whatever becomes of the word.
 * - What is written behind the store's back is not seen: say so with `invalidate`.
 * - A lease must be longer than a commit may take. A source that stops at its deadline (`within.signal`) is a fence: a
 *   write that goes on after its lease can only be bounded by the ttl.
 * - Values that are handed out by a memory tier are frozen.
 *
 * @module
 */
export * from "./lib/cache_error.ts";
export { type Cancel, type Clock, systemClock } from "./lib/clock.ts";
export * from "./lib/codec.ts";
export type { Deadline } from "./lib/deadline.ts";
export * from "./lib/draft.ts";
export * from "./lib/duration.ts";
export * from "./lib/key.ts";
export * from "./lib/layer.ts";
export * from "./lib/promises.ts";
export * from "./lib/relation.ts";
export * from "./lib/store.ts";
export { type OutcomeOf, writing } from "./lib/write.ts";
export * from "./lib/backend/memory.ts";
export * from "./lib/backend/null.ts";
export { type Backend, type Call, type Request, type Run, unreachable } from "./lib/backend/port.ts";
export * from "./lib/cached/cached.ts";
export * from "./lib/cached/cached_many.ts";
export * from "./lib/layer/alias.ts";
export * from "./lib/layer/batch.ts";
export * from "./lib/layer/hooks.ts";
export * from "./lib/layer/mapping.ts";
export * from "./lib/layer/memory.ts";
export * from "./lib/layer/observe.ts";
export * from "./lib/layer/request.ts";
export type { ScopeOptions } from "./lib/layer/request/options.ts";
export * from "./lib/layer/shared.ts";
export * from "./lib/layer/switch.ts";
export {
  type Counters,
  counters,
  type Observer,
  type ReadReport,
  type ReadsReport,
  type TierEvent,
  type TierTransition,
  type WriteReport,
} from "./lib/observe/observer.ts";
export * from "./lib/regions/late.ts";
export * from "./lib/regions/regions.ts";
export * from "./lib/request/prefetch.ts";
export * from "./lib/request/request.ts";
export * from "./lib/request/requests.ts";
export * from "./lib/source/http.ts";
export * from "./lib/source/source.ts";
export * from "./lib/source/transaction.ts";
export * from "./lib/transaction/promised.ts";
export * from "./lib/transaction/transaction.ts";
export type { Member, Part, Round, RoundEnd, Seat, Underway } from "./lib/joint.ts";
export type { Answer, Load, LoadContext, LoadOne, LoadRows } from "./lib/source/loader.ts";
export type { LifetimeOptions, Ttl } from "./lib/layer/tier/lifetime.ts";
export type { PolicyOptions } from "./lib/layer/tier/policy.ts";
export type { Probe } from "./lib/layer/tier/tier.ts";
