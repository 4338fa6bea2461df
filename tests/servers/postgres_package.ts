import { tmpdir } from "node:os";
import { isOnPath } from "../../lib/task/test_redis.ts";

/** Where Debian puts the binaries of each major version. */
const packaged = "/usr/lib/postgresql";

/** Where its package reads whether to make and start a cluster of its own, which no test wants. */
const clusterSettings = "/etc/postgresql-common/createcluster.conf";

/**
 * The folder with `initdb` and `postgres`, the newest; undefined if there is none. Where this process may, it installs
 * Debian's, one process at a time.
 */
export async function providePostgres(): Promise<string | undefined> {
  const there = find();
  if (there !== undefined || !isDebian() || Deno.uid() !== 0) return there;
  using turn = await Deno.open(`${tmpdir()}/lamina-apt-get.lock`, { create: true, write: true });
  await turn.lock(true);
  const since = find();
  if (since !== undefined) return since;
  console.log("PostgreSQL was not found: installing Debian's with apt-get.");
  await keepFromStarting();
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", "postgresql");
  return find();
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

async function aptGet(...args: ReadonlyArray<string>): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: ["--quiet", ...args],
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).output();
  if (!success) console.log(`Cannot ${args[0]} with apt-get: ${new TextDecoder().decode(stderr).trim()}`);
}

function isDebian(): boolean {
  return isOnPath("apt-get") && list("/etc").includes("debian_version");
}
