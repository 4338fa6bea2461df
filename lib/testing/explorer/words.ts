import type { Operation, Reply } from "../../protocol/slot.ts";
import type { Answer } from "./commands.ts";

/** What a cache command is called in a counterexample. */
export function verbOf(operation: Operation<number>): string {
  switch (operation._tag) {
    case "look":
      return "looks";
    case "claim":
      return "claims";
    case "refresh":
      return operation.which === "expired" ? "asks to renew" : "claims anew";
    case "fill":
      return `fills with v${(operation.stored.payload - 1) % 16}`;
    case "release":
      return operation.pass > 0 ? "releases its claim with a pass" : "releases its claim";
    case "lock":
      return "locks";
    case "unlock":
      return operation.written === undefined
        ? "unlocks"
        : `unlocks, publishing v${(operation.written.payload - 1) % 16}`;
  }
}

const meanings: Readonly<Record<Reply<number>["_tag"], string>> = {
  Hit: "it hits",
  Mine: "the claim is its own",
  Filled: "stored",
  Locked: "locked",
  Unreachable: "no answer",
  Vacant: "nothing there",
  Busy: "another reader's claim is there",
  Guarded: "a lock is there",
  Pass: "not to be cached for a while",
  Refused: "refused, its claim is gone",
  Released: "released",
  Crowded: "too many locks are there",
  Shared: "other locks remain",
  Published: "published",
  Cleared: "the slot is empty",
  Foreign: "its token was gone, other locks are there and are marked contended",
  Lost: "its token was gone, the slot is empty",
};

/** What a slot answered, in words. */
export function meaningOf(reply: Reply<number>): string {
  if (reply._tag === "Mine" && reply.found !== undefined) {
    return `v${(reply.found.payload - 1) % 16} is its own to renew`;
  }
  return reply._tag === "Hit" ? `it hits v${(reply.found.payload - 1) % 16}` : meanings[reply._tag];
}

/** A cache command with what became of it. */
export function tell(who: string, key: number, keys: number, operation: Operation<number>, answer: Answer): string {
  const where = keys === 1 ? "" : ` key ${key + 1}`;
  return `${who} ${verbOf(operation)}${where}: ${fateOf(answer)}`;
}

function fateOf({ reply, how }: Answer): string {
  switch (how) {
    case undefined:
      return meaningOf(reply);
    case "failedNotApplied":
      return "no answer, and no effect";
    case "appliedButReportedFailed":
      return "it takes effect, but the answer is lost";
    case "appliedLate":
      return "no answer; the command is still in flight";
    case "appliedTwice":
      return `${meaningOf(reply)}; the command is in flight a second time`;
    default:
      return "it takes effect, but did not reach the replica";
  }
}
