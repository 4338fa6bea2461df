import { assert } from "@std/assert";
import { lockFlags, pathOf } from "../../lib/task/stand_in.ts";
import type { Allocated, Way } from "./hit_worker.ts";

const hits = 50_000;

/** An object of two fields in V8, in bytes: what `Right` and `Some` are. */
const pair = 40;

/**
 * What a sample may be off, in bytes a hit. The smallest object that code can make has 16 of them, and one more for each
 * hit would be seen.
 */
const slack = 8;

/** What a hit may allocate of each kind, in bytes, beyond another way of reading. */
const most: ReadonlyArray<{ readonly way: Way; readonly bytes: number; readonly beyond?: Way }> = [
  // The compiler sees that nobody keeps the two.
  { way: "peek, taken apart", bytes: 0 },
  { way: "peek, kept", bytes: 2 * pair },
  // The answer, and the task that is called for it.
  { way: "await get", bytes: 2 * pair + 48, beyond: "await a ready promise" },
];

Deno.test("a hit in memory allocates its answer and nothing else, by a sample of the heap", async () => {
  const lock = lockFlags();
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--no-check", "--quiet", ...(lock.length === 0 ? ["--no-lock"] : lock), "--allow-all"],
      pathOf("tests/bench/hit_worker.ts"),
      String(hits),
    ],
  }).output();
  const text = new TextDecoder();
  const said = text.decode(stdout);
  assert(said.startsWith("{"), `expected a sample: received ${said}${text.decode(stderr)}`);
  const allocated: Allocated = JSON.parse(said);
  for (const { way, bytes, beyond } of most) {
    for (const keys of ["number", "string"] as const) {
      const received = allocated[way][keys] - (beyond === undefined ? 0 : allocated[beyond][keys]);
      const what = `${way} with ${keys} keys${beyond === undefined ? "" : `, beyond ${beyond}`}`;
      assert(received < bytes + slack, `expected ${bytes} bytes a hit of ${what}: received ${received.toFixed(1)}`);
    }
  }
});
