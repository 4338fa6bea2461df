import type { Setting, Step, World } from "./world.ts";
import { isOver, successors } from "./world.ts";
import { apply } from "../../lib/protocol/slot.ts";

/** What a search found: how much it saw, and the shortest way to a broken invariant, if there is one. */
export interface Findings {
  readonly states: number;
  readonly ends: number;
  readonly transitions: ReadonlySet<string>;
  readonly counterexample: ReadonlyArray<string> | undefined;
}

interface Visited {
  readonly world: World;
  readonly from: Visited | undefined;
  readonly says: string;
}

/** The most states that a search may visit: more means that the world grew, not that it holds. */
const mostStates = 2_000_000;

/** Breadth-first search over all interleavings; the first violation found is a shortest one. */
export function search(start: World, setting: Setting): Findings {
  const known = new Set<string>([keyOf(start)]);
  const transitions = new Set<string>();
  let ends = 0;
  let layer: Array<Visited> = [{ world: start, from: undefined, says: "begin" }];
  while (layer.length > 0) {
    const next: Array<Visited> = [];
    for (const visited of layer) {
      const steps = successors(visited.world, setting);
      const broke = isOver(visited.world)
        ? brokenAtEnd(visited.world, setting)
        : steps.length === 0
        ? "I5: deadlock"
        : undefined;
      if (isOver(visited.world)) ends++;
      if (broke !== undefined) {
        return { states: known.size, ends, transitions, counterexample: [...path(visited), broke] };
      }
      for (const each of steps) {
        transitions.add(each.says.replace(/ \d+/g, "").replace(/ \(.*/, ""));
        if (each.broke !== undefined) {
          return { states: known.size, ends, transitions, counterexample: [...path(visited), each.says, each.broke] };
        }
        admit(known, next, visited, each);
      }
    }
    if (known.size > mostStates) {
      throw new RangeError(`Cannot finish the search: expected at most ${mostStates} states`);
    }
    layer = next;
  }
  return { states: known.size, ends, transitions, counterexample: undefined };
}

function admit(known: Set<string>, next: Array<Visited>, from: Visited, each: Step): void {
  const key = keyOf(each.world);
  if (known.has(key)) return;
  known.add(key);
  next.push({ world: each.world, from, says: each.says });
}

function keyOf(world: World): string {
  return JSON.stringify(world);
}

function path(visited: Visited): ReadonlyArray<string> {
  const steps: Array<string> = [];
  for (let each: Visited | undefined = visited; each?.from !== undefined; each = each.from) steps.unshift(each.says);
  return steps;
}

/** I1 and I6, when nothing is in flight: the slot is unusable or equals the source; a read fills it, and the next hits. */
function brokenAtEnd(world: World, { apply: run }: Setting): string | undefined {
  const at = { now: 0, lease: 10, level: "pinned", identity: "", changed: -Infinity } as const;
  const { slot, source } = world;
  if (slot._tag === "Held" && slot.payload !== source) return `I1: ${slot.payload} stays, the source has ${source}`;
  if (slot._tag === "Held") return undefined;
  const [claimed, mine] = run(slot, { _tag: "claim", owner: "last" }, at);
  if (mine._tag !== "Mine") return `I6: a read is answered ${mine._tag} for ever`;
  const stored = { payload: source, age: 0, fresh: 100, until: 100 };
  const [filled] = run(claimed, { _tag: "fill", owner: "last", generation: mine.generation, stored }, at);
  return apply(filled, { _tag: "look" }, at)[1]._tag === "Hit" ? undefined : "I6: a fill does not lead to a hit";
}
