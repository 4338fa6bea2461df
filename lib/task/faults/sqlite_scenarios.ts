import type { Scenario } from "./scenario.ts";

/** Processes that share a file, and are killed at any moment, in the middle of a transaction too. */
export const sqliteScenarios: ReadonlyArray<Scenario> = [{
  name: "kill -9 of processes that share a SQLite file",
  needs: "nothing",
  promised: "linearizable",
  shown: ["killed between lock and commit", "killed between commit and unlock", "killed anywhere", "read.HitShared"],
  prepare: (folder) => {
    const through = { kind: "sqlite", path: `${folder}/tier.sqlite` } as const;
    return Promise.resolve({
      through: () => through,
      direct: () => through,
      fault: async ({ crash }) => {
        await crash("between lock and commit");
        await crash("between commit and unlock");
        await crash("anywhere");
      },
      heal: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
}];
