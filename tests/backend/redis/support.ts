import { createClient } from "redis";
import type { Operation, Reply, Stored } from "../../../lib/protocol/slot.ts";
import type { Backend, Call } from "../../../lib/backend/port.ts";
import type { RedisBackend } from "../../../lib/backend/redis/mod.ts";

/** What bounds the calls of most tests. */
export const usual: Call = { within: 5_000, lease: 10_000, level: "pinned" };

/** Runs one operation on one slot. */
export async function ask(
  backend: Backend<Uint8Array>,
  slot: string,
  operation: Operation<Uint8Array>,
  call: Partial<Call> = {},
): Promise<Reply<Uint8Array>> {
  const [reply] = await backend.run([{ slot, operation }], { ...usual, ...call })();
  return reply!;
}

export const look = { _tag: "look" } as const;

export function claim(owner: string): Operation<Uint8Array> {
  return { _tag: "claim", owner };
}

export function lock(token: string): Operation<Uint8Array> {
  return { _tag: "lock", token };
}

export function unlock(token: string, generation: number, written?: Stored<Uint8Array>): Operation<Uint8Array> {
  return { _tag: "unlock", token, generation, written };
}

export function fill(owner: string, generation: number, stored: Stored<Uint8Array>): Operation<Uint8Array> {
  return { _tag: "fill", owner, generation, stored };
}

/** A value of some bytes that is fresh for a minute and usable for an hour. */
export function stored(...bytes: ReadonlyArray<number>): Stored<Uint8Array> {
  return { payload: Uint8Array.from(bytes), age: 0, fresh: 60_000, until: 3_600_000 };
}

/** Claims and fills a slot; answers what the fill answered. */
export async function store(
  backend: Backend<Uint8Array>,
  slot: string,
  value: Stored<Uint8Array>,
  call: Partial<Call> = {},
): Promise<Reply<Uint8Array>> {
  const mine = await ask(backend, slot, claim("storer"), call);
  if (mine._tag !== "Mine") return mine;
  return await ask(backend, slot, fill("storer", mine.generation, value), call);
}

/** The bytes of an entry that was hit. */
export function bytesOf(reply: Reply<Uint8Array>): ReadonlyArray<number> | string {
  return reply._tag === "Hit" ? [...reply.found.payload] : reply._tag;
}

/** The generation of a lock or claim that was granted. */
export function generationOf(reply: Reply<Uint8Array>): number {
  if (reply._tag !== "Locked" && reply._tag !== "Mine") {
    throw new Error(`Expected Locked or Mine: received ${reply._tag}`);
  }
  return reply.generation;
}

/** Sends commands to a server beside the backend. */
export interface Admin extends AsyncDisposable {
  readonly send: (...command: ReadonlyArray<string>) => Promise<unknown>;
}

/** Connects to a server beside the backend. */
export async function admin(url: string): Promise<Admin> {
  const client = createClient({ url, RESP: 2, maintNotifications: "disabled", socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  return {
    send: (...command) => client.sendCommand([...command]),
    [Symbol.asyncDispose]: () => Promise.resolve(client.destroy()),
  };
}

/** Waits for something that is about to happen; fails loudly if it does not within ten seconds, or as many as are said. */
export function eventually(what: string, holds: () => boolean | Promise<boolean>, seconds = 10): Promise<void> {
  return within(seconds * 1_000, what, holds);
}

/** Waits for something that takes so many milliseconds at most. */
export async function within(
  milliseconds: number,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!await holds()) {
    if (performance.now() > end) throw new Error(`Expected ${what} within ${milliseconds / 1_000} s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until all servers of a backend answer. */
export function ready(backend: RedisBackend): Promise<void> {
  return eventually("a ready backend", () => {
    const nodes = backend.nodes();
    return nodes.length > 0 && nodes.every(({ state }) => state === "ready");
  });
}

/** How many calls of a command a server has served. */
export async function calls(server: Admin, command: string): Promise<number> {
  const match = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(String(await server.send("INFO", "commandstats")));
  return match === null ? 0 : Number(match[1]);
}
