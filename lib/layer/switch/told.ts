import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import type { DurationLike } from "../../duration.ts";
import type { TierSwitch } from "../tier/switched.ts";
import { boundedOf } from "../tier/options.ts";
import { begun, isMode, type Mode, stepOf, type SwitchState } from "./machine.ts";

/** How an application's own switch is to be understood. */
export interface LocalSwitchOptions {
  /**
   * Within what time all processes are told of a change. Whoever gives it says that every process which uses the tier is
   * told of every change, that one follows the other only after that time, and that a process begins with `on` only where
   * none was told `off` since everything before was last let go of. Without it the switch is for this process alone: what
   * others may read has to be locked, so `off` is no more than `drain` then.
   */
  readonly within?: DurationLike;
  /** What it begins with, `on` by default. */
  readonly begins?: Mode;
  /** The time, {@linkcode systemClock} by default. */
  readonly clock?: Clock;
}

/** A switch in the hands of the application, for any number of tiers of its process. */
export interface LocalSwitch {
  /** Says where the tiers are to go; they are in `drain` at once, unless they are there already. */
  readonly turn: (wish: Mode) => void;
  /** Where they are to go. */
  readonly wish: () => Mode;
  /** How long ago that was said last, in milliseconds, and how often it was; of use to tiers only. */
  readonly told: () => { readonly held: number; readonly times: number };
  /** Within what time others are told; undefined where they are not. */
  readonly within: number | undefined;
}

/**
 * A switch in the hands of the application: for this process alone, or, where the application tells all processes within
 * a stated time, for all of them without a server that could be asked.
 *
 * Throws a RangeError on options out of range.
 *
 * @example This process reads around the tier for a while
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { localSwitch, memoryBackend, shared, source } from "@lamina/cache";
 * import * as t from "io-ts";
 *
 * let loads = 0;
 * const here = localSwitch();
 * const backend = memoryBackend<Uint8Array>({ capacity: 100 });
 * await using lengths = shared({ backend, name: "length", codec: t.number, ttl: "1h", switch: here })(
 *   source({ load: async (keys: ReadonlyArray<string>) => (loads += 1, keys.map((key) => key.length)) }),
 * );
 * await lengths.get("four")();
 * await lengths.get("four")();
 * assertEquals(loads, 1);
 * here.turn("drain");
 * await lengths.get("four")();
 * assertEquals(loads, 2);
 * here.turn("on");
 * await lengths.get("four")();
 * assertEquals(loads, 2);
 * ```
 */
export function localSwitch(options: LocalSwitchOptions = {}): LocalSwitch {
  const { clock = systemClock, begins = "on" } = options;
  const within = options.within === undefined ? undefined : boundedOf("a switch", options.within);
  let wish = modeOf(begins);
  let told = { at: clock.now(), times: 0 };
  return {
    turn: (to) => {
      if (modeOf(to) === wish) return;
      wish = to;
      told = { at: clock.now(), times: told.times + 1 };
    },
    wish: () => wish,
    told: () => ({ held: clock.now() - told.at, times: told.times }),
    within,
  };
}

function modeOf(word: unknown): Mode {
  if (isMode(word)) return word;
  throw new RangeError(`Cannot turn a switch: expected "on", "drain" or "off": received ${JSON.stringify(word)}`);
}

/** A tier's part of a local switch: what it waits for is its own lease and its own epoch. */
export function toldSwitch(local: LocalSwitch, lease: number, renew: () => Promise<boolean>): TierSwitch {
  const { within } = local;
  if (within === undefined) return { ...passive, mode: () => local.wish() === "on" ? "on" : "drain" };
  let seen = local.told().times;
  // Once it was turned others may still be where it was before, also where this tier was not there yet.
  let state: SwitchState = seen === 0 ? { mode: local.wish(), wish: local.wish() } : begun(local.wish());
  let going: Promise<void> | undefined;
  let closed = false;
  /** However often it was turned meanwhile: others may have been wherever it was turned to. */
  const hear = (): void => {
    if (local.told().times === seen) return;
    seen = local.told().times;
    state = begun(local.wish());
  };
  const goOn = async (next: SwitchState): Promise<void> => {
    const heard = seen;
    const renewed = await renew();
    hear();
    if (renewed && seen === heard) state = next;
  };
  return {
    mode: () => (hear(), state.mode),
    learn: () => {
      hear();
      const next = stepOf(state, local.told().held, { heard: within, written: lease });
      // Nobody waits for it: a new epoch may take a while.
      if (next?.mode === "on" && !closed) going ??= goOn(next).finally(() => going = undefined);
      else if (next?.mode === "off") state = next;
      return undefined;
    },
    close: async () => {
      closed = true;
      await going;
    },
  };
}

const passive: Pick<TierSwitch, "learn" | "close"> = { learn: () => undefined, close: () => Promise.resolve() };
