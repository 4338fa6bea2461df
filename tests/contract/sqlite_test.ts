import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { backendContract } from "../../lib/testing/mod.ts";

const inMemory = (now: () => number) =>
  Promise.resolve(sqliteBackend({ path: ":memory:", maxEntries: 100_000, clock: { now } }));

for (const { name, run } of backendContract("the SQLite backend", inMemory)) Deno.test(name, run);

const folder = await Deno.makeTempDir();
let files = 0;
const inFile = (now: () => number) =>
  Promise.resolve(
    sqliteBackend({ path: `${folder}/${files++}.sqlite`, maxEntries: 1_000, maxBytes: 20_000, clock: { now } }),
  );

const cases = backendContract("a SQLite backend in a file that is full", inFile, { sequences: 1_500, seed: 50_000 });
for (const { name, run } of cases) Deno.test(name, run);

Deno.test.afterAll(() => Deno.remove(folder, { recursive: true }));
