import type { HistoryOperation, HistoryReport, HistoryViolation } from "../history.ts";
import { checkFreshness, checkLinearizable, showViolation } from "../history.ts";
import type { Invariant } from "../explorer/names.ts";
import { saidOf } from "./operation.ts";
import { writtenName } from "./source.ts";
import type { Life, Recorded, World } from "./world.ts";
import { violate } from "./world.ts";

type History = ReadonlyArray<HistoryOperation<string, string | undefined>>;

/** How long an operation may take without a deadline of its own, in milliseconds: the time-outs of two tiers, and a load twice. */
const longest = 30_000;

/** What an invalidation of everything may take besides: it waits for as long as others may go by an epoch that it cannot see. */
const longestEpoch = 70_000;

/** How much later than its deadline a read may end, in milliseconds: the backend's own deadline, at the same moment, comes first. */
const grace = 5;

/** Judges what is over: whether each operation ended as it had to, and whether all of them together can be so. */
export function judge(world: World): void {
  const calm = !world.plan.events.some((each) => each._tag === "Mishap" && world.happened.has(`${each.id}`));
  for (const each of world.recorded) {
    judgeEnd(world, each, calm);
    judgeOutcome(world, each);
  }
  judgeHistory(world);
}

function judgeEnd(world: World, recorded: Recorded, calm: boolean): void {
  const { action, life, end, endedAt, startedAt, error } = recorded;
  if (life.state === "crashed" && end === undefined) return;
  const complain = (reason: string): void => {
    violate(world, "I5", `${saidOf(action)} of ${life.name} ${reason}`);
  };
  if (end === undefined) return complain("never ended");
  const took = endedAt - startedAt;
  const clears = action.does === "clear" || action.does === "clear softly";
  const most = clears ? longest + longestEpoch : action.patience === Infinity ? longest : action.patience + grace;
  if (took > most) complain(`took ${took} ms, which is more than ${most}`);
  const excused = error === undefined || error === "Closed" && life.state !== "open" ||
    error === "TimedOut" && action.patience < Infinity;
  if (calm && !excused) complain(`failed, although nothing went wrong: ${error}`);
}

/** What a write wrote, with the place in the source's order of commits where it was applied. */
function writtenBy({ action: { does, id, keys } }: Recorded): ReadonlyArray<readonly [string, string | undefined]> {
  if (does === "remove") return [[keys[0]!, undefined]];
  return does === "put" || does === "mutate" || does === "change" ? keys.map((key) => [key, `${key}${id}`]) : [];
}

function judgeOutcome(world: World, recorded: Recorded): void {
  const { action, outcome } = recorded;
  for (const [key, value] of writtenBy(recorded)) {
    const applied = world.orders.has(writtenName(key, value));
    if (outcome === "committed" && !applied) {
      violate(world, "I2", `${saidOf(action)} was acknowledged, and was not applied`);
    }
    if (outcome === "aborted" && applied) {
      violate(world, "I4", `${saidOf(action)} was said to be aborted, and was applied`);
    }
  }
}

function judgeHistory(world: World): void {
  const { setting: { promised, behind }, plan } = world;
  // Within one process a tier in memory hears of every write; towards others, and those that were before it, it does not.
  const staleness = world.started > 1 && behind > 0 ? behind + 1 : 0;
  const options = { initial: (key: string) => plan.keys.get(key), staleness };
  const history = historyOf(world, "all");
  const stale = report(world, checkFreshness(history, options));
  // What is too old for I2 also is for I3, and would be told twice. What changed behind the caches is in order for nobody.
  const changed = new Set(world.recorded.flatMap(({ action: { does, keys } }) => does === "change" ? keys : []));
  const ordered = history.filter(({ key }) => !changed.has(key));
  if (!stale && promised.includes("I3")) report(world, checkLinearizable(ordered, options));
  if (changed.size > 0) report(world, checkFreshness(historyOf(world, "fresh"), options));
  if (staleness === 0) return;
  const lives = new Set(world.recorded.map(({ life }) => life));
  for (const life of lives) report(world, checkFreshness(historyOf(world, "all", life), { ...options, staleness: 0 }));
}

/** Tells what a checker found; whether it found anything. */
function report(world: World, { violations }: HistoryReport<string, string | undefined>): boolean {
  for (const each of violations) violate(world, invariantOf(each), showViolation(each));
  return violations.length > 0;
}

function invariantOf({ _tag }: HistoryViolation<string, string | undefined>): Invariant {
  return _tag === "Stale" ? "I2" : _tag === "Interleaved" || _tag === "Backwards" ? "I3" : "I4";
}

/**
 * The history of a world, or of one process: to that one, what others wrote is not acknowledged. Of all reads, or of those
 * whose values were said to be fresh.
 */
function historyOf(world: World, reads: "all" | "fresh", of?: Life): History {
  return world.recorded.flatMap((each): History => {
    const { life, start, end, action } = each;
    const by = `client ${action.client + 1} of ${life.name}`;
    const acknowledged = acknowledgedAt(world, each, reads, of);
    const written = writtenBy(each).map(([key, value]): History[number] => {
      const order = world.orders.get(writtenName(key, value));
      const open = { kind: "write", key, value, start, end: acknowledged ?? end ?? Infinity, by } as const;
      // Nobody knows what became of it but the source.
      if (order === undefined) return { ...open, outcome: "aborted" };
      return { ...open, outcome: acknowledged === undefined ? "unknown" : "committed", order };
    });
    if (end === undefined || of !== undefined && of !== life) return written;
    const seen = reads === "all" ? each.reads : each.fresh;
    return [...written, ...seen.map(([key, value]): History[number] => ({ kind: "read", key, value, start, end, by }))];
  });
}

/** When a write was acknowledged, to all or to one process; a change behind the caches is by what invalidates all of them. */
function acknowledgedAt(
  world: World,
  write: Recorded,
  reads: "all" | "fresh",
  of: Life | undefined,
): number | undefined {
  const isHeard = ({ life, outcome, end }: Recorded): boolean =>
    outcome === "committed" && end !== undefined && (of === undefined || of === life);
  const { end } = write;
  if (write.action.does !== "change") return isHeard(write) ? end : undefined;
  const clears = world.recorded.filter((each) =>
    isHeard(each) && end !== undefined && each.start > end &&
    (each.action.does === "clear" || reads === "fresh" && each.action.does === "clear softly")
  );
  return clears.length === 0 ? undefined : Math.min(...clears.map((each) => each.end!));
}
