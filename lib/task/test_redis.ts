/** Tells whether a program is on PATH. */
export function isOnPath(program: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${program}`).isFile;
    } catch {
      return false;
    }
  });
}

/**
 * Sees to it that the tests find a `redis-server`: installs Debian's where this process may, and otherwise gives the
 * line that tells how to get one. The service that the package brings is left alone, the tests start their own servers.
 */
export async function provideRedis(): Promise<string | undefined> {
  if (isOnPath("redis-server")) return undefined;
  if (Deno.env.get("REDIS_URL") === undefined && isDebian() && Deno.uid() === 0) {
    console.log("redis-server is not on PATH: installing Debian's with apt-get.");
    await aptGet("update");
    await aptGet("install", "--yes", "--no-install-recommends", "redis-server");
    if (isOnPath("redis-server")) return undefined;
  }
  return "redis-server is not on PATH, so the tests that start one did not run: apt-get install redis-server, " +
    "brew install redis, or set REDIS_URL for those that only need a plain server.";
}

async function aptGet(...args: ReadonlyArray<string>): Promise<void> {
  const { success, stderr } = await new Deno.Command("apt-get", {
    args: ["--quiet", ...args],
    // Under run level 1 Debian installs services without starting them.
    env: { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
    stdin: "null",
  }).output();
  if (!success) console.log(`Cannot ${args[0]} with apt-get: ${new TextDecoder().decode(stderr).trim()}`);
}

function isDebian(): boolean {
  try {
    return Deno.statSync("/etc/debian_version").isFile && isOnPath("apt-get");
  } catch {
    return false;
  }
}
