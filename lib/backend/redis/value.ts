import type { Buffer } from "node:buffer";
import type { Operation, Plain, Reply, Stored } from "../../protocol/slot.ts";

/** What a reader knows beside a slot's value: the server's time as estimated, and its identity. */
export interface Reading {
  readonly now: number;
  readonly identity: string;
  /** On the memory that the last value lay in: those of one answer share it mostly, and a view costs as much as a value. */
  view: DataView | undefined;
}

// Where things stand in an entry; the layout is packed in lua_slot.ts.
/** The byte of an entry's flags. */
export const flags = 1;
const identity = 2;
const identityLength = 8;
const loaded = 18;
const fresh = 26;
const until = 34;
const headerLength = 50;
const markLength = 18;

const onProbation = 1;
/** The flag of an entry that a reader is renewing. */
export const isMarked = 2;

/** Where the deadline of a claim that a script made stands, and that of a mark. */
export const deadlines: { readonly claim: number; readonly mark: number } = { claim: 17, mark: headerLength + 8 };

/** What the values of slots begin with. */
export const letters = {
  claimed: 0x63, // c
  claimedByScript: 0x43, // C
  held: 0x68, // h
  locked: 0x6c, // l
  void: 0x76, // v
} as const;

/**
 * Answers a look from a slot's value alone; `undefined` where only the script knows.
 *
 * By an estimated time only what is as well a moment later is answered: entries on probation, what seems to have run
 * out, and what was stored under another identity, are left to the server, which knows its time and tidies up.
 */
export function readSlot(value: Buffer | null, reading: Reading): Reply<Uint8Array> | undefined {
  if (value === null) return vacant;
  try {
    return read(value, reading);
  } catch {
    // Shorter than it should be: the script says that it is none of ours.
    return undefined;
  }
}

function read(value: Buffer, reading: Reading): Reply<Uint8Array> | undefined {
  switch (value[0]) {
    case letters.held: {
      if ((value[flags]! & onProbation) !== 0 || !hasIdentity(value, reading.identity)) return undefined;
      const view = viewOn(value, reading);
      if (!(view.getFloat64(value.byteOffset + until) > reading.now)) return undefined;
      return { _tag: "Hit", found: found(value, view, 0, reading.now) };
    }
    case letters.claimed:
      return busy;
    case letters.claimedByScript:
      return value.readDoubleBE(deadlines.claim) > reading.now ? busy : undefined;
    case letters.locked:
      return lastDeadline(value) > reading.now ? guarded : undefined;
    default:
      return undefined;
  }
}

/** The value of a native claim. */
export function claimValue(owner: string, generation: number): string {
  return `c${generation}:${owner}`;
}

/** The generation of a native claim, if it is the owner's. */
export function readClaim(value: Buffer, owner: string): number | undefined {
  if (value[0] !== letters.claimed) return undefined;
  const text = value.toString("utf8", 1);
  const colon = text.indexOf(":");
  return text.slice(colon + 1) === owner ? Number(text.slice(0, colon)) : undefined;
}

/** Tells whether a value is a claim that a script made: a native claim cannot answer its own owner. */
export function isScriptClaim(value: Buffer): boolean {
  return value[0] === letters.claimedByScript;
}

/** Tells whether a value is a lock, of which the sweep drops the dead ones. */
export function isLock(value: Buffer): boolean {
  return value[0] === letters.locked;
}

/** When the writers' tokens of a lock were placed, and when they end, on the server's clock. */
export function readTokens(value: Buffer): ReadonlyArray<{ readonly generation: number; readonly deadline: number }> {
  const tokens: Array<{ readonly generation: number; readonly deadline: number }> = [];
  for (let at = 10; at < value.length; at += 18 + value.readUInt16BE(at + 16)) {
    tokens.push({ generation: value.readDoubleBE(at), deadline: value.readDoubleBE(at + 8) });
  }
  return tokens;
}

/** Under whose identity an entry was stored; undefined if the value is none, or too short for one. */
export function readIdentityOf(value: Buffer): string | undefined {
  if (value[0] !== letters.held || value.length < headerLength) return undefined;
  return value.toString("latin1", identity, identity + identityLength);
}

/** Reads what a script answered to an operation. */
export function readReply(reply: Buffer, operation: Operation<Uint8Array>): Reply<Uint8Array> {
  const letter = String.fromCharCode(reply[0]!);
  switch (letter) {
    case "H":
      return { _tag: "Hit", found: found(reply, new DataView(reply.buffer), 9, reply.readDoubleBE(1)) };
    case "A":
      // Filled as asked.
      return { _tag: "Filled", until: operation._tag === "fill" ? operation.stored.until : 0 };
    case "F":
      return { _tag: "Filled", until: reply.readDoubleBE(1) };
    case "L":
      return { _tag: "Locked", generation: reply.readDoubleBE(1) };
    case "M": {
      const entry = reply.length > 9 ? found(reply, new DataView(reply.buffer), 17, reply.readDoubleBE(9)) : undefined;
      return { _tag: "Mine", generation: reply.readDoubleBE(1), found: entry };
    }
    default: {
      const tag = plain[letter];
      return tag === undefined ? { _tag: "Unreachable", reason: "an answer that is none of ours" } : { _tag: tag };
    }
  }
}

const plain: Readonly<Record<string, Plain["_tag"]>> = {
  V: "Vacant",
  B: "Busy",
  G: "Guarded",
  P: "Pass",
  R: "Refused",
  D: "Released",
  W: "Crowded",
  S: "Shared",
  U: "Published",
  E: "Cleared",
  N: "Foreign",
  O: "Lost",
};

const vacant: Plain = { _tag: "Vacant" };
const busy: Plain = { _tag: "Busy" };
const guarded: Plain = { _tag: "Guarded" };

function viewOn({ buffer }: Buffer, reading: Reading): DataView {
  if (reading.view?.buffer === buffer) return reading.view;
  return reading.view = new DataView(buffer);
}

/**
 * The entry that begins at `start` of a value. The view is on all of the memory that the value is a part of, so that a
 * value that is too short shows when its payload is cut out only: that throws.
 */
function found(value: Buffer, view: DataView, start: number, now: number): Stored<Uint8Array> {
  const begin = value.byteOffset + start;
  const header = start + headerLength;
  const marked = (value[start + flags]! & isMarked) !== 0;
  const payload = marked ? header + markLength + value.readUInt16BE(header + 16) : header;
  return {
    // A view, and of the plain class: a Buffer has a `slice` of its own.
    payload: new Uint8Array(value.buffer, value.byteOffset + payload, value.length - payload),
    age: now - view.getFloat64(begin + loaded),
    fresh: Math.max(0, view.getFloat64(begin + fresh) - now),
    until: view.getFloat64(begin + until) - now,
  };
}

function hasIdentity(value: Buffer, wanted: string): boolean {
  for (let i = 0; i < wanted.length; i++) if (value[identity + i] !== wanted.charCodeAt(i)) return false;
  return true;
}

function lastDeadline(value: Buffer): number {
  return Math.max(...readTokens(value).map(({ deadline }) => deadline));
}
