import { assertEquals } from "@std/assert";
import { lockFlags } from "../../lib/task/stand_in.ts";
import { inFolder } from "./sqlite_support.ts";

const program = decodeURIComponent(new URL("sqlite_full_disk.ts", import.meta.url).pathname);

/** Runs the program where no file may become larger than half a megabyte. */
async function limited(...args: ReadonlyArray<string>): Promise<unknown> {
  const { stdout, stderr } = await new Deno.Command("sh", {
    args: [
      "-c",
      // Without the trap the first write beyond the limit would kill the process.
      `trap '' XFSZ; ulimit -f 1000; exec "$0" "$@"`,
      ...[Deno.execPath(), "run", "--no-check", "--allow-all", ...lockFlags(), program, ...args],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const said = new TextDecoder().decode(stdout).trim();
  if (said === "") throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(said);
}

Deno.test({
  name: "a commit that the disk does not take is of unknown outcome",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    for (const mode of ["WAL", "DELETE"]) {
      await inFolder(async (path) => {
        assertEquals(await limited(path, mode, "200"), { outcome: "unknown" }, mode);
      });
      await inFolder(async (path) => {
        assertEquals(await limited(path, mode, "10"), { put: true }, mode);
      });
    }
  },
});
