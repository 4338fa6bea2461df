import { createClient } from "redis";
import { slotName } from "../../key.ts";
import type { Medium } from "./cache_aside.ts";
import type { City } from "./city.ts";

/** How many keys go in one command: a server is held up for well under a millisecond. */
const keysACommand = 1_000;

/** As much of npm:redis as is used here. */
type Send = (command: ReadonlyArray<string>) => Promise<unknown>;

interface Connection extends AsyncDisposable {
  readonly send: Send;
}

/** Connects once, and fails at once where nobody answers; a password does not get into the error. */
async function connect(url: string): Promise<Connection> {
  const client = createClient({ url, socket: { reconnectStrategy: false, connectTimeout: 3_000 } });
  // A client without a listener ends the process when its connection breaks; what was sent fails by itself.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    const { host } = new URL(url);
    throw new Error(`Cannot use Redis: expected a server at ${host}: received ${cause}`, { cause });
  }
  return {
    send: (command) => client.sendCommand([...command]),
    [Symbol.asyncDispose]: async () => {
      if (client.isOpen) await client.close().catch(() => client.destroy());
    },
  };
}

/** Keys that processes share. */
export async function redisMedium(url: string, namespace: string): Promise<Medium> {
  const connection = await connect(url);
  const { send } = connection;
  const nameOf = asideName(namespace);
  return {
    get: async (id) => readCity(await send(["GET", nameOf(id)])),
    set: async (id, city, ttl) => void await send(["SET", nameOf(id), JSON.stringify(city), "PX", String(ttl)]),
    delete: async (id) => void await send(["DEL", nameOf(id)]),
    held: async (count) => {
      const held: Array<readonly [number, City]> = [];
      for (const ids of inParts(count)) {
        const found = await send(["MGET", ...ids.map(nameOf)]) as ReadonlyArray<unknown>;
        ids.forEach((id, i) => {
          const city = readCity(found[i]);
          if (city !== undefined) held.push([id, city]);
        });
      }
      return held;
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}

/** Fails if there is no server at a url. */
export async function checkRedis(url: string): Promise<void> {
  await using connection = await connect(url);
  await connection.send(["PING"]);
}

/**
 * Removes all keys that a run may have made under its namespace, by their names: a SCAN would go through everything
 * that others keep on the server.
 */
export async function removeKeys(url: string, namespace: string, count: number): Promise<void> {
  await using connection = await connect(url);
  const ours = slotName({ namespace });
  const theirs = asideName(namespace);
  for (const ids of inParts(count)) {
    await connection.send(["UNLINK", ...ids.map((id) => ours(String(id), 0)), ...ids.map(theirs)]);
  }
}

function asideName(namespace: string): (id: number) => string {
  return (id) => `aside:${namespace}:${id}`;
}

function readCity(text: unknown): City | undefined {
  return typeof text === "string" ? JSON.parse(text) as City : undefined;
}

function* inParts(count: number): Generator<ReadonlyArray<number>> {
  for (let first = 0; first < count; first += keysACommand) {
    yield Array.from({ length: Math.min(keysACommand, count - first) }, (_, i) => first + i);
  }
}
