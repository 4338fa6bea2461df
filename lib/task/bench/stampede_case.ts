import { startWaiting, type WaitingCrew } from "../../../tests/faults/waiting_crew.ts";
import type { Outcome, Stampede } from "../../../tests/faults/waiting_worker.ts";
import type { Case, Count, Finding } from "./comparison.ts";
import { openGround } from "./ground.ts";
import { longest, throughLibraries } from "./stampede_rounds.ts";
import { medianOf, summarize } from "./statistics.ts";

/** How many processes, how many callers in each, and what they wait for: a load of so many milliseconds. */
const processes = 4;
const callers = 250;
const load = 50;

/** Five runs of five stampedes, each beside what the server itself takes at least. */
const runs = 5;
const stampedesARun = 5;

/** What goes before each run: the compiler has to have seen what it compiles. */
const warmUp = 10;

/** What was asked for: how soon after the fill a wait ends, and how much longer than the load and 3 round trips all last. */
const soonEnough = 2;
const longEnough = 20;

/** What one stampede came to, in milliseconds. */
export interface Figures {
  readonly loads: number;
  /** How much longer than the load the slowest caller of all waited. */
  readonly beyond: number;
  /** How long after the fill each process that waited heard of it. */
  readonly woken: ReadonlyArray<number>;
  /** How long after the fill each caller of the other processes had its answer. */
  readonly answered: ReadonlyArray<number>;
}

/** What a key without a value costs a thousand callers in four processes. */
export const stampedeCase: Case = {
  name: "stampede",
  about: "1,000 callers of one key in four processes: the loads, counted, and how soon after the fill all have it",
  needs: "redis",
  open: async ({ redis }) => {
    const { url, prefix } = redis!;
    const tier: Array<Figures> = [];
    const server: Array<Figures> = [];
    for (let run = 0; run < runs; run++) {
      await using crew = await startWaiting({ url, name: `${prefix}s${run}`, lease: 10_000, load }, processes);
      for (let i = 0; i < warmUp; i++) await stampede(crew, `w${i}`, i % 2 === 0 ? "tier" : "server");
      for (let i = 0; i < stampedesARun; i++) {
        server.push(await stampede(crew, `f${i}`, "server"));
        tier.push(await stampede(crew, `k${i}`, "tier"));
      }
    }
    console.log(describe(tier, server));
    const counts: ReadonlyArray<Count> = [{
      title: `loads of ${tier.length} stampedes`,
      wanted: tier.length,
      received: tier.reduce((sum, { loads }) => sum + loads, 0),
      unit: "loads",
    }];
    const others = await throughLibraries(url, `${prefix}o`, { processes, callers, load });
    return {
      counts: [...counts, ...others.counts],
      findings: [findingOf(tier, server), ...others.findings],
      comparisons: [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  },
};

/** The same in the terms of the table; the median over all stampedes, in times of what they wait for. */
function findingOf(tier: ReadonlyArray<Figures>, server: ReadonlyArray<Figures>): Finding {
  const slowest = (figures: ReadonlyArray<Figures>) => summarize(figures.map(({ beyond }) => (beyond + load) / load));
  return {
    title: `${processes} × ${callers} callers of one key, a load of ${load} ms, beside the server alone`,
    rows: [
      { name: "the server alone, one caller a process", value: slowest(server), unit: "loads long" },
      { name: "a tier: the slowest caller", value: slowest(tier), unit: "loads long", target: longest },
    ],
  };
}

async function stampede(crew: WaitingCrew, key: string, of: Required<Stampede>["of"]): Promise<Figures> {
  return figuresOf(await crew.stampede({ callers, keys: [key], of }));
}

/** What became of all callers of all processes that read a key at once. */
export function figuresOf({ at, outcomes }: Awaited<ReturnType<WaitingCrew["stampede"]>>): Figures {
  const done = outcomes.filter((outcome): outcome is Outcome => outcome !== undefined);
  const fill = done.flatMap(({ fills }) => fills)[0] ?? NaN;
  const others = done.filter(({ loads }) => loads.length === 0);
  return {
    loads: done.reduce((sum, { loads }) => sum + loads.length, 0),
    beyond: Math.max(...done.flatMap(({ answered }) => answered)) - at - load,
    woken: others.flatMap(({ woken }) => woken.slice(-1)).map((time) => time - fill),
    answered: others.flatMap(({ answered }) => answered).map((time) => time - fill),
  };
}

/** The figures of a tier beside those of the server alone, in the same minute on the same machine. */
export function describe(tier: ReadonlyArray<Figures>, server: ReadonlyArray<Figures>): string {
  const row = (what: string, of: (figures: Figures) => ReadonlyArray<number>): string => {
    const [ours, floor] = [tier, server].map((each) => each.flatMap(of).sort((left, right) => left - right));
    return `  ${what}: ${show(ours!)}; the server alone: ${show(floor!)}`;
  };
  const within = tier.filter(({ beyond }) => beyond <= medianOf(server.map((each) => each.beyond)) + longEnough).length;
  return [
    `${processes} × ${callers} callers of one key, a load of ${load} ms, ${tier.length} times`,
    row(`a wait ends after the fill (wanted: ${soonEnough} ms)`, ({ woken }) => woken),
    row("a caller of another process is answered after the fill", ({ answered }) => answered),
    row("the slowest caller beyond the load", ({ beyond }) => [beyond]),
    `  within ${longEnough} ms of what the server alone takes: ${within} of ${tier.length}`,
  ].join("\n");
}

function show(sorted: ReadonlyArray<number>): string {
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
  return `median ${at(0.5)}, 99 % ${at(0.99)} ms`;
}

if (import.meta.main) {
  await using ground = await openGround(undefined, true);
  await using open = await stampedeCase.open(ground);
  for (const { title, wanted, received } of open.counts) console.log(`${title}: ${received}, wanted ${wanted}`);
}
