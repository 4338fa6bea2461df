import { DatabaseSync } from "node:sqlite";
import type { Backend, Call } from "../../lib/backend/port.ts";
import type { SqliteOptions } from "../../lib/backend/sqlite.ts";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import type { Operation, Reply, Stored } from "../../lib/protocol/slot.ts";

/** What the calls of these tests are bounded by. */
export const call: Call = { within: 1_000, lease: 1_000, level: "pinned" };
/** What an entry without end is stored with. */
export const forEver: Omit<Stored<Uint8Array>, "payload"> = { age: 0, fresh: Infinity, until: Infinity };

/** Some bytes. */
export function bytes(...values: ReadonlyArray<number>): Uint8Array {
  return Uint8Array.from(values);
}

/** One operation, and its reply. */
export async function ask(
  backend: Backend<Uint8Array>,
  slot: string,
  operation: Operation<Uint8Array>,
): Promise<Reply<Uint8Array> | undefined> {
  return (await backend.run([{ slot, operation }], call)())[0];
}

/** Claims and fills a slot; the tag of the last reply. */
export async function fill(
  backend: Backend<Uint8Array>,
  slot: string,
  payload: Uint8Array,
): Promise<string | undefined> {
  const mine = await ask(backend, slot, { _tag: "claim", owner: "Ann" });
  const generation = mine?._tag === "Mine" ? mine.generation : -1;
  return (await ask(backend, slot, { _tag: "fill", owner: "Ann", generation, stored: { ...forEver, payload } }))?._tag;
}

/** What a look is answered. */
export async function look(backend: Backend<Uint8Array>, slot: string): Promise<string | undefined> {
  return (await ask(backend, slot, { _tag: "look" }))?._tag;
}

/** Uses a path in a folder of its own. */
export async function inFolder(use: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/cache.sqlite`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A backend, and a second handle on its file. */
export async function beside(
  options: Omit<SqliteOptions, "path">,
  use: (backend: Backend<Uint8Array>, database: DatabaseSync, path: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (path) => {
    await using backend = sqliteBackend({ path, ...options });
    const database = new DatabaseSync(path);
    try {
      await use(backend, database, path);
    } finally {
      database.close();
    }
  });
}

/** A sum over the rows. */
export function count(database: DatabaseSync, what = "count(*)"): number {
  return Number(database.prepare(`SELECT ${what} AS count FROM slot`).get()?.count);
}
