import type { Reader } from "./actors.ts";
import { advance } from "./advance.ts";
import { choices, othersSee } from "./flights.ts";
import { joinersSee } from "./joiners.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { payloadOf } from "./versions.ts";
import type { Step, World } from "./world.ts";
import { leftOf, nameOf, spend } from "./world.ts";

/** The states in which a reader loads. */
export const loading: ReadonlySet<string> = new Set(["Loading", "Bypassing", "Renewing"]);

/** What can become of a load. */
export function loads(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  const source = world.source[i % setting.keys]!;
  const who = nameOf("reader", i);
  const load = (version: number, from: World, reply: string): Step => {
    const loaded = payloadOf(version, i % setting.keys);
    const seen = othersSee(joinersSee(from, i), i, setting);
    const loading = advance(seen, i, { ...reader, loaded }, reply, setting);
    return { ...loading, says: () => `${who} loads v${version}${loading.says()}` };
  };
  const steps = [load(source, world, "Loaded"), ...slow(world, i, reader, setting)];
  if (setting.granted.length === 0) return steps;
  const spent = (fault: "laggingReplica" | "unstorable" | "sourceAborted" | "sourceUnknownNotApplied") => {
    meet(setting, fault);
    return { ...world, left: spend(world, setting, fault) };
  };
  if (leftOf(world, setting, "laggingReplica") > 0) {
    for (let version = 0; version < source; version++) steps.push(load(version, spent("laggingReplica"), "Loaded"));
  }
  if (leftOf(world, setting, "unstorable") > 0) steps.push(load(source, spent("unstorable"), "Unstorable"));
  for (const [fault, reply] of [["sourceAborted", "Failed"], ["sourceUnknownNotApplied", "Late"]] as const) {
    if (leftOf(world, setting, fault) === 0) continue;
    const excused = reader.state === "Renewing" && setting.failures === "excused";
    const failed = advance(spent(fault), i, reader, excused ? "Excused" : reply, setting);
    steps.push({
      ...failed,
      says: () => `${who}'s load ${reply === "Late" ? "is too slow" : "fails"}${failed.says()}`,
    });
  }
  return steps;
}

/** The caller of a renewal that takes long has the value at hand. */
function slow(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  if (reader.state !== "Renewing" || reader.answered) return [];
  const answered = advance(world, i, reader, "Slow", setting);
  return [{ ...answered, says: () => `${nameOf("reader", i)} loads no longer for its caller${answered.says()}` }];
}

/** Whether a load has failed, so that more of them may be resting. */
export function hasFailed(world: World, setting: Setting): boolean {
  return (["sourceAborted", "sourceUnknownNotApplied"] as const).some((fault) => {
    const at = setting.granted.indexOf(fault);
    return at >= 0 && world.left[at]! < setting.times[at]!;
  });
}

/** A reader that waits may be woken at any time, for no reason too, or give up; what lands comes by itself. */
export function waits(world: World, i: number, reader: Reader, setting: Setting): ReadonlyArray<Step> {
  const who = nameOf("reader", i);
  const woken = advance(world, i, reader, "Woken", setting);
  const spent = advance(world, i, reader, "Spent", setting);
  return [
    ...choices({ ...woken, says: () => `${who} is woken${woken.says()}` }, i, setting),
    { ...spent, says: () => `${who} waits no longer${spent.says()}` },
  ];
}
