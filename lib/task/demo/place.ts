import type { Settings } from "./arguments.ts";
import { loadCities } from "./city.ts";
import { mediumPath, type Plan, truthPath } from "./plan.ts";
import { createTruth } from "./truth_sqlite.ts";

/** Where the runs of a demo happen; afterwards nothing is left of it. */
export interface Place extends AsyncDisposable {
  readonly plan: Omit<Plan, "kind">;
}

/** Makes the source of truth, and the rest of what workers expect to be there. */
export async function makePlace(settings: Settings): Promise<Place> {
  const { redis, workers, writeRatio, seed } = settings;
  if (redis !== undefined) await (await import("./redis.ts")).checkRedis(redis);
  const folder = await Deno.makeTempDir({ prefix: "lamina-demo-" });
  const namespace = `demo-${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const removeFolder = () => Deno.remove(folder, { recursive: true });
  try {
    const cities = await loadCities(settings.cities);
    createTruth(truthPath({ folder }), cities);
    if (redis === undefined) (await import("./medium_sqlite.ts")).createSqliteMedium(mediumPath({ folder }));
    return {
      plan: { folder, namespace, redis, cities: cities.length, workers, writeRatio, seed },
      [Symbol.asyncDispose]: async () => {
        await removeFolder();
        if (redis !== undefined) await (await import("./redis.ts")).removeKeys(redis, namespace, cities.length);
      },
    };
  } catch (cause) {
    await removeFolder();
    throw cause;
  }
}
