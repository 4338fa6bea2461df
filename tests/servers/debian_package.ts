import { statSync } from "node:fs";
import { tmpdir } from "node:os";
import { isOnPath } from "../../lib/task/test_redis.ts";

/** A package of Debian's. */
export interface DebianPackage {
  /** What it is called in a message. */
  readonly title: string;
  /** What apt-get calls it. */
  readonly name: string;
  /** Where what it brings is; undefined if it is not there. */
  readonly find: () => string | undefined;
  /** What has to be done before it is installed. */
  readonly prepare?: () => Promise<void>;
}

/** Where what a package brings is; where this process may, the package is installed for it, by one process at a time. */
export async function provide({ title, name, find, prepare }: DebianPackage): Promise<string | undefined> {
  const there = find();
  if (there !== undefined || !isDebian() || Deno.uid() !== 0) return there;
  using turn = await Deno.open(`${tmpdir()}/lamina-apt-get.lock`, { create: true, write: true });
  await turn.lock(true);
  const since = find();
  if (since !== undefined) return since;
  console.log(`${title} was not found: installing Debian's with apt-get.`);
  await prepare?.();
  await aptGet("update");
  await aptGet("install", "--yes", "--no-install-recommends", name);
  return find();
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
  return isOnPath("apt-get") && statSync("/etc/debian_version", { throwIfNoEntry: false })?.isFile() === true;
}
