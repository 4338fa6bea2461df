import { pathOf } from "../stand_in.ts";
import type { Case, FindingRow } from "./comparison.ts";
import type { Kept, Kind } from "./entry_process.ts";
import { pausesIn } from "./garbage.ts";
import { summarize } from "./statistics.ts";

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
    const lru: Array<Figures> = [];
    const ours: Array<Figures> = [];
    for (let round = 0; round < rounds; round++) {
      lru.push(await keep("lru-cache"));
      ours.push(await keep("memory"));
    }
    return {
      counts: [],
      findings: [
        { title: `an entry among ${entries} small values`, rows: sizesOf(lru, ours) },
        { title: `while ${entries} small values are put`, rows: stopsOf(lru, ours) },
      ],
      comparisons: [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

/** What a process came to. */
interface Figures extends Kept {
  /** The longest pause for collecting garbage, in milliseconds, those left out that were asked for. */
  readonly pause: number;
}

function sizesOf(lru: ReadonlyArray<Figures>, ours: ReadonlyArray<Figures>): ReadonlyArray<FindingRow> {
  const ratios = ours.map(({ bytes }, round) => bytes / lru[round]!.bytes);
  return [
    { name: "lru-cache with a ttl", value: summarize(lru.map(({ bytes }) => bytes)), unit: "bytes" },
    {
      name: "memory, before a first awaited read",
      value: summarize(ours.map(({ bytes }) => bytes)),
      unit: "bytes",
    },
    { name: "memory, before a first awaited read, of lru-cache", value: summarize(ratios), unit: "×", target: most },
    {
      name: "memory, after an awaited read of each",
      value: summarize(ours.map(({ awaited }) => awaited)),
      unit: "bytes",
    },
  ];
}

function stopsOf(lru: ReadonlyArray<Figures>, ours: ReadonlyArray<Figures>): ReadonlyArray<FindingRow> {
  const row = (name: string, values: ReadonlyArray<number>): FindingRow => ({
    name,
    value: summarize(values),
    unit: "ms",
  });
  return [
    row("lru-cache with a ttl, the longest pause of the collector", lru.map(({ pause }) => pause)),
    row("memory, the longest pause of the collector", ours.map(({ pause }) => pause)),
    row("lru-cache with a ttl, the longest turn of 1000 sets", lru.map(({ stop }) => stop)),
    row("memory, the longest turn of 1000 loads", ours.map(({ stop }) => stop)),
  ];
}

/** A process of its own: what was there before would be counted, and collected, with it. */
async function keep(kind: Kind): Promise<Figures> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--quiet",
      "--no-lock",
      "--allow-env",
      "--v8-flags=--expose-gc,--trace-gc",
      `--config=${pathOf("deno.json")}`,
      pathOf("lib/task/bench/entry_process.ts"),
      kind,
      String(entries),
    ],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (!success) throw new Error(`Cannot measure entries: ${said}`);
  const kept: Kept = JSON.parse(said);
  return { ...kept, pause: Math.max(...pausesIn(new TextDecoder().decode(stdout))) };
}
