import type { Outcome, Verdict } from "../store.ts";

/** One step of a tier's machine, for a log of what happens inside. */
export interface TierTransition {
  /** The tier's name. */
  readonly tier: string;
  /** Which of its tables. */
  readonly machine: "reading" | "writing";
  /** The state whose effect was performed. */
  readonly from: string;
  /** What the effect was answered. */
  readonly reply: string;
  /** The next state, or the end. */
  readonly to: string;
}

/** What an operator wants to know of, and no caller is told as an error. */
export interface TierEvent {
  /**
   * `Unreadable`: an entry could not be decoded and is being replaced. `Unreachable`: the backend did not answer.
   * `Unstorable`: a loaded value was not cached. `LockLost`: a write ended and its lock was gone, or overrun by its
   * lease. `LockLeft`: a write of unknown outcome left its locks to their leases. `Unconfirmed`: a write committed, and
   * the tier did not confirm that it let go of the old value. `RenewalFailed`: an entry could not be renewed.
   */
  readonly _tag:
    | "Unreadable"
    | "Unreachable"
    | "Unstorable"
    | "LockLost"
    | "LockLeft"
    | "Unconfirmed"
    | "RenewalFailed";
  /** The tier's name. */
  readonly tier: string;
  /** What happened, in words, without values. */
  readonly reason: string;
}

/** How one key of a read ended. */
export interface ReadReport {
  /** The key as the caller gave it. */
  readonly key: unknown;
  /** How it was answered; none if it failed. */
  readonly verdict: Verdict | undefined;
  /** How long the read took, with the others of its call. */
  readonly milliseconds: number;
}

/** How one call of reads ended. */
export interface ReadsReport {
  /** Its keys, each as the caller gave it, in their order. */
  readonly reads: ReadonlyArray<ReadReport>;
  /** How long it took. */
  readonly milliseconds: number;
}

/** How a write ended. */
export interface WriteReport {
  /** The keys as the caller gave them. */
  readonly keys: ReadonlyArray<unknown>;
  /** What became of it. */
  readonly outcome: Outcome | "unconfirmed";
  /** How long it took. */
  readonly milliseconds: number;
}

/** Who is told what happens. What an observer throws is ignored: it must not change what callers get. */
export interface Observer {
  /** Every step of a tier that was given this observer. */
  readonly transition?: (transition: TierTransition) => void;
  /** What a tier that was given this observer noticed. */
  readonly event?: (event: TierEvent) => void;
  /** Every key read through an observe layer. */
  readonly read?: (report: ReadReport) => void;
  /** Every call of reads through an observe layer, after its keys. */
  readonly reads?: (report: ReadsReport) => void;
  /** Every write through an observe layer. */
  readonly write?: (report: WriteReport) => void;
}

/** Tells an observer's function, if there is one, and keeps its failures to itself. */
export function tell<A>(listener: ((report: A) => void) | undefined, report: A): void {
  if (listener === undefined) return;
  try {
    listener(report);
  } catch {
    // An observer's failure is no failure of the cache.
  }
}

/** An observer that counts. */
export interface Counters extends Observer {
  /** How often each thing was seen: `read.<verdict>`, `read.Failed`, `write.<outcome>`, `event.<tag>`. */
  readonly counts: () => Readonly<Record<string, number>>;
}

/**
 * An observer that counts verdicts, outcomes and events; the number of its counters is fixed by their names.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counters, memory, observe, promises, source } from "@lamina/cache";
 * import { pipe } from "fp-ts/lib/function.js";
 *
 * const seen = counters();
 * await using cache = promises(pipe(
 *   source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => key.length) }),
 *   memory({ capacity: 100, ttl: "1m" }),
 *   observe(seen),
 * ));
 * await cache.get("a");
 * await cache.get("a");
 * assertEquals(seen.counts(), { "read.Filled": 1, "read.HitMemory": 1 });
 * ```
 */
export function counters(): Counters {
  const seen = new Map<string, number>();
  const count = (name: string): void => void seen.set(name, (seen.get(name) ?? 0) + 1);
  return {
    event: (event) => count(`event.${event._tag}`),
    read: (report) => count(`read.${report.verdict?._tag ?? "Failed"}`),
    write: (report) => count(`write.${report.outcome}`),
    counts: () => Object.fromEntries([...seen].sort(([left], [right]) => left < right ? -1 : 1)),
  };
}
