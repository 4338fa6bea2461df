import type { Backend } from "../../mod.ts";
import type { Listener } from "../../lib/backend/port.ts";

/** A backend that tells of changes when the test says so: word may be late, or never come. */
export interface ScriptedFeed {
  readonly backend: Backend<Uint8Array>;
  /** Word that a slot has changed; undefined: any may have. */
  readonly tell: (slot: string | undefined) => void;
  /** All that happened before is proven to have been told; listeners go by that until then. */
  readonly prove: (until: number) => void;
  /** Whether looks are answered as watched. */
  watching: boolean;
  readonly listeners: ReadonlySet<Listener<string>>;
}

/** Makes a backend tell; until told otherwise everything is proven. */
export function scriptedFeed(below: Backend<Uint8Array>): ScriptedFeed {
  const listeners = new Set<Listener<string>>();
  const self: ScriptedFeed = {
    backend: {
      ...below,
      run: (requests, call) => async () =>
        (await below.run(requests, call)()).map((reply, i) => {
          const isWatched = reply._tag === "Hit" && requests[i]!.operation._tag === "look" && call.watched === true;
          return isWatched && self.watching ? { ...reply, watched: true } : reply;
        }),
      listen: (listener) => {
        listeners.add(listener);
        listener.proven(Infinity);
        return () => void listeners.delete(listener);
      },
    },
    tell: (slot) => listeners.forEach(({ changed }) => changed(slot)),
    prove: (until) => listeners.forEach(({ proven }) => proven(until)),
    watching: true,
    listeners,
  };
  return self;
}
