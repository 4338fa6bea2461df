import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { SqliteOptions } from "../../lib/backend/sqlite.ts";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";
import { ask, beside, bytes, call, fill, inFolder, look } from "./sqlite_support.ts";

function setVersions(path: string, pragmas: string): void {
  const database = new DatabaseSync(path);
  database.exec(pragmas);
  database.close();
}

Deno.test("a file that was moved away is Unreachable, and served again once it is back", () =>
  inFolder(async (path, folder) => {
    let now = 0;
    const inside = `${folder}/inside`;
    await Deno.mkdir(inside);
    await using backend = sqliteBackend({ path: `${inside}/cache.sqlite`, clock: { now: () => now } });
    assertEquals(await fill(backend, "a", bytes(1)), "Filled");
    await Deno.rename(inside, path);
    now = 100;
    const reply = await ask(backend, "a", { _tag: "look" });
    assert(reply?._tag === "Unreachable" && reply.reason === "the file was moved or deleted");
    assertEquals((await ask(backend, "a", { _tag: "lock", token: "t" }))?._tag, "Unreachable");
    await Deno.rename(path, inside);
    assertEquals(await look(backend, "a"), "Hit");
    await Deno.remove(inside, { recursive: true });
    now = 200;
    assertEquals(await look(backend, "a"), "Unreachable");
  }));

Deno.test("a file that may not be written is Unreachable for writes, and still read", () =>
  inFolder(async (path) => {
    const first = sqliteBackend({ path });
    await fill(first, "a", bytes(1));
    await first.close();
    // The format's version for writing: SQLite opens a file of a later one for reading only.
    const file = await Deno.open(path, { write: true });
    await file.seek(18, Deno.SeekMode.Start);
    await file.write(bytes(3));
    file.close();

    await using backend = sqliteBackend({ path });
    assertEquals(await look(backend, "a"), "Hit");
    const reply = await ask(backend, "a", { _tag: "lock", token: "t" });
    assert(reply?._tag === "Unreachable");
    assertStringIncludes(reply.reason, "readonly");
    assertEquals(await look(backend, "a"), "Hit");
  }));

Deno.test("a damaged file is Unreachable, and nothing rejects", () =>
  inFolder(async (path) => {
    const first = sqliteBackend({ path });
    for (let index = 0; index < 500; index++) await fill(first, `slot ${index}`, new Uint8Array(500));
    await first.close();
    const { size } = await Deno.stat(path);
    const file = await Deno.open(path, { write: true });
    await file.seek(4_096, Deno.SeekMode.Start);
    await file.write(new Uint8Array(size - 4_096).fill(0x55));
    file.close();

    await using backend = sqliteBackend({ path });
    const reply = await ask(backend, "slot 7", { _tag: "look" });
    assert(reply?._tag === "Unreachable" && reply.cause instanceof Error);
    assertEquals((await ask(backend, "new", { _tag: "lock", token: "t" }))?._tag, "Unreachable");
  }));

Deno.test("a row that is no slot is Unreachable, and others are not touched by it", () =>
  beside({}, async (backend, database) => {
    for (const slot of ["a", "b"]) await fill(backend, slot, bytes(1));
    database.exec("UPDATE slot SET tag = 'Lost' WHERE name = 'a'");
    assertEquals([await look(backend, "a"), await look(backend, "b")], ["Unreachable", "Hit"]);
    const both = ["a", "c"].map((slot) => ({ slot, operation: { _tag: "lock", token: "t" } }) as const);
    const replies = await backend.run(both, call)();
    assertEquals(replies.map(({ _tag }) => _tag), ["Unreachable", "Unreachable"]);
    assertEquals(await look(backend, "c"), "Vacant", "The call was rolled back as a whole");
  }));

Deno.test("a file of an unknown version, or of another program, is refused and left as it is", () =>
  inFolder(async (path) => {
    await sqliteBackend({ path }).close();
    setVersions(path, "PRAGMA user_version = 99");
    const unknown = assertThrows(() => sqliteBackend({ path }), RangeError);
    assertStringIncludes(unknown.message, "expected a new file or one of version 1, found one of version 99: received");

    for (const pragmas of ["CREATE TABLE other (a)", "PRAGMA user_version = 1", "PRAGMA application_id = 5"]) {
      const other = `${path}-${pragmas.length}`;
      setVersions(other, pragmas);
      const before = await Deno.readFile(other);
      const foreign = assertThrows(() => sqliteBackend({ path: other }), RangeError);
      assertStringIncludes(foreign.message, "found another program's database: received");
      assertEquals(await Deno.readFile(other), before);
    }
  }));

Deno.test("what cannot be opened is refused with its path", () =>
  inFolder(async (path, folder) => {
    await Deno.writeTextFile(
      path,
      "this is not a database, but it is long enough to be mistaken for the head of one. ".repeat(9),
    );
    for (const wrong of [path, `${folder}/none/cache.sqlite`, folder]) {
      const error = assertThrows(() => sqliteBackend({ path: wrong }), Error);
      assertStringIncludes(error.message, "Cannot open a SQLite backend: ");
      assertStringIncludes(error.message, `: received ${JSON.stringify(wrong)}`);
    }
  }));

Deno.test("options out of bounds are refused with what was expected", () => {
  const refused = (options: SqliteOptions): string => assertThrows(() => sqliteBackend(options), RangeError).message;
  assertEquals(refused({ path: "" }), 'Cannot make a SQLite backend: expected a path, or ":memory:": received ""');
  assertEquals(
    refused({ path: ":memory:", maxEntries: 1.5 }),
    "Cannot make a SQLite backend: expected a positive whole maxEntries: received 1.5",
  );
  assertEquals(
    refused({ path: ":memory:", maxBytes: 0 }),
    "Cannot make a SQLite backend: expected positive maxBytes: received 0",
  );
});
