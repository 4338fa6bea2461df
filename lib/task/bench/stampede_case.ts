import { startWaiting, type WaitingCrew } from "../../../tests/faults/waiting_crew.ts";
import type { Outcome } from "../../../tests/faults/waiting_worker.ts";
import type { Case, Count } from "./comparison.ts";
import { openGround } from "./ground.ts";
import { medianOf } from "./statistics.ts";

/** How many processes, how many callers in each, and what they wait for: a load of so many milliseconds. */
const processes = 4;
const callers = 250;
const load = 50;

/** Five runs of five stampedes. */
const runs = 5;
const stampedesARun = 5;

/** What goes before each run: the compiler has to have seen what it compiles. */
const warmUp = 10;

/** What one stampede came to, in milliseconds. */
interface Figures {
  readonly loads: number;
  /** How much longer than the load the slowest caller of all waited. */
  readonly beyond: number;
  /** How long after the fill each caller of the other processes had its answer. */
  readonly woken: ReadonlyArray<number>;
}

/** What a key without a value costs a thousand callers in four processes. */
export const stampedeCase: Case = {
  name: "stampede",
  about: "1,000 callers of one key in four processes: the loads, counted, and how soon after the fill all have it",
  needs: "redis",
  open: async ({ redis }) => {
    const { url, prefix } = redis!;
    const figures: Array<Figures> = [];
    for (let run = 0; run < runs; run++) {
      await using crew = await startWaiting({ url, name: `${prefix}s${run}`, lease: 10_000, load }, processes);
      for (let i = 0; i < warmUp; i++) await stampede(crew, `w${i}`);
      for (let i = 0; i < stampedesARun; i++) figures.push(await stampede(crew, `k${i}`));
    }
    console.log(describe(figures));
    const counts: ReadonlyArray<Count> = [{
      title: `loads of ${figures.length} stampedes`,
      wanted: figures.length,
      received: figures.reduce((sum, { loads }) => sum + loads, 0),
      unit: "loads",
    }];
    return { counts, comparisons: [], [Symbol.asyncDispose]: () => Promise.resolve() };
  },
};

async function stampede(crew: WaitingCrew, key: string): Promise<Figures> {
  const { at, outcomes } = await crew.stampede({ callers, keys: [key] });
  const done = outcomes.filter((outcome): outcome is Outcome => outcome !== undefined);
  const fill = done.flatMap(({ fills }) => fills)[0] ?? NaN;
  return {
    loads: done.reduce((sum, { loads }) => sum + loads.length, 0),
    beyond: Math.max(...done.flatMap(({ answered }) => answered)) - at - load,
    woken: done.filter(({ loads }) => loads.length === 0).flatMap(({ answered }) => answered).map((time) =>
      time - fill
    ),
  };
}

function describe(figures: ReadonlyArray<Figures>): string {
  const beyond = figures.map((each) => each.beyond);
  const woken = figures.flatMap((each) => each.woken).sort((left, right) => left - right);
  const show = (value: number): string => `${value.toFixed(1)} ms`;
  const p99 = woken[Math.floor(woken.length * 0.99)] ?? NaN;
  return [
    `${processes} × ${callers} callers of one key, a load of ${load} ms, ${figures.length} times`,
    `  slowest caller beyond the load: median ${show(medianOf(beyond))}, most ${show(Math.max(...beyond))}`,
    `  answered after the fill was confirmed, in other processes: median ${show(medianOf(woken))}, p99 ${show(p99)}`,
  ].join("\n");
}

if (import.meta.main) {
  await using ground = await openGround(undefined, true);
  await using open = await stampedeCase.open(ground);
  for (const { title, wanted, received } of open.counts) console.log(`${title}: ${received}, wanted ${wanted}`);
}
