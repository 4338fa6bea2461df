import { absent } from "../../protocol/slot.ts";
import type { Reader, Writer } from "./actors.ts";
import { idle } from "./actors.ts";
import { land } from "./advance.ts";
import { processOf, withInstance } from "./instances.ts";
import { endRead } from "./joiners.ts";
import type { Setting } from "./setting.ts";
import { meet } from "./setting.ts";
import { never } from "./time.ts";
import type { Step, World } from "./world.ts";
import { nameOf, spend } from "./world.ts";

/** A reader or a writer stops for good; where it is in a process, that does. */
export function crash(world: World, kind: "reader" | "writer", i: number, setting: Setting): Step {
  meet(setting, "crash");
  const spent = { ...world, left: spend(world, setting, "crash") };
  if (setting.processes > 0) return crashProcess(spent, processOf(kind, i, setting), setting);
  const says = () => `${nameOf(kind, i)} crashes`;
  if (kind === "writer") return { world: finishWrite(spent, i), says };
  return land(
    { world: endRead(spent, i, stopped(world, i, setting), undefined, setting).world, says },
    i,
    0,
    "",
    setting,
  );
}

function crashProcess(world: World, process: number, setting: Setting): Step {
  const readers = world.readers.map((each, i) =>
    processOf("reader", i, setting) === process ? stopped(world, i, setting) : each
  );
  const after = world.writers.reduce<World>(
    (before, _, i) => processOf("writer", i, setting) === process ? finishWrite(before, i) : before,
    { ...world, readers },
  );
  const gone = withInstance(after, process, {
    slot: absent,
    remembered: false,
    line: "down",
    queue: [],
    proved: false,
  });
  return { world: gone, says: () => `process ${process + 1} crashes` };
}

function stopped({ readers }: World, i: number, { protocol }: Setting): Reader {
  const { reads, owner } = readers[i]!;
  return { ...idle(reads, protocol.names === "each client" ? owner : ""), state: "Crashed" };
}

/** A writer has nothing left to do. */
export function finishWrite(world: World, i: number): World {
  const writer = world.writers[i]!;
  const done: Writer = {
    ...writer,
    state: "Done",
    position: 0,
    placed: writer.placed.map(() => never),
    granted: never,
  };
  return { ...world, writers: world.writers.with(i, done) };
}
