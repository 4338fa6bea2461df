import { tmpdir } from "node:os";
import { isOnPath } from "../../lib/task/test_redis.ts";

/** What the browser is called: Debian's package, and others'. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/**
 * The name of a Chromium on PATH; undefined if there is none. Where this process may, it installs Debian's, one process
 * at a time.
 */
export async function provideChromium(): Promise<string | undefined> {
  const there = names.find(isOnPath);
  if (there !== undefined || !isDebian() || Deno.uid() !== 0) return there;
  using turn = await Deno.open(`${tmpdir()}/lamina-apt-get.lock`, { create: true, write: true });
  await turn.lock(true);
  const since = names.find(isOnPath);
  if (since !== undefined) return since;
  console.log("Chromium was not found: installing Debian's with apt-get.");
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", "chromium");
  return names.find(isOnPath);
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
  try {
    return isOnPath("apt-get") && Deno.statSync("/etc/debian_version").isFile;
  } catch {
    return false;
  }
}
