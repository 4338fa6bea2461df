import { assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import pg from "pg";
import { type PostgresServer, postgresTest } from "./postgres.ts";

async function ask(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows[0];
  } finally {
    await client.end();
  }
}

postgresTest("a server keeps what is written to it", async ({ url }) => {
  await ask(url(), "CREATE TABLE a AS SELECT 1 AS b");
  assertEquals(await ask(url(), "SELECT b FROM a"), { b: 1 });
});

let ended: PostgresServer | undefined;

postgresTest("servers end with the test that started them", async (server) => {
  await ask(server.url(), "SELECT 1");
  ended = server;
});

postgresTest("another test has another server", async ({ port }) => {
  assertNotEquals(port, ended?.port);
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: ended?.port ?? 1 }));
});
