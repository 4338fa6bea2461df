import * as t from "io-ts";
import type { Backend, CallKey, Layer, MemoryTierOptions, SharedOptions } from "../../mod.ts";
import { memory, memoryBackend, shared } from "../../mod.ts";
import { turn } from "../support/turn.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";

/** A call that began: it answers when it is released. */
export interface HeldCall<A, R> {
  readonly args: A;
  readonly release: (result: R) => Promise<void>;
  readonly fail: (cause: unknown) => Promise<void>;
}

/** A function in the test's hands. */
export interface HeldFunction<A extends ReadonlyArray<unknown>, R> {
  readonly fn: (...args: A) => Promise<R>;
  readonly calls: Array<HeldCall<A, R>>;
}

/** A function whose calls wait for the test. */
export function heldFunction<A extends ReadonlyArray<unknown>, R>(): HeldFunction<A, R> {
  const calls: Array<HeldCall<A, R>> = [];
  const fn = (...args: A): Promise<R> =>
    new Promise((resolve, reject) => {
      calls.push({
        args,
        release: (result) => (resolve(result), turn()),
        fail: (cause) => (reject(cause), turn()),
      });
    });
  return { fn, calls };
}

/** A clock, a backend, and tiers on them. */
export interface Stand {
  readonly clock: VirtualClock;
  readonly backend: Backend<Uint8Array>;
  readonly near: (options?: Partial<MemoryTierOptions>) => Layer<CallKey, string>;
  readonly far: (options?: Partial<SharedOptions<string>>) => Layer<CallKey, string>;
}

/** Tiers of texts on one clock and one backend. */
export function stand(): Stand {
  const clock = virtualClock();
  const backend = memoryBackend<Uint8Array>({ capacity: 1_000, clock });
  return {
    clock,
    backend,
    near: (options = {}) => memory({ capacity: 1_000, ttl: "60s", clock, ...options }),
    far: (options = {}) => shared({ backend, name: "call", codec: t.string, ttl: "10m", clock, ...options }),
  };
}

/** The stacks that a function can stand behind. */
export function stacks({ near, far }: Stand): Readonly<Record<string, ReadonlyArray<Layer<CallKey, string>>>> {
  return { "memory": [near()], "shared": [far()], "shared and memory": [far(), near()] };
}
