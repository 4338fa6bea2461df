import type { Backend } from "../../backend/port.ts";
import type { Medium } from "./cache_aside.ts";

/** What traffic is run through. */
export type Kind = "lamina" | "cache-aside";

/** What every process of a run has to know. */
export interface Plan {
  readonly kind: Kind;
  /** Where its files are. */
  readonly folder: string;
  /** The name of the shared tier, which nothing else in the world uses. */
  readonly namespace: string;
  readonly redis: string | undefined;
  readonly cities: number;
  readonly workers: number;
  readonly writeRatio: number;
  readonly seed: number;
}

/** What a worker has to know. */
export interface WorkerPlan extends Plan {
  /** Which one it is, from 0. */
  readonly worker: number;
}

/** The path of the source of truth. */
export function truthPath({ folder }: Pick<Plan, "folder">): string {
  return `${folder}/truth.sqlite`;
}

/** The path of the medium that a cache-aside shares, where that is SQLite. */
export function mediumPath({ folder }: Pick<Plan, "folder">): string {
  return `${folder}/aside.sqlite`;
}

/** The backend of the shared tier. What is not used is not imported: npm:redis takes 0.3 s. */
export async function openBackend({ redis, folder, cities }: Plan): Promise<Backend<Uint8Array>> {
  if (redis === undefined) {
    const { sqliteBackend } = await import("../../backend/sqlite.ts");
    return sqliteBackend({ path: `${folder}/shared.sqlite`, maxEntries: Math.max(1_000, cities) });
  }
  const { redisBackend } = await import("../../backend/redis/mod.ts");
  return redisBackend({ url: redis });
}

/** The medium of the cache-aside. */
export async function openMedium(plan: Plan): Promise<Medium> {
  if (plan.redis === undefined) return (await import("./medium_sqlite.ts")).sqliteMedium(mediumPath(plan));
  return await (await import("./redis.ts")).redisMedium(plan.redis, plan.namespace);
}
