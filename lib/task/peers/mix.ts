import { type Random, seeded } from "../demo/random.ts";
import { sleep } from "../faults/patience.ts";
import { within } from "./bound.ts";
import type { Peer, PeerNode, Telling } from "./peer.ts";

/** What an ordinary application does. */
export interface MixSettings {
  readonly seed: number;
  /** How many reads and writes there are on all nodes together. */
  readonly operations: number;
  /** What writers tell the cache. */
  readonly tell: Telling;
}

/** What was left when everything had ended. */
export interface MixResult {
  readonly keys: number;
  /** Keys for which some node holds another value than the source, in its memory or in Redis. */
  readonly stale: number;
  /** Those of them for which Redis does. */
  readonly staleInRedis: number;
  /** Keys that any node holds at all: a cache that holds nothing is never stale. */
  readonly held: number;
  /** Operations that failed, or had no end. */
  readonly failed: number;
}

/** How many rows there are. */
export const mixKeys = 300;

/** Two nodes, each with so many clients that do one thing after the other. */
export const mixClients = 50;

/** One in so many operations is a write. */
export const mixWritesOneIn = 5;

/** A read or a write of the source takes 1 to so many milliseconds: timers know no parts of one. */
const slowest = 3;

/** Connections are made in a few milliseconds, and subscriptions on them. */
const quiet = 200;

/** The time for what is still under way between nodes, and longer than this package's memory remembers. */
export const mixQuiet = 1_500;

/** Entries outlive any run, so that what is wrong stays wrong. */
const ttl = 3_600_000;

/** One operation takes milliseconds; who waits for seconds is stuck. */
const patience = 5_000;

/** How many keys are looked at together. */
const lookedAt = 25;

/** What a node of the mix is made of. */
interface Ground {
  readonly truth: Map<string, string>;
  /** Whether loads still load; at the end, what is not held is not loaded either. */
  loads: boolean;
  readonly random: Random;
}

/** Runs readers and writers on two nodes, lets everything end, and compares all that is held with the source. */
export async function runMix(peer: Peer, port: number, settings: MixSettings): Promise<MixResult> {
  const ground: Ground = { truth: new Map(), loads: true, random: seeded(settings.seed) };
  for (let i = 0; i < mixKeys; i++) ground.truth.set(keyName(i), "first");
  const namespace = `mix-${settings.tell}-${peer.name.replace(/\W+/g, "-")}`;
  const connection = { port, busPort: port, namespace, ttl, load: (key: string) => load(ground, key) };
  const nodes: Array<PeerNode> = [];
  try {
    const start = async (): Promise<PeerNode> => {
      const node = await within(patience, "connecting", peer.connect(connection));
      nodes.push(node);
      return node;
    };
    const both = [await start(), await start()];
    await sleep(quiet);
    const failed = await operate(both, ground, settings);
    await sleep(mixQuiet);
    ground.loads = false;
    return { ...await audit(both, await start(), ground.truth), failed };
  } finally {
    await Promise.all(nodes.map((node) => within(patience, "closing", node[Symbol.asyncDispose]()).catch(() => {})));
  }
}

async function operate(nodes: ReadonlyArray<PeerNode>, ground: Ground, settings: MixSettings): Promise<number> {
  let left = settings.operations;
  let failed = 0;
  const client = async (node: PeerNode, index: number): Promise<void> => {
    const random = seeded(settings.seed, index);
    for (let i = 0; left-- > 0; i++) {
      const key = keyName(Math.floor(random() * mixKeys));
      const isWrite = random() * mixWritesOneIn < 1;
      const value = `${index}:${i}`;
      const done: Promise<unknown> = isWrite
        ? node.write({ key, value, tell: settings.tell, save: () => save(ground, key, value) })
        : node.get(key);
      await within(patience, "an operation", done).catch(() => void (failed += 1));
    }
  };
  await Promise.all(
    nodes.flatMap((node, n) => Array.from({ length: mixClients }, (_, i) => client(node, n * mixClients + i))),
  );
  return failed;
}

async function load(ground: Ground, key: string): Promise<string> {
  if (!ground.loads) throw new Error("not held");
  const [there, back] = wayOf(ground.random);
  await sleep(there);
  const value = ground.truth.get(key) ?? "absent";
  await sleep(back);
  return value;
}

async function save(ground: Ground, key: string, value: string): Promise<void> {
  const [there, back] = wayOf(ground.random);
  await sleep(there);
  ground.truth.set(key, value);
  await sleep(back);
}

/** How long a request travels to the source, and its answer back. */
function wayOf(random: Random): readonly [number, number] {
  const both = 1 + Math.floor(slowest * random());
  const there = Math.floor((both + 1) * random());
  return [there, both - there];
}

/** Asks all nodes for all keys; one that has just started has heard of nothing, and so tells what Redis holds. */
async function audit(
  nodes: ReadonlyArray<PeerNode>,
  started: PeerNode,
  truth: ReadonlyMap<string, string>,
): Promise<Omit<MixResult, "failed">> {
  const result = { keys: mixKeys, stale: 0, staleInRedis: 0, held: 0 };
  const lookAt = async (key: string): Promise<void> => {
    const inRedis = await heldBy(started, key);
    const values = [inRedis, ...await Promise.all(nodes.map((node) => heldBy(node, key)))];
    const isStale = (value: string | undefined) => value !== undefined && value !== truth.get(key);
    if (values.some((value) => value !== undefined)) result.held += 1;
    if (values.some(isStale)) result.stale += 1;
    if (isStale(inRedis)) result.staleInRedis += 1;
  };
  for (let first = 0; first < mixKeys; first += lookedAt) {
    await Promise.all(Array.from({ length: lookedAt }, (_, i) => lookAt(keyName(first + i))));
  }
  return result;
}

/** Undefined where nothing is held: the load that would answer instead fails. */
async function heldBy(node: PeerNode, key: string): Promise<string | undefined> {
  return await within(patience, "a look", node.get(key)).catch(() => undefined);
}

function keyName(index: number): string {
  return `k${index}`;
}
