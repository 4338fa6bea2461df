import type { Backend, Call, Request } from "../../backend/port.ts";
import type { Reply } from "../../protocol/slot.ts";
import type { Asker } from "./effects.ts";
import type { Few } from "./few.ts";

/**
 * Gives requests to the backend. The claims of one slot that reads of one turn would place are placed once: whoever comes
 * before it was sent hears what he would have heard right behind it, which is `Busy` where the first one was granted it.
 *
 * That breaks nothing: the question is sent after all of these reads began, and to the server it makes no difference. A
 * thousand callers of a cold key would otherwise keep their process and the server busy for longer than many a load.
 */
export function send<P, N>(
  tier: Asker<P, N>,
  requests: ReadonlyArray<Request<P, N>>,
  call: Call,
): Promise<ReadonlyArray<Reply<P>>> {
  const { backend, claims } = tier;
  const first = requests[0];
  const isClaim = requests.length === 1 && first?.operation._tag === "claim";
  // A backend in this process answers sooner than it is asked so.
  if (!isClaim || claims === undefined || tier.hit !== "HitShared") return backend.run(requests, call)();
  // Who has less time than others must not decide for them.
  return call.within === tier.call?.within ? claimOnce(backend, claims, first, call) : backend.run(requests, call)();
}

function claimOnce<P, N>(
  backend: Backend<P, N>,
  claims: Few<N, Promise<ReadonlyArray<Reply<P>>>>,
  request: Request<P, N>,
  call: Call,
): Promise<ReadonlyArray<Reply<P>>> {
  const { slot } = request;
  const known = claims.get(slot);
  if (known !== undefined) return known.then(behind);
  const placed = Promise.resolve().then(() => {
    claims.delete(slot);
    return backend.run([request], call)();
  });
  claims.set(slot, placed);
  return placed;
}

const busy = [{ _tag: "Busy" }] as const;

/** What a claim is answered right behind another one. */
function behind<P>(replies: ReadonlyArray<Reply<P>>): ReadonlyArray<Reply<P>> {
  return Array.isArray(replies) && replies[0]?._tag === "Mine" ? busy : replies;
}
