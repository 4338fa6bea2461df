import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { BatchOptions, MemoryTierOptions, Observer, SharedOptions, Store } from "../../mod.ts";
import { memory, shared } from "../../mod.ts";
import type { TierEvent } from "../../lib/observe/observer.ts";
import type { FaultyBackend } from "./faulty_backend.ts";
import { faultyBackend } from "./faulty_backend.ts";
import type { Truth } from "./truth.ts";
import { truth } from "./truth.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";

/** A source of texts in the test's hands, a backend in the test's hands, and a clock that stands still. */
export interface World {
  readonly clock: VirtualClock;
  readonly texts: Truth<number, string>;
  readonly faulty: FaultyBackend;
  readonly events: Array<TierEvent>;
  readonly observer: Observer;
}

/** A world with these rows. */
export function world(
  rows: Readonly<Record<number, string>> = { 1: "one", 2: "two", 3: "three" },
  options?: Parameters<typeof truth>[2],
): World {
  const clock = virtualClock();
  const events: Array<TierEvent> = [];
  return {
    clock,
    texts: truth(clock, Object.entries(rows).map(([key, text]) => [Number(key), text] as const), options),
    faulty: faultyBackend(clock),
    events,
    observer: { event: (event) => void events.push(event) },
  };
}

/** The world's source behind a shared tier, whose readers wait for nobody unless told otherwise. */
export function sharedTexts(
  { clock, texts, faulty, observer }: World,
  options: Partial<SharedOptions<string>> = {},
): Store<number, string> {
  return pipe(
    texts.store,
    shared({
      backend: faulty.backend,
      name: "text",
      codec: t.string,
      ttl: "10m",
      onBusy: "bypass",
      clock,
      observer,
      ...options,
    }),
  );
}

/** The layer of a memory tier in the world, whose readers wait for nobody unless told otherwise. */
export function memoryIn(
  { clock }: World,
  options: Partial<MemoryTierOptions> = {},
): <K, V>(below: Store<K, V>) => Store<K, V> {
  return memory({ capacity: 1_000, ttl: "60s", onBusy: "bypass", clock, ...options });
}

/** The options of a batch in the world. */
export function batchIn({ clock }: World, maxSize = 100): BatchOptions {
  return { maxSize, clock };
}
