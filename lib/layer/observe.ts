import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { Observer, ReadReport } from "../observe/observer.ts";
import { tell } from "../observe/observer.ts";
import type { Store } from "../store.ts";
import { fromVerbs } from "../store.ts";

/**
 * Tells an observer the verdict of each read and the outcome of each write that pass here.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { observe, promises, source } from "@lamina/cache";
 *
 * const seen: Array<string> = [];
 * const layer = observe({ read: ({ key, verdict }) => seen.push(`${key}: ${verdict?._tag}`) });
 * await using lengths = promises(layer(source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => key.length) })));
 * await lengths.get("a");
 * assertEquals(seen, ["a: Loaded"]);
 * ```
 */
export function observe(observer: Observer, clock: Clock = systemClock): <K, V>(below: Store<K, V>) => Store<K, V> {
  return (below) =>
    fromVerbs({
      ...below,
      entries: (keys, options) => async () => {
        const begun = clock.now();
        const entries = await below.entries(keys, options)();
        const milliseconds = clock.now() - begun;
        const reads = entries.map((entry, i): ReadReport => {
          const verdict = entry._tag === "Right" ? entry.right.verdict : undefined;
          return { key: keys[i], verdict, milliseconds };
        });
        for (const each of reads) tell(observer.read, each);
        tell(observer.reads, { reads, milliseconds });
        return entries;
      },
      mutate: (keys, write, options) => async () => {
        const begun = clock.now();
        const done = await below.mutate(keys, write, options)();
        const outcome = done._tag === "Right" ? "committed" : done.left.outcome;
        tell(observer.write, { keys, outcome, milliseconds: clock.now() - begun });
        return done;
      },
      transact: (body, options) => async () => {
        const begun = clock.now();
        let keys: Array<unknown> = [];
        const done = await below.transact((tx) => {
          // Of the last attempt.
          keys = [];
          return body({
            get: tx.get,
            put: (key, value) => (keys.push(key), tx.put(key, value)),
            remove: (key) => (keys.push(key), tx.remove(key)),
          });
        }, options)();
        const outcome = done._tag === "Right" ? "committed" : done.left.outcome;
        tell(observer.write, { keys, outcome, milliseconds: clock.now() - begun });
        return done;
      },
    });
}
