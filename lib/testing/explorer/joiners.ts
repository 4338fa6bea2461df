import type { Joiner, Reader } from "./actors.ts";
import { rest } from "./actors.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { versionOf } from "./versions.ts";
import type { Broken, Step, World } from "./world.ts";
import { nameOf } from "./world.ts";

/** Callers that can begin to wait for a read under way. */
export function joinSteps(world: World, setting: Setting): ReadonlyArray<Step> {
  // Callers that rest are alike: the first of them joins.
  const joiner = world.joiners.findIndex(({ reader }) => reader < 0);
  if (joiner < 0) return [];
  return world.readers.flatMap(({ state, answered }, reader): ReadonlyArray<Step> => {
    if (state === "Idle" || state === "Crashed" || answered) return [];
    const joined: Joiner = {
      reader,
      current: setting.protocol.joining === "blindly",
      acknowledged: world.acknowledged[reader % setting.keys]!,
      seen: world.seen[reader % setting.keys]!,
    };
    return [{
      world: { ...world, joiners: world.joiners.with(joiner, joined) },
      says: () => `${nameOf("caller", joiner)} waits for the read of ${nameOf("reader", reader)}`,
    }];
  });
}

/** What a reader's effect brought was current at a moment after all who wait now have joined. */
export function joinersSee(world: World, reader: number): World {
  if (!world.joiners.some((each) => each.reader === reader && !each.current)) return world;
  const joiners = world.joiners.map((each) => each.reader === reader ? { ...each, current: true } : each);
  return { ...world, joiners };
}

/** A read is over: its caller, and those who waited and may share it, have its value. */
export function endRead(
  world: World,
  i: number,
  after: Reader,
  payload: number | undefined,
  setting: Setting,
  floors: Pick<Joiner, "acknowledged" | "seen"> = after,
): Step {
  const key = i % world.slots.length;
  const waiting = world.joiners.filter(({ reader }) => reader === i);
  const joiners = waiting.length === 0 ? world.joiners : world.joiners.map((each) => each.reader === i ? rest() : each);
  const ended = { ...world, readers: world.readers.with(i, after), joiners };
  if (payload === undefined) return { world: ended, says: () => "; the read fails" };
  const version = versionOf(payload, key, world.source);
  const sharing = waiting.filter(({ current }) => current);
  if (sharing.length > 0) meet(setting, "a waiting caller shares a read");
  if (sharing.length < waiting.length) meet(setting, "a waiting caller may not share a read");
  const broke = [floors, ...sharing].flatMap((each) => judge(version, each));
  const seen = version > world.seen[key]! ? world.seen.with(key, version) : world.seen;
  const says = () => `; the read returns v${version}${sharing.length > 0 ? ", also to those who waited" : ""}`;
  return { world: { ...ended, seen }, says, broke };
}

/** What a returned version breaks, if anything. */
function judge(version: number, { acknowledged, seen }: Pick<Joiner, "acknowledged" | "seen">): ReadonlyArray<Broken> {
  if (Number.isNaN(version)) return [{ invariant: "I4", reason: "a read returned what nobody wrote to its key" }];
  const broke: Array<Broken> = [];
  if (version < acknowledged) {
    const reason = `a read returned v${version}, but v${acknowledged} was acknowledged before it began`;
    broke.push({ invariant: "I2", reason });
  }
  if (version < seen) {
    broke.push({ invariant: "I3", reason: `a read returned v${version}, but v${seen} had been read before it began` });
  }
  return broke;
}
