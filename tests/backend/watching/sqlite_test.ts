import { sqliteBackend } from "../../../lib/backend/sqlite.ts";
import { inFolder } from "../sqlite_support.ts";
import { expectations, lapsing } from "./contract.ts";

for (const [expectation, show] of Object.entries({ ...expectations, ...lapsing })) {
  Deno.test(`a wait on a SQLite file ${expectation}`, () =>
    inFolder(async (path) => {
      await using backend = sqliteBackend({ path });
      await show({ worker: backend, waiter: backend, nameOf: (slot) => slot });
    }));

  Deno.test(`a wait on a SQLite file, for another of its backends, ${expectation}`, () =>
    inFolder(async (path) => {
      await using worker = sqliteBackend({ path });
      await using waiter = sqliteBackend({ path });
      await show({ worker, waiter, nameOf: (slot) => slot });
    }));
}
