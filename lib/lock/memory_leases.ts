import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import type { BackendFailed } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { systemClock } from "../clock.ts";
import type { LeasePort } from "./lease_port.ts";
import { refused } from "./options.ts";

/** What bounds leases in memory. */
export interface MemoryLeasesOptions {
  /** The most places with a holder: 100,000 unless told; one more is refused. */
  readonly maxLeases?: number;
  /** What they end by. */
  readonly clock?: Pick<Clock, "now">;
}

interface Lease {
  readonly token: string;
  readonly until: number;
}

/**
 * Leases in the memory of this process: what the step of a {@linkcode LeasePort} means, and a stand-in for tests.
 *
 * Throws a RangeError if `maxLeases` is no positive whole number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryLeases } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 * import { none, some } from "fp-ts/lib/Option.js";
 *
 * const leases = memoryLeases();
 * assertEquals(await leases.acquire("report", "Ann", 10_000)(), right(some(1)));
 * assertEquals(await leases.acquire("report", "Bob", 10_000)(), right(none));
 * assertEquals(await leases.release("report", "Bob")(), right(false));
 * assertEquals(await leases.release("report", "Ann")(), right(true));
 * assertEquals(await leases.acquire("report", "Bob", 10_000)(), right(some(2)));
 * ```
 */
export function memoryLeases(options: MemoryLeasesOptions = {}): LeasePort {
  const { maxLeases = 100_000, clock = systemClock } = options;
  if (!(Number.isInteger(maxLeases) && maxLeases > 0)) {
    throw refused("leases in memory", "a positive whole maxLeases", maxLeases);
  }
  const leases = new Map<string, Lease>();
  let fence = 0;
  const live = (name: string): Lease | undefined => {
    const found = leases.get(name);
    if (found === undefined || found.until > clock.now()) return found;
    leases.delete(name);
    return undefined;
  };
  const hold = (name: string, token: string, milliseconds: number): boolean => {
    // Those that nobody asked for since they ended are looked for only when room is needed.
    if (leases.size >= maxLeases) [...leases.keys()].forEach(live);
    if (leases.size >= maxLeases && !leases.has(name)) return false;
    leases.set(name, { token, until: clock.now() + milliseconds });
    return true;
  };
  const full: BackendFailed = { _tag: "BackendFailed", backend: "memory", reason: `more than ${maxLeases} leases` };
  return {
    name: "memory",
    acquire: (name, token, milliseconds) =>
      TE.fromIOEither(() => {
        if (live(name) !== undefined) return E.right(O.none);
        return hold(name, token, milliseconds) ? E.right(O.some(++fence)) : E.left(full);
      }),
    renew: (name, token, milliseconds) =>
      TE.fromIO(() => live(name)?.token === token && hold(name, token, milliseconds)),
    release: (name, token) => TE.fromIO(() => live(name)?.token === token && leases.delete(name)),
  };
}
