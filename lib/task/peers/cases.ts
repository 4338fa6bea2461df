import { sleep } from "../faults/patience.ts";
import { within } from "./bound.ts";
import { type Actor, quiet, type Scene } from "./scene.ts";

/** What is looked at when a case was played. */
export interface Played {
  /** The keys that may be stale now. */
  readonly keys: ReadonlyArray<string>;
  /** Who is still there to read them; one that starts then reads them as well. */
  readonly readers: ReadonlyArray<Actor>;
}

/** A case from the field: two nodes that come into each other's way. */
export interface PeerCase {
  /** What `--only` knows it by. */
  readonly name: string;
  readonly title: string;
  /** Plays it to the end of all that was begun; a text says why the library cannot. */
  readonly play: (scene: Scene) => Promise<Played | string>;
}

/** The cases. The first has nothing that overlaps: who is stale there is not told of other nodes' writes at all. */
export const peerCases: ReadonlyArray<PeerCase> = [
  { name: "quiet", title: "a delete with nothing beside it", play: quietDelete },
  { name: "late-fill", title: "a fill that arrives after another node's delete", play: lateFill },
  { name: "same-node", title: "a get in flight, a delete on the same node", play: sameNode },
  { name: "get-many", title: "a getMany in flight, a delete on each node", play: throughGetMany },
  { name: "held-reply", title: "a reply that is held past another node's set", play: heldReply },
  { name: "clear", title: "a fill that a clear on another node races", play: clearRace },
  { name: "two-sets", title: "two sets, told in the other order", play: twoSets },
  { name: "crash", title: "a writer that is gone between commit and delete", play: crash },
  { name: "timed-out", title: "a load that timed out and ends after a newer set", play: timedOut },
];

function all({ one, other }: Scene, ...keys: ReadonlyArray<string>): Played {
  return { keys, readers: [one, other] };
}

async function quietDelete(scene: Scene): Promise<Played> {
  await scene.one.get("a");
  await scene.other.get("a");
  await scene.other.write("a", "new", "delete");
  return all(scene, "a");
}

async function lateFill(scene: Scene): Promise<Played> {
  const { one, other } = scene;
  const loaded = one.stopAt("after load");
  const reading = one.get("a");
  await loaded.reached();
  one.gate.hold("requests");
  loaded.release();
  await one.holding("requests");
  await other.write("a", "new", "delete");
  await sleep(quiet);
  one.gate.open("requests");
  await reading;
  return all(scene, "a");
}

async function sameNode(scene: Scene): Promise<Played> {
  const loaded = scene.one.stopAt("after load");
  const reading = scene.one.get("a");
  await loaded.reached();
  await scene.one.write("a", "new", "delete");
  loaded.release();
  await reading;
  return all(scene, "a");
}

async function throughGetMany(scene: Scene): Promise<Played | string> {
  const { one, other } = scene;
  if (typeof one.getMany === "string") return one.getMany;
  const loaded = one.stopAt("after load");
  const reading = one.getMany(["a", "b", "c"]);
  await loaded.reached();
  await one.write("a", "new", "delete");
  await other.write("b", "new", "delete");
  loaded.release();
  await reading;
  return all(scene, "a", "b");
}

async function heldReply(scene: Scene): Promise<Played> {
  const { one, other } = scene;
  await other.get("a");
  await sleep(quiet);
  // Has not got the value yet, also where every fill is sent to every node.
  const late = await scene.start();
  await sleep(quiet);
  late.gate.hold("replies");
  const reading = late.get("a");
  await late.holding("replies");
  await other.write("a", "new", "set");
  await sleep(quiet);
  late.gate.open("replies");
  await reading;
  return { keys: ["a"], readers: [late, one, other] };
}

async function clearRace(scene: Scene): Promise<Played> {
  const loaded = scene.one.stopAt("after load");
  const reading = scene.one.get("a");
  await loaded.reached();
  scene.truth.set("a", "new");
  await scene.other.clear(["a", "b", "c"]);
  await sleep(quiet);
  loaded.release();
  await reading;
  return all(scene, "a");
}

async function twoSets(scene: Scene): Promise<Played> {
  const saved = scene.one.stopAt("after save");
  const first = scene.one.write("a", "first", "set");
  await saved.reached();
  await scene.other.write("a", "second", "set");
  await sleep(quiet);
  saved.release();
  await first;
  return all(scene, "a");
}

async function crash({ one, other }: Scene): Promise<Played> {
  await other.get("a");
  const saved = one.stopAt("after save");
  // Nobody is left to hear how it ends.
  const writing = one.write("a", "new", "delete").catch(() => {});
  await saved.reached();
  one.die();
  saved.release();
  await Promise.race([writing, sleep(quiet)]);
  return { keys: ["a"], readers: [other] };
}

/** How long the caller waits for its load; a library without deadlines is left alone then. */
const callerPatience = 50;

async function timedOut(scene: Scene): Promise<Played> {
  const { one, other } = scene;
  const loaded = one.stopAt("after load");
  const reading = one.get("a", callerPatience);
  // The caller is gone by then; the load may go on.
  const ended = reading.catch(() => {});
  await loaded.reached();
  await within(2 * callerPatience, "the caller's patience", reading).catch(() => {});
  await other.write("a", "new", "set");
  await sleep(quiet);
  loaded.release();
  await ended;
  return all(scene, "a");
}
