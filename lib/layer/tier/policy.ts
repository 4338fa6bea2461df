import type { Duration, DurationLike } from "../../duration.ts";
import { duration, showDuration } from "../../duration.ts";
import { boundedOf } from "./options.ts";

/** What a tier does with entries past their freshness, with loads that are slow or fail, and with others' claims. */
export interface PolicyOptions {
  /**
   * What a read does that meets another's claim: wait for its fill, as by default at most for two leases, and then load
   * for itself without filling; or `bypass` the tier at once. The second lease is for whoever loads after a crashed one.
   */
  readonly onBusy?: "wait" | "bypass" | { readonly wait: DurationLike };
  /**
   * What reads do with an entry in its grace: `serve` it (default) while one of them renews it in the background, or
   * `wait` for the renewal. An entry that is renewed ahead is served in any case.
   */
  readonly onStale?: "serve" | "wait";
  /** When a renewal fails, the entry in its grace is served all the same (default), or the failure is reported. */
  readonly onFailure?: "serve" | "fail";
  /**
   * Renews entries before they end, one read for all: when less than a share of the ttl is left (`ahead`, between 0 and
   * 1), or by chance, the likelier the less is left and the longer loads take (`xfetch`, usually 1; above 1 earlier).
   * The second is "Optimal Probabilistic Cache Stampede Prevention" (Vattani, Chierichetti, Lowenstein, 2015).
   */
  readonly refresh?: { readonly ahead: number } | { readonly xfetch: number };
  /**
   * How long a load may take: after `soft` a caller gets the entry in its grace, if there is one, and the load goes on;
   * after `hard` the load counts as failed. By default neither, and what goes on in the background ends with its lease.
   */
  readonly loadTimeout?: { readonly soft?: DurationLike; readonly hard?: DurationLike };
  /** How long a key's loads rest after one of them failed; its readers meanwhile get that failure. None by default. */
  readonly backOff?: DurationLike;
  /** Told of work that goes on after its caller got an answer, to keep a runtime alive until it ends (`waitUntil`). */
  readonly background?: (work: Promise<void>) => void;
}

/** How a tier treats what is not simply a hit or a miss. */
export interface Policy {
  /** How long a read waits for another's claim; 0: not at all. */
  readonly wait: number;
  readonly onStale: "serve" | "wait";
  readonly onFailure: "serve" | "fail";
  /** Whether an entry with so much freshness left, of an age, is to be renewed. */
  readonly isDue: ((fresh: number, age: number, loadTime: number) => boolean) | undefined;
  readonly soft: number;
  readonly hard: number;
  readonly backOff: number;
  readonly background: (work: Promise<void>) => void;
}

/** Reads the options; throws a RangeError on one that is out of range. */
export function policyOf(options: PolicyOptions, lease: Duration, random: () => number = Math.random): Policy {
  const { onBusy = "wait", onStale = "serve", onFailure = "serve", loadTimeout = {} } = options;
  const soft = loadTimeout.soft === undefined ? Infinity : boundedOf("a soft load timeout", loadTimeout.soft);
  const hard = loadTimeout.hard === undefined ? Infinity : boundedOf("a hard load timeout", loadTimeout.hard);
  if (!(hard > 0)) throw refused("a hard load timeout above zero", showDuration(duration(loadTimeout.hard!)));
  if (hard !== Infinity && hard > lease) {
    throw refused("a lease of at least the hard load timeout", `a lease of ${showDuration(lease)}`);
  }
  if (soft !== Infinity && soft > Math.min(hard, lease)) {
    throw refused("a soft load timeout below the hard one and the lease", showDuration(duration(loadTimeout.soft!)));
  }
  return {
    wait: onBusy === "bypass" ? 0 : onBusy === "wait" ? 2 * lease : boundedOf("a wait for another's load", onBusy.wait),
    onStale,
    onFailure,
    isDue: options.refresh === undefined ? undefined : dueOf(options.refresh, random),
    soft,
    hard,
    backOff: boundedOf("a back-off", options.backOff ?? "0ms"),
    background: quietly(options.background),
  };
}

function dueOf(refresh: NonNullable<PolicyOptions["refresh"]>, random: () => number): Policy["isDue"] {
  if ("ahead" in refresh) {
    const { ahead } = refresh;
    if (!(ahead > 0 && ahead < 1)) throw refused("a share of the ttl between 0 and 1 to refresh ahead", ahead);
    return (fresh, age) => fresh < ahead * (fresh + age);
  }
  const { xfetch } = refresh;
  if (!(xfetch > 0 && xfetch < Infinity)) throw refused("a positive xfetch", xfetch);
  return (fresh, _age, loadTime) => fresh <= -xfetch * loadTime * Math.log(1 - random());
}

function quietly(background: PolicyOptions["background"]): (work: Promise<void>) => void {
  return (work) => {
    try {
      background?.(work);
    } catch {
      // The work goes on whether or not its runner takes it.
    }
  };
}

function refused(wanted: string, received: unknown): RangeError {
  return new RangeError(`Cannot read the policy of a tier: expected ${wanted}: received ${received}`);
}
