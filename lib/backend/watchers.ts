import type { Task } from "fp-ts/lib/Task.js";
import type { Cancel, Clock } from "../clock.ts";

/** Who waits for a change of which slot, in this process. */
export interface Watchers<N> {
  /** Ends when the slot is woken, and after so many milliseconds at the latest. */
  readonly wait: (slot: N, within: number) => Task<void>;
  /** Wakes all that wait for a slot. */
  readonly wake: (slot: N) => void;
  /** Wakes all. */
  readonly wakeAll: () => void;
  /** For how many slots somebody waits. */
  readonly size: () => number;
  /** These slots. */
  readonly slots: () => ReadonlyArray<N>;
}

interface Waiting {
  readonly ends: Set<() => void>;
  unwatch: Cancel;
}

/**
 * Nobody waits yet. Each waiter leaves with its time, so there are never more than there are waiting reads.
 *
 * `watch` is called when the first one begins to wait for a slot, and what it returned when the last one has left: what
 * has to be done for a slot is done once for all that wait for it.
 */
export function watchers<N>(clock: Clock, watch: (slot: N) => Cancel = () => () => {}): Watchers<N> {
  const waiting = new Map<N, Waiting>();
  const wake = (slot: N): void => {
    for (const end of [...waiting.get(slot)?.ends ?? []]) end();
  };
  return {
    wait: (slot, within) => () =>
      new Promise((resolve) => {
        const known = waiting.get(slot);
        const own: Waiting = known ?? { ends: new Set(), unwatch: () => {} };
        const end = (): void => {
          cancel();
          own.ends.delete(end);
          if (own.ends.size === 0) {
            waiting.delete(slot);
            own.unwatch();
          }
          resolve();
        };
        const cancel = clock.after(within, end);
        own.ends.add(end);
        if (known !== undefined) return;
        waiting.set(slot, own);
        const unwatch = watch(slot);
        if (own.ends.size === 0) unwatch();
        else own.unwatch = unwatch;
      }),
    wake,
    wakeAll: () => [...waiting.keys()].forEach(wake),
    size: () => waiting.size,
    slots: () => [...waiting.keys()],
  };
}
