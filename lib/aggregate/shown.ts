import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Standing } from "../backend/counters_port.ts";
import { tell } from "../observe/observer.ts";
import { settle } from "../source/loader.ts";
import type { CounterSet } from "./counter_set.ts";
import type { AggregateError, AggregateEvent } from "./event.ts";
import type { Persisted, Totals } from "./totals.ts";

/** Whose counts are shown. */
export interface ShownOptions {
  /** The counters. */
  readonly counters: CounterSet;
  /** Where their counts end up. */
  readonly totals: Totals;
  /** Told when the two contradict each other. What it throws is ignored. */
  readonly onEvent?: (event: AggregateEvent) => void;
}

/** Each attempt in vain means that a whole fold went by between two reads; folds are seconds apart, reads milliseconds. */
const mostAttempts = 5;

/**
 * The counts to show: persisted, running and waiting ones, as of one moment, also while a fold is under way.
 *
 * The totals are read first, with the batch `f` that they have last; then the counters, whose answer is of one moment too:
 * running counts, the batch `p` that waits, the batch `a` that was acknowledged last. If `f` is `p`, the totals have what
 * waits already. If `f` is `a`, or nothing was ever acknowledged, they have all but what waits. Otherwise whole batches
 * went by between the two reads, and both are read again. So what is shown is the sum at the moment of the second read:
 * nothing is missing from it, nothing is in it twice, and it never goes back.
 *
 * Where both answers stay the same and still contradict each other, one side has lost data: the sum is shown, and
 * `Diverged` says so. With totals that do not remember batches, a batch is shown twice between its fold and its end.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counterSet, memoryCounters, memoryTotals, shownCounts } from "@lamina/cache/aggregate";
 * import { right } from "fp-ts/lib/Either.js";
 *
 * const counters = counterSet({ port: memoryCounters(), name: "votes" });
 * const totals = memoryTotals();
 * await counters.increment({ tea: 2 })();
 * await counters.take(); // somebody is about to fold
 * await counters.increment({ tea: 1 })();
 * assertEquals(await shownCounts({ counters, totals })(["tea", "milk"])(), right([3, 0]));
 * ```
 */
export function shownCounts(
  options: ShownOptions,
): (names: ReadonlyArray<string>) => TaskEither<AggregateError, ReadonlyArray<number>> {
  return (names) => () => show(options, names);
}

interface Seen {
  readonly persisted: Persisted;
  readonly standing: Standing;
}

async function show(
  options: ShownOptions,
  names: ReadonlyArray<string>,
): Promise<E.Either<AggregateError, ReadonlyArray<number>>> {
  const { counters, totals, onEvent } = options;
  let before: Seen | undefined;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const persisted = await settle(() => totals.read(counters.name, names));
    if (persisted._tag === "Left") return E.left({ _tag: "SourceFailed", cause: persisted.left });
    const standing = await counters.standing(names)();
    if (standing._tag === "Left") return standing;
    const seen: Seen = { persisted: persisted.right, standing: standing.right };
    if (totals.remembers === "nothing") return E.right(sum(seen));
    const agree = agrees(seen);
    // Nothing moves and they contradict each other; or the counters have forgotten a batch that was folded.
    if (agree ? isForgetful(seen) : before !== undefined && isSame(before, seen)) {
      const acknowledged = idOf(seen.standing);
      tell(onEvent, { _tag: "Diverged", set: counters.name, folded: seen.persisted.folded, acknowledged });
      return E.right(sum(seen));
    }
    if (agree) return E.right(sum(seen));
    before = seen;
  }
  return E.left({ _tag: "TimedOut", waitingFor: `a moment between two folds of ${counters.name}` });
}

function idOf({ acknowledged }: Standing): string | undefined {
  return acknowledged._tag === "Some" ? acknowledged.value : undefined;
}

function waiting({ pending }: Standing): string | undefined {
  return pending._tag === "Some" ? pending.value.id : undefined;
}

/** Whether the totals had all batches before the one that waits, or that one as well, when the counters answered. */
function agrees({ persisted: { folded }, standing }: Seen): boolean {
  const acknowledged = idOf(standing);
  return acknowledged === undefined || folded === acknowledged || folded !== undefined && folded === waiting(standing);
}

/** Whether something was folded of which the counters know nothing: they have lost all they had since. */
function isForgetful({ persisted: { folded }, standing }: Seen): boolean {
  return folded !== undefined && idOf(standing) === undefined && folded !== waiting(standing);
}

function isSame(before: Seen, after: Seen): boolean {
  return before.persisted.folded === after.persisted.folded && idOf(before.standing) === idOf(after.standing) &&
    waiting(before.standing) === waiting(after.standing);
}

function sum({ persisted: { counts, folded }, standing: { running, pending } }: Seen): ReadonlyArray<number> {
  const added = pending._tag === "Some" && pending.value.id !== folded ? pending.value.counts : [];
  return running.map((count, i) => count + (counts[i] ?? 0) + (added[i] ?? 0));
}
