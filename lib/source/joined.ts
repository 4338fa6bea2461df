import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { CacheError } from "../cache_error.ts";
import { deadlineAt, late, orLate } from "../deadline.ts";
import type { Part, Seat, Underway } from "../joint.ts";
import { endedElsewhere } from "../joint.ts";
import type { WriteFailure } from "../store.ts";
import type { Origin } from "./origin.ts";
import type { Body } from "./running.ts";
import { failed, runBody } from "./running.ts";
import type { Transactor } from "./transact.ts";
import { transact } from "./transact.ts";
import type { Joining } from "./transaction.ts";

type Done<A, Err> = Either<WriteFailure<Err>, A>;

const unjoinable: CacheError = {
  _tag: "Unsupported",
  operation: "run one transaction over several stores",
  instead: "a source of them has no way to join another's transaction; use one for each",
};

const timedOut: CacheError = { _tag: "TimedOut", waitingFor: "the other stores of the transaction" };

/** Takes a seat in a transaction of several stores, and leads it, or works in the attempts of the one that does. */
export async function transactTogether<K, V, A, Err>(
  origin: Origin<K, V>,
  transactor: Transactor<K, V>,
  body: Body<K, V, A, Err>,
  seat: Seat,
): Promise<Done<A, Err>> {
  const { joining } = transactor.options;
  if (joining === undefined) return aborted(unjoinable);
  const taking = seat.take({ place: joining.place, commit: origin.commit, maxKeys: transactor.maxKeys });
  // Whoever stands in front of the other sources has this source's time to let them come.
  const isLate = await orLate(origin.clock, origin.commit, taking) === late;
  // Said before anything else, or who comes while this answer is on its way would wait for a transaction that nobody leads.
  if (isLate) seat.leave();
  const part = await taking;
  if (part._tag === "Left") return aborted(isLate && part.left === endedElsewhere ? timedOut : part.left);
  if (!part.right.leads) return await follow(joining, body, part.right);
  const deadline = deadlineAt(origin.clock, origin.clock.now() + part.right.commit);
  const done = await transact(transactor, body, deadline, part.right);
  deadline.dispose();
  return done;
}

/** Runs the body in each attempt of the source that leads, and ends as that ends. */
async function follow<K, V, A, Err>(
  joining: Joining<K, V>,
  body: Body<K, V, A, Err>,
  part: Part,
): Promise<Done<A, Err>> {
  for (;;) {
    const round = part.round();
    const underway = await round.opened;
    let said: Either<Err | CacheError, A> = E.left(endedElsewhere);
    if (underway !== undefined) {
      void workIn(underway, joining, body).then((done) => {
        said = done;
        round.vote(done._tag === "Right");
      });
    }
    const ending = await round.ending;
    if (ending === "again") continue;
    if (ending === "committed" && said._tag === "Right") return said;
    const error = said._tag === "Left" ? said.left : endedElsewhere;
    return E.left({ outcome: ending === "aborted" ? "aborted" : "unknown", error });
  }
}

async function workIn<K, V, A, Err>(
  underway: Underway,
  { join }: Joining<K, V>,
  body: Body<K, V, A, Err>,
): Promise<Either<Err | CacheError, A>> {
  try {
    return await runBody(underway, join(underway.attempt), body);
  } catch (cause) {
    return E.left(failed(cause));
  }
}

function aborted(error: CacheError): Done<never, never> {
  return E.left({ outcome: "aborted", error });
}
