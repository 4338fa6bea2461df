import type { Count, Finding, FindingRow } from "./comparison.ts";
import { ours, stampeded } from "./stampede_peers.ts";
import { sharedNow, type StampedeOutcome, type StampedeSettings, type StampedeTurn } from "./stampede_worker.ts";
import { summarize } from "./statistics.ts";
import { startTold, type ToldProcess } from "./told_process.ts";

/** How often each library has its turn, and how often before that counts. */
const rounds = 9;
const warmUp = 3;

/** Until when all processes have heard of a stampede, in milliseconds. */
const notice = 30;

/** How many times the load all callers may take. */
export const longest = 1.5;

/** How many processes and callers there are, and what they wait for, in milliseconds. */
export interface StampedeShape {
  readonly processes: number;
  /** In each process. */
  readonly callers: number;
  readonly load: number;
}

/** What one stampede came to, in all processes. */
type Figures = StampedeOutcome;

/** The same stampede through each library in turn: how often each loads, and how long its callers wait. */
export async function throughLibraries(
  url: string,
  prefix: string,
  shape: StampedeShape,
): Promise<{ readonly counts: ReadonlyArray<Count>; readonly findings: ReadonlyArray<Finding> }> {
  const { hostname, port } = new URL(url);
  if (hostname !== "127.0.0.1" && hostname !== "localhost") {
    console.log("stampede: other libraries left out: they are connected to a server of this machine");
    return { counts: [], findings: [] };
  }
  const settings: StampedeSettings = { port: Number(port || 6_379), prefix, load: shape.load };
  const crew = Array.from({ length: shape.processes }, () => startTold("stampede_worker.ts", settings));
  try {
    for (const { ready } of crew) await ready();
    const figures = await takeTurns(crew, shape);
    return { counts: countsOf(figures), findings: [findingOf(figures, shape)] };
  } finally {
    await Promise.all(crew.map(({ end }) => end()));
  }
}

async function takeTurns(crew: ReadonlyArray<ToldProcess>, shape: StampedeShape): Promise<Map<string, Array<Figures>>> {
  const figures = new Map(stampeded.map((library) => [library, [] as Array<Figures>]));
  for (let round = -warmUp; round < rounds; round++) {
    for (let i = 0; i < stampeded.length; i++) {
      const library = stampeded[(i + round + warmUp) % stampeded.length]!;
      const turn: StampedeTurn = { library, key: `k${round}`, callers: shape.callers, at: sharedNow() + notice };
      const outcomes = await Promise.all(crew.map(({ tell }) => tell(turn) as Promise<StampedeOutcome>));
      if (round >= 0) figures.get(library)!.push(together(outcomes));
    }
  }
  return figures;
}

function together(outcomes: ReadonlyArray<StampedeOutcome>): Figures {
  return {
    loads: outcomes.reduce((sum, { loads }) => sum + loads, 0),
    slowest: Math.max(...outcomes.map(({ slowest }) => slowest)),
    wrong: outcomes.reduce((sum, { wrong }) => sum + wrong, 0),
  };
}

function countsOf(figures: ReadonlyMap<string, ReadonlyArray<Figures>>): ReadonlyArray<Count> {
  return ours.map((name) => ({
    title: `loads of ${rounds} stampedes, ${name}`,
    wanted: rounds,
    received: figures.get(name)!.reduce((sum, { loads }) => sum + loads, 0),
    unit: "loads",
  }));
}

function findingOf(figures: ReadonlyMap<string, ReadonlyArray<Figures>>, shape: StampedeShape): Finding {
  const { processes, callers, load } = shape;
  const rows = stampeded.flatMap((name): ReadonlyArray<FindingRow> => {
    const those = figures.get(name)!;
    const isOurs = ours.includes(name);
    const loads = summarize(those.map((each) => each.loads));
    const slowest = summarize(those.map((each) => each.slowest / load));
    const wrong = those.reduce((sum, each) => sum + each.wrong, 0);
    return [
      { name: `${name}: loads`, value: loads, unit: "loads", ...(isOurs ? { target: 1 } : {}) },
      {
        name: `${name}: the slowest caller`,
        value: slowest,
        unit: "loads long",
        ...(isOurs ? { target: longest } : {}),
      },
      ...(wrong === 0
        ? []
        : [{ name: `${name}: callers without the value`, value: summarize([wrong]), unit: "callers" }]),
    ];
  });
  return { title: `${processes} × ${callers} callers of one key, a load of ${load} ms`, rows };
}
