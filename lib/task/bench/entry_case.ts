import { pathOf } from "../stand_in.ts";
import type { Case } from "./comparison.ts";
import type { Kept, Kind } from "./entry_process.ts";

/** How many entries are kept. */
const entries = 1_000_000;

/** How many processes keep them, of each kind, one after the other: their heaps are alike. */
const rounds = 3;

/** What an entry may take, in bytes of one in lru-cache with a ttl. */
const most = 1.1;

/** What entries in memory take, and how long collecting garbage stops everything meanwhile. */
export const entryCase: Case = {
  name: "entry",
  about:
    "bytes an entry among 1,000,000 in memory beside lru-cache with a ttl, and the longest stop to collect garbage",
  needs: "nothing",
  open: async () => {
    const kept: Record<Kind, Array<Kept>> = { "lru-cache": [], memory: [] };
    for (let round = 0; round < rounds; round++) {
      for (const kind of ["lru-cache", "memory"] as const) kept[kind].push(await keep(kind));
    }
    console.log(describe(kept));
    return { counts: [], comparisons: [], [Symbol.asyncDispose]: () => Promise.resolve() };
  },
};

/** A process of its own: what was there before would be counted, and collected, with it. */
async function keep(kind: Kind): Promise<Kept> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--quiet",
      "--no-lock",
      "--allow-env",
      "--v8-flags=--expose-gc",
      `--config=${pathOf("deno.json")}`,
      pathOf("lib/task/bench/entry_process.ts"),
      kind,
      String(entries),
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot measure entries: ${new TextDecoder().decode(stderr)}`);
  return JSON.parse(new TextDecoder().decode(stdout)) as Kept;
}

function describe(kept: Readonly<Record<Kind, ReadonlyArray<Kept>>>): string {
  const least = (kind: Kind, of: (each: Kept) => number): number => Math.min(...kept[kind].map(of));
  const [floor, ours] = [least("lru-cache", ({ bytes }) => bytes), least("memory", ({ bytes }) => bytes)];
  const [theirStop, ourStop] = [least("lru-cache", ({ stop }) => stop), least("memory", ({ stop }) => stop)];
  return [
    `an entry among ${entries} small values`,
    `  lru-cache with a ttl: ${floor.toFixed(0)} bytes, the longest stop ${theirStop.toFixed(0)} ms`,
    `  memory: ${ours.toFixed(0)} bytes, ${(ours / floor).toFixed(2)} of it, at most ${most}: ` +
    `${ours <= most * floor ? "met" : "MISSED"}; the longest stop ${ourStop.toFixed(0)} ms`,
  ].join("\n");
}
