import { type Gate, openGate } from "../faults/gate.ts";
import { sleep } from "../faults/patience.ts";
import { within } from "./bound.ts";
import type { Peer, PeerNode, Telling } from "./peer.ts";

/** How long entries live in a case, in milliseconds: longer than a case plays, short enough to wait for its end. */
export const caseTtl = 3_000;

/** Whoever is held at a gate or stopped at the source is let go long before. */
const patience = 5_000;

/** Messages between nodes take about a millisecond; connections are made in a few. */
export const quiet = 200;

/** Where a node can be stopped on its way: what it loaded is not cached yet, what it saved not told to the cache. */
export type Place = "after load" | "after save";

/** A place where whoever comes by next waits until it is released. */
export interface Stop {
  /** Waits until somebody came by. */
  readonly reached: () => Promise<void>;
  readonly release: () => void;
}

/** A node with its own ways to Redis, and its own way to the source of truth. */
export interface Actor extends Omit<PeerNode, "write"> {
  readonly write: (key: string, value: string, tell: Telling) => Promise<void>;
  /** Stops the next one that comes by there. */
  readonly stopAt: (place: Place) => Stop;
  /** The way of values; messages between nodes have another, as they have connections of their own. */
  readonly gate: Gate;
  /** Waits until something is held at the gate of values. */
  readonly holding: (direction: "requests" | "replies") => Promise<void>;
  /** From now on nothing of this node reaches the server, as if its process were gone. */
  readonly die: () => void;
}

/** Nodes of one library over one Redis and one source, which holds "old" for the keys a, b and c. */
export interface Scene extends AsyncDisposable {
  readonly one: Actor;
  readonly other: Actor;
  /** Starts a node: it has heard of nothing, so what it answers is what Redis holds. */
  readonly start: () => Promise<Actor>;
  readonly truth: Map<string, string>;
}

/** Opens two nodes, and waits until they are connected. */
export async function openScene(peer: Peer, port: number, namespace: string): Promise<Scene> {
  const truth = new Map([["a", "old"], ["b", "old"], ["c", "old"], ["connected", "yes"]]);
  const actors: Array<Actor> = [];
  const start = async (): Promise<Actor> => {
    const actor = await openActor(peer, port, namespace, truth);
    actors.push(actor);
    await actor.get("connected");
    return actor;
  };
  const close = async () => void await Promise.all(actors.map((actor) => actor[Symbol.asyncDispose]()));
  const [one, other] = [await start(), await start()];
  await sleep(quiet);
  return { one, other, start, truth, [Symbol.asyncDispose]: close };
}

async function openActor(peer: Peer, port: number, namespace: string, truth: Map<string, string>): Promise<Actor> {
  const [gate, bus] = [openGate(port), openGate(port)];
  const { pass, stopAt } = stops();
  const load = async (key: string): Promise<string> => {
    const value = truth.get(key) ?? "absent";
    await pass("after load");
    return value;
  };
  const connection = { port: gate.port, busPort: bus.port, namespace, ttl: caseTtl, load };
  const node = await within(patience, "connecting", peer.connect(connection));
  const { getMany } = node;
  return {
    get: (key, deadline) => within(patience, "a get", node.get(key, deadline)),
    getMany: typeof getMany === "string" ? getMany : (keys) => within(patience, "a getMany", getMany(keys)),
    write: (key, value, tell) => {
      const save = async (): Promise<void> => {
        truth.set(key, value);
        await pass("after save");
      };
      return within(patience, `a ${tell}`, node.write({ key, value, tell, save }));
    },
    clear: (keys) => within(patience, "a clear", node.clear(keys)),
    stopAt,
    gate,
    holding: (direction) => within(patience, `waiting for ${direction} to be held`, gate.holding(direction)),
    die: () => {
      for (const each of [gate, bus]) {
        each.lead(0);
        each.cut();
      }
    },
    [Symbol.asyncDispose]: async () => {
      // How a library behaves whose server is gone while it closes is not what is looked at here.
      await within(patience, "closing", node[Symbol.asyncDispose]()).catch(() => {});
      await gate[Symbol.asyncDispose]();
      await bus[Symbol.asyncDispose]();
    },
  };
}

function stops(): { readonly pass: (place: Place) => Promise<void>; readonly stopAt: (place: Place) => Stop } {
  const waiting = new Map<Place, () => Promise<void>>();
  return {
    pass: async (place) => {
      const stop = waiting.get(place);
      waiting.delete(place);
      await stop?.();
    },
    stopAt: (place) => {
      const reached = Promise.withResolvers<void>();
      const released = Promise.withResolvers<void>();
      waiting.set(place, () => (reached.resolve(), released.promise));
      return {
        reached: () => within(patience, `waiting for a stop ${place}`, reached.promise),
        release: released.resolve,
      };
    },
  };
}
