import { DatabaseSync } from "node:sqlite";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import { shared, source } from "../../../mod.ts";
import { sqliteBackend } from "../../backend/sqlite.ts";
import type { Case } from "./comparison.ts";
import { type Document, documentCodec, documentWire, makeDocument } from "./document.ts";
import { inSequence, readInSequence } from "./lanes.ts";

/** How many entries there are. */
const entries = 4_000;

/** What a hit in the embedded backend costs. */
export const sqliteCase: Case = {
  name: "sqlite",
  about: "a hit in the SQLite backend beside a prepared SELECT with the same decoding",
  needs: "nothing",
  open: async () => {
    const folder = await Deno.makeTempDir({ prefix: "lamina-bench-" });
    const backend = sqliteBackend({ path: `${folder}/slots.sqlite` });
    const keys = Array.from({ length: entries }, (_, key) => key);
    const store = pipe(
      source({ load: (asked: ReadonlyArray<number>) => Promise.resolve(asked.map((key) => makeDocument(key, 100))) }),
      shared({ backend, name: "bench", codec: documentCodec, ttl: "1h", probe: "look" }),
    );
    await store.getMany(keys)();
    const floor = openFloor(`${folder}/floor.sqlite`);
    return {
      counts: [],
      comparisons: [{
        title: "SQLite hit, 100 B",
        floor: {
          name: "prepared SELECT and decode",
          // Awaited, as what answers from another process has to be.
          run: (count) => inSequence(count, (index) => Promise.resolve(floor.get(index % entries).id)),
        },
        contenders: [{
          name: "get",
          target: 1.3,
          run: (count) =>
            readInSequence(
              count,
              (index) => store.get(index % entries)(),
              (found) => found._tag === "Right" && found.right._tag === "Some" ? found.right.value.id : NaN,
            ),
        }],
      }],
      [Symbol.asyncDispose]: async () => {
        await store.close();
        await backend.close();
        floor.close();
        await Deno.remove(folder, { recursive: true });
      },
    };
  },
};

/** The same documents in a plain table, set up as the backend's file is. */
function openFloor(path: string): { readonly get: (key: number) => Document; readonly close: () => void } {
  const database = new DatabaseSync(path);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; BEGIN");
  database.exec("CREATE TABLE entry (name TEXT NOT NULL UNIQUE, payload BLOB)");
  const insert = database.prepare("INSERT INTO entry VALUES (?, ?)");
  for (let key = 0; key < entries; key++) {
    const bytes = documentWire.encode(O.some(makeDocument(key, 100)));
    if (bytes._tag === "Right") insert.run(`lamina:bench:0:${key}`, bytes.right);
  }
  database.exec("COMMIT");
  const select = database.prepare("SELECT payload FROM entry WHERE name = ?");
  return {
    get: (key) => {
      const row = select.get(`lamina:bench:0:${key}`);
      const value = documentWire.decode(row!.payload as Uint8Array);
      if (value._tag === "Right" && value.right._tag === "Some") return value.right.value;
      throw new TypeError("Cannot decode an entry: expected a document");
    },
    close: () => database.close(),
  };
}
