import { isOnPath } from "../../lib/task/test_redis.ts";
import { provide } from "./debian_package.ts";

/** Where Debian puts the binaries of each major version. */
const packaged = "/usr/lib/postgresql";

/** Where its package reads whether to make and start a cluster of its own, which no test wants. */
const clusterSettings = "/etc/postgresql-common/createcluster.conf";

/** The folder with `initdb` and `postgres`, the newest; undefined if there is none. */
export function providePostgres(): Promise<string | undefined> {
  return provide({ title: "PostgreSQL", name: "postgresql", find, prepare: keepFromStarting });
}

function find(): string | undefined {
  const versions = list(packaged).map(Number).filter((version) => version > 0).sort((one, other) => other - one);
  const folders = versions.map((version) => `${packaged}/${version}/bin`);
  const folder = folders.find((each) => list(each).includes("initdb") && list(each).includes("postgres"));
  if (folder !== undefined) return folder;
  const onPath = (Deno.env.get("PATH") ?? "").split(":");
  return isOnPath("initdb") && isOnPath("postgres") ? onPath.find((each) => list(each).includes("initdb")) : undefined;
}

function list(folder: string): ReadonlyArray<string> {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

async function keepFromStarting(): Promise<void> {
  await Deno.mkdir(clusterSettings.slice(0, clusterSettings.lastIndexOf("/")), { recursive: true });
  // Somebody's own settings stay as they are.
  await Deno.writeTextFile(clusterSettings, "create_main_cluster = false\n", { createNew: true }).catch(() => {});
}
