import { assert, assertEquals } from "@std/assert";
import { lockFlags } from "../../lib/task/stand_in.ts";

Deno.test("X12 memory stays flat while a million distinct keys go through tiers of a thousand", async () => {
  const program = decodeURIComponent(new URL("growth.ts", import.meta.url).pathname);
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...lockFlags(), "--v8-flags=--expose-gc", "--allow-all", program],
    stderr: "inherit",
  }).output();
  assert(success);
  const used = new TextDecoder().decode(stdout).trim().split("\n").map(Number);
  assertEquals(used.length, 10);
  // One byte kept for each of the 900,000 keys that follow would show; code that is compiled meanwhile does not.
  const grown = Math.min(...used.slice(5)) - Math.min(...used.slice(0, 5));
  assert(grown < 500_000, `expected flat memory: received ${used.join(", ")}`);
});
