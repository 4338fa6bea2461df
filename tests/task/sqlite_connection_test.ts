import { assertEquals } from "@std/assert";
import { connectSqlite } from "../../lib/task/faults/sqlite_connection.ts";

/** Keeps everybody else out of a file for a while, as whoever recovers its log does. */
const exclusive = `
  import { DatabaseSync } from "node:sqlite";
  const database = new DatabaseSync(Deno.args[0]);
  database.exec("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; CREATE TABLE item (key TEXT)");
  console.log("ready");
  setTimeout(() => database.close(), 300);
`;

Deno.test("a database opens while another process holds it for itself", async () => {
  const folder = await Deno.makeTempDir({ prefix: "lamina-test-" });
  const path = `${folder}/held.sqlite`;
  const holder = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-lock", "--allow-all", "-", path],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  try {
    const input = holder.stdin.getWriter();
    await input.write(new TextEncoder().encode(exclusive));
    await input.close();
    const output = holder.stdout.getReader();
    await output.read();
    const database = connectSqlite(path, "NORMAL");
    assertEquals({ ...database.prepare("SELECT count(*) AS items FROM item").get() }, { items: 0 });
    assertEquals({ ...database.prepare("PRAGMA busy_timeout").get() }, { timeout: 0 });
    database.close();
    await output.cancel();
  } finally {
    await holder.status;
    await Deno.remove(folder, { recursive: true });
  }
});
