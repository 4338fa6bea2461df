import type { Operation, Reply } from "../protocol/slot.ts";
import type { Backend } from "./port.ts";

/**
 * A backend that stores nothing and locks nothing: every reader passes, every writer is alone. To switch a tier's
 * caching off in one place is to give it this backend; it guards nothing for other processes that still cache.
 *
 * @example Every read goes to the source
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nullBackend, promises, shared, source } from "@lamina/cache";
 * import * as t from "io-ts";
 *
 * let loads = 0;
 * const load = (keys: ReadonlyArray<string>) => {
 *   loads += 1;
 *   return Promise.resolve(keys.map((key) => key.length));
 * };
 * const tier = shared({ backend: nullBackend(), name: "off", codec: t.number, ttl: "1m" });
 * await using cache = promises(tier(source({ load })));
 *
 * await cache.get("a");
 * await cache.get("a");
 * assertEquals(loads, 2);
 * ```
 */
export function nullBackend<P = Uint8Array, N = string>(): Backend<P, N> {
  let closed = false;
  const close = (): Promise<void> => {
    closed = true;
    return Promise.resolve();
  };
  return {
    name: "null",
    level: () => "pinned",
    run: (requests) => () =>
      Promise.resolve(requests.map(({ operation }) => closed ? closedReply : answer<P>(operation))),
    close,
    [Symbol.asyncDispose]: close,
  };
}

const closedReply = { _tag: "Unreachable", reason: "closed" } as const;

function answer<P>(operation: Operation<P>): Reply<P> {
  switch (operation._tag) {
    case "look":
    case "claim":
    case "refresh":
      return { _tag: "Pass" };
    case "fill":
    case "release":
      return { _tag: "Refused" };
    case "lock":
      return { _tag: "Locked", generation: 0 };
    case "unlock":
      return { _tag: "Cleared" };
  }
}
