import type { RedisServer } from "../../../tests/servers/redis_server.ts";
import { ask } from "./command.ts";
import { underSlowCommit } from "./crash.ts";
import type { Direction, Gate } from "./gate.ts";
import type { World } from "./scenario.ts";

/** One round of a fault of a Redis, or of the way to it. */
export type Round = (world: World, server: RedisServer, gate: Gate) => Promise<void>;

type RoundName =
  | "quiet"
  | "crashing"
  | "stopping"
  | "restarting"
  | "restartingFromRdb"
  | "restartingFromAof"
  | "flushing"
  | "flushingUnder"
  | "pausing"
  | "killing"
  | "proxying"
  | "killingTelling"
  | "muting";

/** Some time between two faults, in which caches fill. */
function between({ pause, lease }: World): Promise<void> {
  return pause(lease * (0.2 + 0.3 * Math.random()));
}

const stopping: Round = async (world, server) => {
  for (const [what, length] of [["shorter", 0.15], ["shorter", 0.5], ["longer", 1.3]] as const) {
    await between(world);
    server.signal("SIGSTOP");
    try {
      await world.pause(length * world.lease);
    } finally {
      server.signal("SIGCONT");
    }
    world.count(`stops ${what} than the lease`);
  }
};

const restarting: Round = async (world, server) => {
  await between(world);
  await server.restart();
  world.count("restarts");
  await world.pause(world.lease * (0.3 + Math.random()));
};

const restartingWith = (saves: "RDB" | "AOF"): Round => async (world, server) => {
  await between(world);
  await ask(server.port, "SET", "marker", "old");
  if (saves === "RDB") await ask(server.port, "SAVE");
  await between(world);
  await server.restart();
  if (await ask(server.port, "GET", "marker") === "old") world.count(`restarts from ${saves} with old entries`);
  await world.pause(world.lease * (0.3 + Math.random()));
};

const flushing: Round = async ({ pause, lease, count }, server) => {
  await pause(lease * 0.1 * Math.random());
  await ask(server.port, "FLUSHALL");
  count("flushes");
};

const flushingUnder: Round = (world, server, gate) => underSlowCommit(world, () => flushing(world, server, gate));

const pausing: Round = async (world, server) => {
  for (const [mode, length] of [["WRITE", 0.15], ["ALL", 0.4], ["ALL", 1.2]] as const) {
    await between(world);
    await ask(server.port, "CLIENT", "PAUSE", String(Math.round(length * world.lease)), mode);
    world.count(`pauses ${length > 1 ? "longer" : "shorter"} than the lease`);
    await world.pause(length * world.lease);
  }
};

const killing: Round = async ({ pause, lease, count }, server) => {
  await pause(lease * (0.1 + 0.4 * Math.random()));
  count("connections killed", Number(await ask(server.port, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")));
};

const holding: Round = async (world, _server, gate) => {
  for (const length of [0.15, 0.4, 1.2]) {
    const directions: ReadonlyArray<Direction> = Math.random() < 0.3
      ? ["requests", "replies"]
      : [Math.random() < 0.5 ? "requests" : "replies"];
    await between(world);
    directions.forEach(gate.hold);
    await world.pause(length * world.lease);
    directions.forEach(gate.open);
  }
};

const delaying: Round = async (world, _server, gate) => {
  gate.delay(() => Math.random() * 0.1 * world.lease);
  world.count("delays");
  await world.pause(world.lease);
  gate.delay(() => 0);
  await between(world);
};

const cutting: Round = async (world, _server, gate) => {
  await world.pause(world.lease * (0.1 + 0.4 * Math.random()));
  gate.cut();
};

const numbing: Round = async (world, _server, gate) => {
  await between(world);
  gate.numb();
  await world.pause(world.lease);
};

const proxying: Round = async (world, server, gate) => {
  for (const round of [holding, delaying, cutting, numbing]) await round(world, server, gate);
};

/** Kills those connections only whose server tells of changes. */
const killingTelling: Round = async ({ pause, count }, server) => {
  await pause(500);
  const clients = String(await ask(server.port, "CLIENT", "LIST")).split("\n");
  for (const client of clients) {
    if (!/ flags=[A-Za-z]*t/.test(client)) continue;
    const id = /id=(\d+)/.exec(client)![1]!;
    count("telling connections killed", Number(await ask(server.port, "CLIENT", "KILL", "ID", id)));
  }
};

/** Half-open: the server hears its clients, and tells them of changes that never arrive. */
const muting: Round = async (world, _server, gate) => {
  await between(world);
  gate.mute();
  await world.pause(2 * world.lease);
};

const crashing: Round = async ({ crash }) => {
  await crash("between lock and commit");
  await crash("between commit and unlock");
};

const quiet: Round = async ({ pause, lease, count }) => {
  count("rounds without a fault");
  await pause(lease);
};

/** The rounds by what they do. */
export const rounds: Readonly<Record<RoundName, Round>> = {
  quiet,
  crashing,
  stopping,
  restarting,
  restartingFromRdb: restartingWith("RDB"),
  restartingFromAof: restartingWith("AOF"),
  flushing,
  flushingUnder,
  pausing,
  killing,
  proxying,
  killingTelling,
  muting,
};
