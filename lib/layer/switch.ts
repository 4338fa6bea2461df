/** The control of a tier's switch; the essay is at {@linkcode tierSwitch}. */
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BackendFailed, CacheError } from "../cache_error.ts";
import { type Duration, type DurationLike, milliseconds } from "../duration.ts";
import type { SharedOptions } from "./shared.ts";
import { placeOf, usualPoll } from "./shared/switched.ts";
import { begun, isMode, type Mode, stepOf, turned } from "./switch/machine.ts";
import type { StoredSwitch } from "./switch/stored.ts";
import { type Changed, changeSwitch, type Known, readSwitch, type SwitchPlace } from "./switch/turning.ts";
import { boundedOf } from "./tier/options.ts";

export type { Mode } from "./switch/machine.ts";
export { type LocalSwitch, localSwitch, type LocalSwitchOptions } from "./switch/told.ts";
export type { SwitchOption } from "./shared/switched.ts";

/** Which switch it is: that of the tiers with this name on this backend. */
export interface TierSwitchOptions
  extends Pick<SharedOptions<never>, "backend" | "name" | "level" | "lease" | "timeout" | "observer" | "clock"> {
  /** As the tiers have it, 1 s by default; the longest that anybody says counts. */
  readonly poll?: DurationLike;
}

/** Where a switch is. */
export interface SwitchStatus {
  /** What tiers may do. */
  readonly mode: Mode;
  /** What they are to do as soon as that is safe. */
  readonly wish: Mode;
  /** Since when it is so. */
  readonly held: Duration;
}

/** A tier's switch in an operator's hands, or in an application's that means all processes. */
export interface TierSwitchControl {
  /** Where it is; none: nobody has used such a tier on this backend, or its server has forgotten. */
  readonly status: TaskEither<CacheError, Option<SwitchStatus>>;
  /** Says where it is to go. It leaves `on` or `off` at once. */
  readonly turn: (wish: Mode) => TaskEither<CacheError, SwitchStatus>;
  /**
   * Waits, at most so long, until it is where it was to go, and says where it is. To `off` it goes by itself; to `on` it
   * is brought by a process that uses the tier, which begins the new epoch.
   */
  readonly reached: (within: DurationLike) => TaskEither<CacheError, SwitchStatus>;
}

/**
 * The switch of a shared tier: on → drain → off and off → drain → on, for all processes, while they run.
 *
 * `on` is the tier as it is. In `drain` nobody reads it, fills it or publishes in it, and writes still lock. In `off` writes
 * do not lock either, so that the backend is not asked for anything but the switch itself.
 *
 * **Why nothing stale is read.** A process learns of a change when it polls, so that two may be in different modes at one
 * moment. Beside one that is on another may be in drain: it locks what it writes. Beside one in drain another may be off:
 * what it writes without a lock nobody reads from the tier. *On and off never stand side by side*:
 *
 * 1. A process goes by what it read for the lease of a poll, counted from when it asked. One that cannot read the switch
 *    any more is in drain; one that was stopped finds, when it goes on, that its time is over. The mode is looked at in
 *    the moment in which a question or a fill is sent, not when the read began.
 * 2. The switch stays in drain for the lease of a poll before it is off: nobody is on any more.
 * 3. It stays in drain for the lease of a poll and the lease of a write before it is on: nobody is off any more, and every
 *    write that locked nothing is over, since it was given no longer than a lock would have lived.
 * 4. Then a new epoch begins, and only then is it on. What is in the tier from before may be older than those writes, and
 *    is dead: an entry of the new epoch was loaded after its reader had learned of the epoch, thus after those writes.
 *
 * The steps are changes of one slot by compare-and-swap, timed by its server, and can be taken by any process: one that
 * dies in between leaves a drain. A switch that its server has lost begins as in 3, on its way to `on`.
 *
 * **Gotchas**
 * - Every process that uses the tier needs the `switch` option before it is turned off.
 * - Where the backend cannot be reached the switch cannot be read, and writes are aborted for want of a lock. To go on
 *   without the backend all processes have to be told by the application: {@linkcode localSwitch} with `within`.
 * - A tier in memory above it does not hear of writes while it is off: it is as stale as towards other processes.
 * - Processes whose `poll` or `lease` differ agree on the longest as soon as each has polled. To lose the switch's slot
 *   before that is one fault too many.
 *
 * Throws a RangeError on options out of range. dscache has such a switch, with a pause in place of the proof.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryBackend, tierSwitch } from "@lamina/cache";
 * import { right } from "fp-ts/lib/Either.js";
 * import { none } from "fp-ts/lib/Option.js";
 *
 * const backend = memoryBackend<Uint8Array>({ capacity: 100 }); // the one of the tier
 * const control = tierSwitch({ backend, name: "user", poll: "10ms" });
 * assertEquals(await control.status(), right(none));
 * const turned = await control.turn("off")();
 * assertEquals(turned._tag === "Right" && turned.right.mode, "drain");
 * const reached = await control.reached("1s")();
 * assertEquals(reached._tag === "Right" && reached.right.mode, "off");
 * ```
 */
export function tierSwitch(options: TierSwitchOptions): TierSwitchControl {
  const lease = boundedOf("a lease", options.lease ?? "10s");
  const poll = boundedOf("a switch", options.poll ?? usualPoll);
  const place = placeOf(options, lease);
  const bounds = { poll, lease };
  return {
    status: () => statusOf(place),
    turn: (wish) => {
      if (!isMode(wish)) {
        const wanted = `expected "on", "drain" or "off"`;
        throw new RangeError(`Cannot turn the switch of ${place.name}: ${wanted}: received ${JSON.stringify(wish)}`);
      }
      return () => turn(place, wish, bounds);
    },
    reached: (within) => {
      const patience = boundedOf("a wait for a switch", within);
      return () => reach(place, patience);
    },
  };
}

async function statusOf(place: SwitchPlace): Promise<E.Either<CacheError, Option<SwitchStatus>>> {
  const found = await readSwitch(place);
  if (found._tag === "Unreadable") return E.left(failedOf(place, "the switch could not be read"));
  return E.right(found._tag === "Missing" ? O.none : O.some(statusIn(found.state, found.held)));
}

function statusIn({ mode, wish }: StoredSwitch, held: number): SwitchStatus {
  return { mode, wish, held: milliseconds(Math.max(0, held)) };
}

/** Between two tries of what somebody else is about to change; a new epoch is begun in two round trips. */
const betweenTries = 20;

async function turn(
  place: SwitchPlace,
  wish: Mode,
  bounds: Pick<StoredSwitch, "poll" | "lease">,
): Promise<E.Either<CacheError, SwitchStatus>> {
  // Who crashed while it changed the switch left a mark on it, which ends with its lease; and a server that may have lost
  // locks keeps nothing for longer than that, so that it has to be told again.
  const ends = place.clock.now() + 1.5 * place.lease + place.timeout;
  for (;;) {
    let already: Changed | undefined;
    const changed = await changeSwitch(place, (found) => {
      if (found._tag === "Missing") return { ...begun(wish), ...bounds };
      if (found.state.wish === wish) already = found;
      return already === undefined ? { ...found.state, ...turned(found.state, wish) } : undefined;
    });
    const isOver = place.clock.now() >= ends;
    const now = changed ?? already;
    if (now !== undefined && (isOver || now.kept === Infinity)) return E.right(statusIn(now.state, now.held));
    if (isOver) return E.left(failedOf(place, "the switch could not be turned"));
    await pause(place);
  }
}

async function reach(place: SwitchPlace, patience: number): Promise<E.Either<CacheError, SwitchStatus>> {
  const ends = place.clock.now() + patience;
  for (;;) {
    const status = await statusOf(place);
    const isOver = place.clock.now() >= ends;
    if (status._tag === "Right" && O.isSome(status.right)) {
      const { value } = status.right;
      if (isOver || value.mode === value.wish) return E.right(value);
      if (value.wish === "off") await changeSwitch(place, offOf);
    } else if (isOver) {
      // Once it is not answered, and once it is: only the last answer counts.
      return status._tag === "Left" ? status : E.left(failedOf(place, "there is no switch"));
    }
    await pause(place);
  }
}

/** The step to `off`, where it is due. */
function offOf(found: Known): StoredSwitch | undefined {
  if (found._tag === "Missing" || found.state.wish !== "off") return undefined;
  const { state, held } = found;
  const next = stepOf(state, held, { heard: state.poll, written: state.lease });
  return next === undefined ? undefined : { ...state, ...next };
}

function pause({ clock }: SwitchPlace): Promise<void> {
  return new Promise((resolve) => void clock.after(betweenTries, resolve));
}

function failedOf({ backend, name }: SwitchPlace, what: string): BackendFailed {
  return { _tag: "BackendFailed", backend: backend.name, reason: `${what}, of the tier ${name}` };
}
