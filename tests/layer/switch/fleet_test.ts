import { assert, assertEquals } from "@std/assert";
import * as t from "io-ts";
import { changeSwitch, type SwitchPlace } from "../../../lib/layer/switch/turning.ts";
import { placeOf } from "../../../lib/layer/shared/switched.ts";
import {
  type LocalSwitch,
  localSwitch,
  type Mode,
  shared,
  type SharedOptions,
  type Store,
  tierSwitch,
} from "../../../mod.ts";
import { duration } from "../../../lib/duration.ts";
import { right } from "../../support/results.ts";
import { type Fleet, fleetLease, type Member, runFleet } from "../../support/fleet.ts";

const lease = `${fleetLease}ms` as const;
const poll = 150;
const modes: ReadonlyArray<Mode> = ["on", "drain", "off"];

function switched(options: Partial<SharedOptions<string>> = {}): (member: Member) => Store<string, string> {
  return ({ backend, clock, source }) =>
    shared({
      backend,
      clock,
      name: "fleet",
      codec: t.string,
      ttl: "1h",
      lease,
      switch: { poll: `${poll}ms` },
      epoch: "every read",
      ...options,
    })(
      source,
    );
}

/** How often each mode was met, seen from the server. */
type Met = Map<string, number>;

/** Turns the switch at any moment: before it is where it was to go, long after, or for a moment only. */
function flipping(met: Met): (fleet: Fleet) => Promise<void> {
  return async ({ server, members, clock, dice, isOver, sleep }) => {
    const watch = tierSwitch({ backend: server, name: "fleet", clock, lease, poll: `${poll}ms` });
    while (!isOver()) {
      await sleep(dice.below(dice.chance(0.3) ? 300 : 5_000));
      const status = right(await watch.status());
      if (status._tag === "Some") met.set(status.value.mode, (met.get(status.value.mode) ?? 0) + 1);
      await tierSwitch(optionsOf(dice.pick(members))).turn(dice.pick(["on", "off", "drain", "on", "off"] as const))();
    }
  };
}

const members = [switched(), switched(), switched(), switched()];

Deno.test("S32 flipping the switch at any moment, with one slow process, never causes a stale read", async () => {
  const met: Met = new Map();
  for (let seed = 1; seed <= 24; seed++) {
    const { violations, verdicts, outcomes } = await runFleet({ seed, members, beside: flipping(met), lasts: 30_000 });
    assertEquals(violations, [], `seed ${seed}`);
    for (const [what, count] of [...verdicts, ...outcomes]) met.set(what, (met.get(what) ?? 0) + count);
  }
  for (const what of ["on", "drain", "off", "HitShared", "Filled", "Bypassed", "committed", "Unfilled"]) {
    assert((met.get(what) ?? 0) > 0, `expected ${what} among ${JSON.stringify([...met])}`);
  }
});

/** Puts the switch somewhere, whatever its rules say. */
async function force(place: SwitchPlace, state: { readonly mode: Mode; readonly wish: Mode }): Promise<void> {
  while (await changeSwitch(place, () => ({ ...state, poll, lease: fleetLease })) === undefined) {
    await new Promise<void>((resolve) => void place.clock.after(5, resolve));
  }
}

/** Switches that skip something. Each goes round from on to off and back, and stays in each for a while. */
const mutants: Readonly<Record<string, (place: SwitchPlace, fleet: Fleet, member: Member) => Promise<void>>> = {
  "drain before off": async (place, { sleep, dice }, member) => {
    await force(place, { mode: "off", wish: "off" });
    await sleep(500 + dice.below(500));
    right(await tierSwitch(optionsOf(member)).turn("on")());
    await sleep(4_000);
  },
  "a new epoch": async (place, { sleep, dice }, member) => {
    right(await tierSwitch(optionsOf(member)).turn("off")());
    await sleep(1_000 + dice.below(1_000));
    await force(place, { mode: "drain", wish: "drain" });
    await sleep(1_300);
    await force(place, { mode: "on", wish: "on" });
    await sleep(2_000);
  },
  "drain before on": async (place, { sleep, dice }, member) => {
    right(await tierSwitch(optionsOf(member)).turn("off")());
    await sleep(1_000 + dice.below(1_000));
    right(await switched()(member).invalidateAll()());
    await force(place, { mode: "on", wish: "on" });
    await sleep(2_000);
  },
};

function optionsOf({ backend, clock }: Member): Parameters<typeof tierSwitch>[0] {
  return { backend, name: "fleet", clock, lease, poll: `${poll}ms` };
}

for (const [skipped, mutant] of Object.entries(mutants)) {
  Deno.test(`S32 a switch that skips ${skipped} is caught by the same check`, async () => {
    let caught = 0;
    for (let seed = 1; seed <= 30 && caught === 0; seed++) {
      const beside = async (fleet: Fleet): Promise<void> => {
        const member = fleet.members[0]!;
        const place = placeOf(optionsOf(member), duration(lease));
        await fleet.sleep(3_000);
        while (!fleet.isOver()) await mutant(place, fleet, member);
      };
      caught = (await runFleet({ seed, members, beside, lasts: 30_000 })).violations.length;
    }
    assert(caught > 0);
  });
}

/** Within what time all processes of an application hear of a change, in milliseconds. */
const within = 300;

/** Processes with switches of their own, each told by the application, as quickly or slowly as chance has it. */
function toldFleet(seed: number, slowest: number): ReturnType<typeof runFleet> {
  const switches: Array<LocalSwitch> = [];
  const told = (member: Member): Store<string, string> => {
    switches[member.index] = localSwitch({ within: `${within}ms`, clock: member.clock });
    return switched({ switch: switches[member.index]! })(member);
  };
  const beside = async ({ dice, isOver, sleep }: Fleet): Promise<void> => {
    const tell = async (each: LocalSwitch, wish: Mode): Promise<void> => {
      await sleep(dice.below(slowest));
      each.turn(wish);
    };
    while (!isOver()) {
      // One change follows the other only when all have heard of it.
      await sleep(slowest + dice.below(dice.chance(0.3) ? 300 : 4_000));
      const wish = dice.pick(["on", "off", "drain", "on", "off"] as const);
      for (const each of switches) void tell(each, wish);
    }
  };
  return runFleet({ seed, members: [told, told, told, told], beside, lasts: 20_000 });
}

Deno.test("S32 nor does it where the application tells each process, within the time that it states", async () => {
  let hits = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const { violations, verdicts } = await toldFleet(seed, within);
    assertEquals(violations, [], `seed ${seed}`);
    hits += verdicts.get("HitShared") ?? 0;
  }
  assert(hits > 1_000, `${hits}`);
});

Deno.test("S32 an application that tells them later than it states is caught by the same check", async () => {
  for (let seed = 1; (await toldFleet(seed, 10 * within)).violations.length === 0; seed++) assert(seed < 30);
});

Deno.test("S32 any process may pass the tier by itself, at any moment, beside others that do not", async () => {
  let hits = 0;
  for (let seed = 1; seed <= 20; seed++) {
    const switches: Array<LocalSwitch> = [];
    const alone = (member: Member): Store<string, string> => {
      switches[member.index] = localSwitch();
      return switched({ switch: { poll: `${poll}ms`, here: switches[member.index]! } })(member);
    };
    const beside = async ({ dice, isOver, sleep }: Fleet): Promise<void> => {
      while (!isOver()) {
        await sleep(dice.below(500));
        dice.pick(switches).turn(dice.pick(modes));
      }
    };
    const { violations, verdicts } = await runFleet({ seed, members: [alone, alone, alone], beside, lasts: 8_000 });
    assertEquals(violations, [], `seed ${seed}`);
    hits += verdicts.get("HitShared") ?? 0;
  }
  assert(hits > 1_000, `${hits}`);
});
