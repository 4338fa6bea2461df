import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { withLock } from "../../../../lib/lock/mod.ts";
import { duration, prefetch } from "../../../../mod.ts";
import { known } from "../domain/change.ts";
import { counterOf, type What } from "../domain/counter.ts";
import type { Experiment, Experiments } from "../domain/experiment.ts";
import { experimentsOf } from "../domain/experiment.ts";
import type { Counted } from "../domain/identity.ts";
import { convert, type Identity, participate, stranger, withoutGone } from "../domain/identity.ts";
import { alternativeOf, stickyAlternative } from "../domain/sticky.ts";
import { digest } from "./digest.ts";
import type { Bingo, Page } from "./bingo.ts";
import type { Problem } from "./problem.ts";
import { problemOf, unavailable } from "./problem.ts";

/** What an identity gets. */
export interface Participation {
  readonly experiment: string;
  readonly alternative: string;
  /** The experiments that count it as a participant since this call. */
  readonly counted: ReadonlyArray<string>;
}

/** What became of a conversion. */
export interface Conversion {
  readonly conversion: string;
  /** The experiments that count it since this call; none if all did before. */
  readonly counted: ReadonlyArray<string>;
}

/**
 * Gives an identity its alternative, and counts it as a participant where it is none yet. Most are, and then it is one
 * look, in one round trip; only who is not is looked at once more, under a lock.
 */
export function takePart(bingo: Bingo, page: Page, canonical: string, id: string): TaskEither<Problem, Participation> {
  const step: Step = ({ live, identity }) => pipe(known(live, canonical), E.map((test) => participate(identity, test)));
  return pipe(
    look(bingo, page, id, step),
    TE.flatMap((seen) => {
      if (seen.counted.length === 0) return TE.right(seen);
      // What this request has read stays as it read it: under the lock another one looks.
      const own = bingo.begin();
      return pipe(count(bingo, own, id, "participants", step), TE.tapIO(() => () => void own.close()));
    }),
    TE.map(({ counted, live }) => {
      const [first] = experimentsOf(live, canonical);
      return { experiment: canonical, alternative: alternativeOf(first!, id).name, counted: namesOf(counted) };
    }),
  );
}

/** Counts a conversion in every experiment that it belongs to and that the identity takes part in. */
export function takeConversion(
  bingo: Bingo,
  page: Page,
  conversion: string,
  id: string,
): TaskEither<Problem, Conversion> {
  const step: Step = ({ live, identity }) => convert(identity, live, conversion);
  // Hardly anybody converts twice, so it looks under the lock at once.
  return pipe(
    count(bingo, page, id, "conversions", step),
    TE.map(({ counted }) => ({ conversion, counted: namesOf(counted) })),
  );
}

/** An identity as it is now, without experiments that no longer exist; to look at it changes nothing. */
export function readIdentity({ stores }: Bingo, page: Page, id: string): TaskEither<Problem, Seen> {
  return async () => {
    const [experiments, identities] = await prefetch(page, [stores.experiments, ["live"]], [stores.identities, [id]])();
    if (experiments._tag === "Left") return E.left(unavailable(experiments.left, "aborted"));
    if (identities._tag === "Left") return E.left(unavailable(identities.left, "aborted"));
    const live = O.getOrElse((): Experiments => ({ shelf: "live", all: [] }))(
      O.flatten(O.fromNullable(experiments.right[0])),
    );
    const identity = O.getOrElse(() => stranger(id))(O.flatten(O.fromNullable(identities.right[0])));
    return E.right({ live, identity: withoutGone(identity, live) });
  };
}

/** What a request sees of an identity. */
export interface Seen {
  readonly live: Experiments;
  readonly identity: Identity;
}

/** What a step comes to, and what it went by. */
interface Stepped extends Counted {
  readonly live: Experiments;
}

type Step = (seen: Seen) => Either<Problem, Counted>;

function look(bingo: Bingo, page: Page, id: string, step: Step): TaskEither<Problem, Stepped> {
  return pipe(
    readIdentity(bingo, page, id),
    TE.flatMapEither((seen) => pipe(step(seen), E.map((counted): Stepped => ({ ...counted, live: seen.live })))),
  );
}

/**
 * Looks, counts, and stores the identity, which nobody else changes meanwhile.
 *
 * The counters come first, and know each step of each identity by a name of its own. Who crashes after them is asked
 * again by whoever had no answer, and then counts nothing twice; who crashed before them has counted nothing.
 */
function count(bingo: Bingo, page: Page, id: string, what: What, step: Step): TaskEither<Problem, Stepped> {
  const counting = pipe(
    look(bingo, page, id, step),
    TE.tap(({ counted, identity }) =>
      counted.length === 0 ? TE.right(undefined) : pipe(
        counted,
        TE.traverseArray((experiment) => countOne(bingo, experiment, id, what)),
        // At once: who is told that it was counted must not be asked again.
        TE.flatMap(() => pipe(page.stores.identities.put(id, identity), TE.mapError(problemOf))),
      )
    ),
  );
  return pipe(
    withLock(bingo.locks.lock(`identity ${digest(id)}`), patience)(() => counting),
    TE.mapError((error): Problem => "expected" in error || error._tag === "Unavailable" ? error : unavailable(error)),
  );
}

/** Longer than the lease of a process that crashed, and shorter than a client waits. */
const patience = { deadline: duration("5s") };

function countOne(bingo: Bingo, experiment: Experiment, id: string, what: What): TaskEither<Problem, void> {
  const sticky = stickyAlternative(experiment, id);
  const counter = counterOf(experiment, experiment.alternatives.indexOf(sticky), what);
  return pipe(
    bingo.counters.increment({ [counter]: 1 }, { once: `${counter} ${digest(id)}` }),
    TE.mapBoth(unavailable, (done) => {
      if (done === "Counted") bingo.ledger.counted([counter]);
    }),
  );
}

function namesOf(experiments: ReadonlyArray<Experiment>): ReadonlyArray<string> {
  return experiments.map(({ name }) => name);
}
