/** Started with a limit on the size of files: transfers more than fits, and prints what became of it. */
import * as E from "fp-ts/lib/Either.js";
import { sqliteSource } from "../../lib/source/sqlite.ts";
import { makeAccounts } from "./sqlite_support.ts";

const [path = "", mode = "", size = "0"] = Deno.args;
const other = makeAccounts(path, [], mode);
other.exec("CREATE TABLE text (id INTEGER PRIMARY KEY, content TEXT)");
other.close();
const texts = sqliteSource({
  database: path,
  rows: (database, ids: ReadonlyArray<number>) => {
    // Nothing is written to the file before the commit.
    database.exec("PRAGMA cache_size = -100000");
    const found = database.prepare("SELECT id, content FROM text").all();
    return found.map(({ id, content }) => ({ id: Number(id), content: String(content) }))
      .filter(({ id }) => ids.includes(id));
  },
  keyOf: ({ id }) => id,
  save: (database, changes) => {
    const insert = database.prepare("INSERT INTO text VALUES (?, ?)");
    for (const { key } of changes) insert.run(key, "x".repeat(10_000));
  },
});
const done = await texts.transact((tx) => async () => {
  await tx.get(0)();
  const put = [];
  for (let id = 0; id < Number(size); id++) put.push((await tx.put(id, { id, content: "" })())._tag);
  return E.right(put.every((tag) => tag === "Right"));
})();
console.log(JSON.stringify(done._tag === "Right" ? { put: done.right } : { outcome: done.left.outcome }));
await texts.close();
