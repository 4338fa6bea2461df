import { DisconnectsClientError, ErrorReply } from "redis";
import type { Reply } from "../../protocol/slot.ts";

/** Says what went wrong with a command or a connection, without the arguments of either. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || codeOf(error) || error.name : String(error);
  // A server quotes what it does not understand, and tells where in a script it was.
  return text.split("\n")[0]!.replace(/,? with args.*| script: [0-9a-f]{40}.*/, "").slice(0, longestReason);
}

/** What a server needs to say fits; a reason stands in events and logs. */
const longestReason = 200;

/** The reply of a step that failed. A server's own words are in the reason; its error may quote arguments besides. */
export function unreachableBy(error: unknown): Unreachable {
  const reason = reasonOf(error);
  return { _tag: "Unreachable", reason, ...(error instanceof ErrorReply ? {} : { cause: error }) };
}

type Unreachable = Extract<Reply<never>, { readonly _tag: "Unreachable" }>;

/** Tells whether a server does not know a script, and so did certainly nothing. */
export function isUnknownScript(error: unknown): boolean {
  return error instanceof ErrorReply && error.message.startsWith("NOSCRIPT");
}

/**
 * Tells whether keys are not all on one server, or thought not to be, so that nothing was done with any. Proxies have
 * words of their own for it: "eval/evalsha command keys must be in same slot", "Cross-slot queries are disabled".
 */
export function isUnjoinable(error: unknown): boolean {
  return error instanceof ErrorReply && unjoinable.test(error.message);
}

const unjoinable = /^(CROSSSLOT |ERR .*keys must (be )?in same slot|ERR Cross-slot queries)/;

/** Tells whether an error is only that the client was ended, for a reason that its connection knows. */
export function isDisconnect(error: unknown): boolean {
  return error instanceof DisconnectsClientError;
}

/** Tells whether a server said that it is in no state to be read from. A script's error has the code inside it. */
export function isUnusable(error: unknown): boolean {
  return error instanceof ErrorReply && /^(.*\W)?(READONLY|LOADING|MISCONF|MASTERDOWN) /.test(error.message);
}

/** Where a cluster node sent us for a key, if it did; it did nothing else. */
export interface Redirection {
  readonly node: string;
  /** Whether for this command only, since the key's slot is being moved. */
  readonly once: boolean;
}

/** Reads a MOVED or ASK. A node that does not know the other's host says its port alone. */
export function readRedirection(error: unknown, from: string): Redirection | undefined {
  const match = error instanceof ErrorReply ? /^(MOVED|ASK) \d+ (.*):(\d+)$/.exec(error.message) : null;
  if (match === null) return undefined;
  const host = match[2] === "" ? from.slice(0, from.lastIndexOf(":")) : match[2];
  return { node: `${host}:${match[3]}`, once: match[1] === "ASK" };
}

function codeOf(error: Error): string | undefined {
  return "code" in error && typeof error.code === "string" ? error.code : undefined;
}
