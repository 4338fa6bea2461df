import { systemClock } from "../../clock.ts";
import type { Duration, DurationLike } from "../../duration.ts";
import { namespace } from "../../key.ts";
import { nonces } from "../../nonce.ts";
import type { SharedOptions } from "../shared.ts";
import { together } from "../switch/machine.ts";
import { polledSwitch } from "../switch/polled.ts";
import { type LocalSwitch, toldSwitch } from "../switch/told.ts";
import type { SwitchPlace } from "../switch/turning.ts";
import { boundedOf } from "../tier/options.ts";
import { type Region, renewEpoch } from "../tier/region.ts";
import type { TierSwitch } from "../tier/switched.ts";

/** What switches a tier: a key on its backend, the application, or both. */
export type SwitchOption =
  | LocalSwitch
  | {
    /** For how long a process goes by what the key said, 1 s by default: a step is held for so long. */
    readonly poll?: DurationLike;
    /** A switch of the application beside it. */
    readonly here?: LocalSwitch;
  };

/** How long a process goes by a switch, and how long a tier by its epoch, unless told. */
export const usualPoll = "1s";

/** The options of a tier with the epoch that its switch needs; throws a RangeError where it must not have one. */
export function withEpoch<V>(options: SharedOptions<V>): SharedOptions<V> {
  if (options.switch === undefined) return options;
  if (options.epoch === "none") {
    const wanted = "expected an epoch, since what was cached before it was off is dead afterwards";
    throw new RangeError(`Cannot switch the tier ${options.name}: ${wanted}: received none`);
  }
  return { epoch: { lease: usualPoll }, ...options };
}

/** The switch of a tier, if it has one. */
export function switchedOf<V>(
  options: SharedOptions<V>,
  lease: Duration,
  region: Region | undefined,
): { readonly switched?: TierSwitch } {
  const { switch: option, name } = options;
  if (option === undefined || region === undefined) return {};
  const renew = async (): Promise<boolean> => (await renewEpoch(region, {})())._tag === "Right";
  const local = "turn" in option ? option : option.here;
  const own = local === undefined ? [] : [toldSwitch(local, lease, renew)];
  if ("turn" in option) return { switched: own[0]! };
  const poll = boundedOf("a switch", option.poll ?? usualPoll);
  if (!(poll > 0)) {
    throw new RangeError(`Cannot switch the tier ${name}: expected a poll above zero: received ${option.poll}`);
  }
  return { switched: allOf([polledSwitch(placeOf(options, lease), poll, renew), ...own]) };
}

function allOf(switches: ReadonlyArray<TierSwitch>): TierSwitch {
  return {
    mode: () => together(switches.map((each) => each.mode())),
    learn: () => {
      const learning = switches.flatMap((each) => each.learn() ?? []);
      return learning.length === 0 ? undefined : Promise.all(learning).then(() => {});
    },
    close: async () => void await Promise.all(switches.map((each) => each.close())),
  };
}

/** Where the switch of a tier is kept: in a slot of its namespace that no shard of a key has. */
export function placeOf<V>(
  { backend, name, level = "pinned", timeout, observer, clock = systemClock }: Pick<
    SharedOptions<V>,
    "backend" | "name" | "level" | "timeout" | "observer" | "clock"
  >,
  lease: Duration,
): SwitchPlace {
  return {
    backend,
    name,
    clock,
    level,
    lease,
    timeout: boundedOf("a backend's timeout", timeout ?? "1s"),
    observer,
    slot: `${namespace({ namespace: name }).prefix}switch:mode`,
    nonce: nonces(),
  };
}
