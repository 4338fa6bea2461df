import type { Call, Request } from "../../backend/port.ts";
import type { Cancel } from "../../clock.ts";
import type { Reply } from "../../protocol/slot.ts";
import { callOf, checked, noAnswer, rejected } from "./effects.ts";
import { send } from "./joint.ts";
import type { Tier } from "./tier.ts";
import { report } from "./tier.ts";

/** Who waits for the answer to one question. */
interface Waiting<P> {
  readonly patience: Patience<P>;
  readonly hear: (reply: Reply<P>) => void;
  over: boolean;
}

/** Those of one turn that wait equally long: they share one appointment, since one for each costs a tenth of a hit. */
export interface Patience<P> {
  readonly turn: number;
  readonly within: number;
  readonly waiting: Array<Waiting<P>>;
  open: number;
  cancel: Cancel;
}

/**
 * Asks the backend one thing. What it answers at once is returned, and takes neither a promise nor a timer; what it answers
 * later, is late with, or does wrong, is heard later.
 */
export function askOnce<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  request: Request<P, N>,
  left: number,
  hear: (reply: Reply<P>) => void,
): Reply<P> | undefined {
  if (tier.backend.run.one !== undefined) return noted(tier, askedOf(tier, request));
  return askLater(tier, request, left === Infinity ? tier.call : callOf(tier, left), hear);
}

/** Whatever a backend of somebody else's may do wrong is an `Unreachable`. */
function askedOf<K, V, P, N>(tier: Tier<K, V, P, N>, request: Request<P, N>): Reply<P> {
  const { backend, call } = tier;
  try {
    const reply = backend.run.one!(request, call);
    return typeof reply?._tag === "string" ? reply : checked(tier, 1, [reply])[0]!;
  } catch (cause) {
    return rejected(tier, 1, cause)[0]!;
  }
}

/** A reply as it is heard: one that nobody gave is reported. */
export function noted<K, V, P, N>(tier: Tier<K, V, P, N>, reply: Reply<P>): Reply<P> {
  if (reply._tag === "Unreachable") report(tier, "Unreachable", reply.reason);
  return reply;
}

function askLater<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  request: Request<P, N>,
  call: Call,
  hear: (reply: Reply<P>) => void,
): Reply<P> | undefined {
  const patience = shareTurn(tier, call.within);
  const self: Waiting<P> = { patience, hear, over: false };
  patience.waiting.push(self);
  patience.open++;
  try {
    Promise.resolve(send(tier, [request], call)).then(
      (replies) => answered(tier, self, checked(tier, 1, replies)[0]!),
      (cause) => answered(tier, self, rejected(tier, 1, cause)[0]!),
    );
    return undefined;
  } catch (cause) {
    end(self);
    return noted(tier, rejected(tier, 1, cause)[0]!);
  }
}

/** What is over stays noted until all are: in a turn that never ends that must not grow without end. */
const mostSharing = 1_024;

function shareTurn<K, V, P, N>(tier: Tier<K, V, P, N>, within: number): Patience<P> {
  const turn = tier.turnOf();
  const known = tier.patience;
  // One that nobody waits with any more has given its appointment up.
  const isShared = known !== undefined && known.turn === turn && known.within === within && known.open > 0;
  if (isShared && known.waiting.length < mostSharing) return known;
  const made: Patience<P> = {
    turn,
    within,
    waiting: [],
    open: 0,
    // A backend's own deadline, at the same moment, comes first: it knows better why there is no answer.
    cancel: tier.clock.after(within, () => made.cancel = tier.clock.after(0, () => expire(tier, made))),
  };
  return tier.patience = made;
}

function expire<K, V, P, N>(tier: Tier<K, V, P, N>, { waiting, within }: Patience<P>): void {
  for (const each of waiting) answered(tier, each, noAnswer<P>(1, within)[0]!);
}

function answered<K, V, P, N>(tier: Tier<K, V, P, N>, self: Waiting<P>, reply: Reply<P>): void {
  if (self.over) return;
  end(self);
  self.hear(noted(tier, reply));
}

function end<P>(self: Waiting<P>): void {
  self.over = true;
  if (--self.patience.open === 0) self.patience.cancel();
}
