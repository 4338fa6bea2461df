import type { Writer } from "./actors.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { lease } from "./time.ts";
import { mayRetry } from "./transactions.ts";
import { nextVersion, withVersion } from "./versions.ts";
import type { World } from "./world.ts";
import { leftOf, nameOf, spend } from "./world.ts";

/** What the source makes of a write, and what its writer hears of that. */
export interface Fate {
  readonly world: World;
  readonly writer: Writer;
  readonly reply: string;
  readonly how: string;
}

/** Everything that can become of a write of these keys at the source. */
export function fates(
  world: World,
  i: number,
  writer: Writer,
  keys: ReadonlyArray<number>,
  setting: Setting,
): ReadonlyArray<Fate> {
  if (setting.source === "fenced" && world.now >= writer.granted + lease) {
    return [
      { world, writer, reply: "Aborted", how: "writes too late: the source refuses it" },
      { world, writer, reply: "Unknown", how: "gives up its write, which the source refuses" },
    ];
  }
  const version = nextVersion(world);
  const committed = commit(world, keys);
  const knowing = { ...writer, version, applied: true };
  const found: Array<Fate> = [{ world: committed, writer: knowing, reply: "Committed", how: `commits v${version}` }];
  if (mayRetry(i, writer, setting)) {
    const how = "meets another transaction: the source refuses its commit";
    found.push({ world, writer: { ...writer, again: true }, reply: "Aborted", how });
  }
  for (const fault of sourceFaults) {
    if (leftOf(world, setting, fault) === 0) continue;
    meet(setting, fault);
    const fate = misfortune(fault, world, i, writer, keys);
    found.push({ ...fate, world: { ...fate.world, left: spend(world, setting, fault) } });
  }
  return found;
}

function commit(world: World, keys: ReadonlyArray<number>): World {
  return { ...world, source: withVersion(world.source, keys, nextVersion(world)) };
}

const sourceFaults = [
  "sourceAborted",
  "sourceUnconfirmed",
  "sourceUnknownNotApplied",
  "sourceUnknownApplied",
  "sourceAppliedLate",
] as const;

function misfortune(
  fault: typeof sourceFaults[number],
  world: World,
  i: number,
  writer: Writer,
  keys: ReadonlyArray<number>,
): Fate {
  const version = nextVersion(world);
  const applied = { ...writer, applied: true };
  const silence = "hears nothing of its write, which is";
  switch (fault) {
    case "sourceAborted":
      return { world, writer, reply: "Aborted", how: "is refused by the source" };
    case "sourceUnconfirmed": {
      const how = `commits v${version}, unconfirmed below`;
      return { world: commit(world, keys), writer: { ...applied, version }, reply: "Unconfirmed", how };
    }
    case "sourceUnknownNotApplied":
      return { world, writer, reply: "Unknown", how: `${silence} not applied` };
    case "sourceUnknownApplied":
      return {
        world: commit(world, keys),
        writer: applied,
        reply: "Unknown",
        how: `${silence} applied as v${version}`,
      };
    case "sourceAppliedLate": {
      const late = [...world.late, { granted: writer.granted, who: nameOf("writer", i), keys }];
      return { world: { ...world, late }, writer: applied, reply: "Unknown", how: `${silence} still in flight` };
    }
  }
}
