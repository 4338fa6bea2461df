/**
 * PostgreSQL for tests: `postgresTest` starts a server of its own for each test, and stops it afterwards.
 *
 * @module
 */
import { providePostgres } from "./postgres_package.ts";
import { type PostgresServer, type PostgresSettings, startPostgres } from "./postgres_server.ts";

export { type PostgresServer, startPostgres } from "./postgres_server.ts";

const binaries = await providePostgres();
const required = Deno.env.get("CI") === "true";
const howToGet = "apt-get install postgresql, brew install postgresql, or put initdb and postgres on PATH";

/** Whether tests may start servers of their own. */
export const postgresAvailable: boolean = binaries !== undefined;

if (!postgresAvailable && !required) console.log(`No PostgreSQL was found, so its tests do not run: ${howToGet}.`);

/** Registers a test that needs a server with these settings; ignored where there is none, failing where CI asks for one. */
export function postgresTest(
  name: string,
  run: (server: PostgresServer, context: Deno.TestContext) => void | Promise<void>,
  settings: PostgresSettings = {},
): void {
  const missing = () => Promise.reject(new Error(`Cannot test with PostgreSQL: wanted its server: ${howToGet}`));
  const fn = binaries === undefined ? missing : async (context: Deno.TestContext) => {
    await using server = await startPostgres(binaries, settings);
    await run(server, context);
  };
  Deno.test({ name, ignore: !postgresAvailable && !required, fn });
}
