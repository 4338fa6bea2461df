/** Writes of a process: its own slot is locked around the write of the tier below. */
import { step } from "../../protocol/machine.ts";
import type { Writer } from "./actors.ts";
import { generation, processOf, stepInside } from "./instances.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { payloadOf } from "./versions.ts";
import { meaningOf } from "./words.ts";
import type { Step, World } from "./world.ts";
import { nameOf } from "./world.ts";

/** How a write ends: what its tables say goes on as the world says. */
export type EndWrite = (world: World, i: number, writer: Writer, how: string) => Step;

/** What a write does in its process's slot, before the tier below or after it. A tier above others only clears. */
export function writeAbove(world: World, i: number, writer: Writer, setting: Setting, end: EndWrite): Step {
  const process = processOf("writer", i, setting);
  const { token, above, version } = writer;
  const locks = above === "Locking";
  const publishes = setting.protocol.instances.unlocks === "publishing" && above === "Unlocking";
  const written = publishes ? { payload: payloadOf(version, 0), age: 0, fresh: Infinity, until: Infinity } : undefined;
  const [after, reply] = stepInside(
    world,
    process,
    locks ? { _tag: "lock", token } : { _tag: "unlock", token, generation, written },
    setting,
  );
  const next = stepAbove(after, i, writer, locks ? reply._tag : "Confirmed", setting, end);
  const verb = locks ? "locks" : "unlocks";
  return {
    ...next,
    says: () => `${nameOf("writer", i)} ${verb} in process ${process + 1}: ${meaningOf(reply)}${next.says()}`,
  };
}

/** The write of the tier below is over. */
export function hearWritten(
  world: World,
  i: number,
  writer: Writer,
  how: string,
  setting: Setting,
  end: EndWrite,
): Step {
  return stepAbove(world, i, writer, how, setting, end);
}

function stepAbove(world: World, i: number, writer: Writer, reply: string, setting: Setting, end: EndWrite): Step {
  const { writing } = setting.protocol;
  const next = step(writing, writer.above!, reply);
  meet(setting, `writing above ${writer.above} → ${reply}`);
  const begun: Writer = { ...writer, above: next, state: next === "Writing" ? "Locking" : "Above", position: 0 };
  if (writing[next] === undefined) return end(world, i, begun, next);
  return { world: { ...world, writers: world.writers.with(i, begun) }, says: () => "" };
}
