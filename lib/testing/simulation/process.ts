import type { Backend } from "../../backend/port.ts";
import type { Clock } from "../../clock.ts";
import type { SimulatedProcess } from "./setting.ts";
import { connect } from "./server.ts";
import { sourceOf } from "./source.ts";
import type { Life, World } from "./world.ts";
import { meet, note, violate } from "./world.ts";

/** Starts a process, in the place of the one that was there. */
export function start(world: World, process: number): Life {
  const round = (world.lives[process]?.round ?? 0) + 1;
  const owner = {};
  let state: Life["state"] = "open";
  const clock: Clock = {
    now: world.clock.now,
    after: (milliseconds, run) => state === "crashed" ? () => {} : world.clock.after(milliseconds, run, owner),
  };
  const self = (): Life => life;
  const backend = connect(world, self);
  const life: Life = {
    process,
    round,
    name: `process ${process + 1}${"'".repeat(round - 1)}`,
    clock,
    store: world.setting.stack.build(partsOf(world, process, clock, backend, self)),
    get state() {
      return state;
    },
    set state(to) {
      state = to;
      if (to === "crashed") world.clock.forget(owner);
    },
    fencedAt: -Infinity,
  };
  world.lives[process] = life;
  world.started += 1;
  if (round > 1) note(world, () => `${life.name} starts`);
  return life;
}

function partsOf(
  world: World,
  process: number,
  clock: Clock,
  backend: Backend<Uint8Array>,
  life: () => Life,
): SimulatedProcess {
  return {
    number: process + 1,
    clock,
    source: sourceOf(world, clock, life),
    backend,
    level: world.setting.level,
    observer: { event: ({ _tag }) => meet(world, `event ${_tag}`) },
  };
}

/** A process stops at once, and another one takes its place some time later. */
export function crash(world: World, life: Life, down: number): void {
  life.state = "crashed";
  world.clock.after(down, () => void start(world, life.process));
}

/** A process is closed, and another one takes its place once that is done. */
export function restart(world: World, process: number): void {
  const life = world.lives[process];
  if (life?.state !== "open") return;
  meet(world, "restart");
  note(world, () => `${life.name} is closed`);
  life.state = "closing";
  void close(world, life).then(() => life.state === "crashed" || void start(world, process));
}

/** Closes a process; a close that rejects breaks the promise that nothing does. */
export async function close(world: World, life: Life): Promise<void> {
  try {
    await life.store.close();
  } catch (cause) {
    violate(world, "I5", `the close of ${life.name} rejected: ${cause}`);
  }
  if (life.state !== "crashed") life.state = "closed";
}
