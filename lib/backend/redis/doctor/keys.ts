import { Buffer } from "node:buffer";
import { reasonOf } from "../failure.ts";
import { letters, readIdentityOf, readTokens } from "../value.ts";
import type { KeysReading, NamespaceReading } from "./readings.ts";

/** How the names of slots go on after a namespace; counters, queues and leases are under `lamina:` too. */
const slotName = /^lamina:[^:]*:(\d+(\{\})?:|switch:mode$)/;

/** Asks a server something; rejects with what it says against it. */
export type Ask = (...command: ReadonlyArray<string>) => Promise<unknown>;

/** How many keys one step may look at: a millisecond or two of the server's time. */
const keysAStep = 500;

/** An entry's header fits into so many bytes, and a lock with all the writers that it takes into so many. */
const headBytes = 64;
const lockBytes = 65_536;

/** What bounds a look at the keys: how many, and until when. */
export interface KeyBounds {
  readonly most: number;
  readonly isOver: () => boolean;
}

/** A key's value, the whole of it for a lock, and its time to live. */
interface Value {
  readonly bytes: Buffer;
  /** As PTTL says it: -1 for none. */
  readonly ttl: number;
}

type Count = { -readonly [name in keyof NamespaceReading]: NamespaceReading[name] };

/** Goes through the keys of a server that begin with `lamina:`, in steps, up to a bound. */
export async function lookAtKeys(ask: Ask, identity: string, now: number, bounds: KeyBounds): Promise<KeysReading> {
  const counts = new Map<string, Count>();
  const seen = new Set<string>();
  let cursor = "0";
  do {
    const reply = await ask("SCAN", cursor, "MATCH", "lamina:*", "COUNT", String(keysAStep));
    if (!Array.isArray(reply)) throw new Error("an answer to SCAN that is none");
    cursor = String(reply[0]);
    // A key may come twice while the server's table grows.
    const names: ReadonlyArray<string> = reply[1].map(String).filter((name: string) => !seen.has(name));
    for (const name of names) seen.add(name);
    const slots = names.filter((name) => slotName.test(name));
    const values = await Promise.all(slots.map((name) => read(ask, name)));
    slots.forEach((name, i) => count(counts, name, values[i], identity, now));
  } while (cursor !== "0" && seen.size < bounds.most && !bounds.isOver());
  const namespaces = [...counts.values()].sort((one, other) => one.name < other.name ? -1 : 1);
  return { looked: seen.size, all: cursor === "0", namespaces };
}

async function read(ask: Ask, name: string): Promise<Value | undefined> {
  try {
    const bytes = Buffer.from(await ask("GETRANGE", name, "0", String(headBytes)) as Buffer);
    const kind = bytes[0];
    if (kind !== letters.locked && kind !== letters.claimed && kind !== letters.claimedByScript) {
      return { bytes, ttl: 0 };
    }
    const asked = [ask("GETRANGE", name, "0", String(lockBytes)), ask("PTTL", name)] as const;
    const [whole, ttl] = await Promise.all(asked);
    return { bytes: Buffer.from(whole as Buffer), ttl: Number(ttl) };
  } catch (error) {
    const reason = reasonOf(error);
    // Another type than a string: none of ours.
    if (reason.startsWith("WRONGTYPE")) return undefined;
    // A user may be confined to some keys.
    if (/^NOPERM.*\bkeys?\b/.test(reason)) return { bytes: Buffer.alloc(0), ttl: 0 };
    throw error;
  }
}

function count(counts: Map<string, Count>, key: string, value: Value | undefined, identity: string, now: number): void {
  // It has gone since it was listed.
  if (value?.bytes.length === 0) return;
  const name = key.split(":")[1] ?? "";
  const to = counts.get(name) ?? nothing(name);
  counts.set(name, to);
  try {
    add(to, value, identity, now);
  } catch {
    // Shorter than it should be.
    to.strange++;
  }
}

function add(to: Count, value: Value | undefined, identity: string, now: number): void {
  switch (value?.bytes[0]) {
    case letters.held:
      to.entries++;
      if (readIdentityOf(value!.bytes) !== identity) to.outdated++;
      return;
    case letters.claimed:
    case letters.claimedByScript:
      to.claims++;
      if (value!.ttl === -1) to.endlessClaims++;
      return;
    case letters.locked:
      return addLock(to, value!, now);
    case letters.void:
      to.voids++;
      return;
    default:
      to.strange++;
  }
}

function addLock(to: Count, { bytes, ttl }: Value, now: number): void {
  const tokens = readTokens(bytes);
  to.locks++;
  const live = tokens.filter(({ deadline }) => deadline > now);
  if (ttl >= 0 && live.length > 0) to.evictableLocks++;
  to.liveTokens += live.length;
  to.expiredTokens += tokens.length - live.length;
  for (const { generation, deadline } of tokens) {
    if (deadline > now) {
      to.oldestLive = Math.max(to.oldestLive, now - generation);
      to.longestLeft = Math.max(to.longestLeft, deadline - now);
    } else to.oldestExpired = Math.max(to.oldestExpired, now - deadline);
  }
}

function nothing(name: string): Count {
  return {
    name,
    entries: 0,
    outdated: 0,
    claims: 0,
    endlessClaims: 0,
    locks: 0,
    liveTokens: 0,
    expiredTokens: 0,
    oldestLive: 0,
    oldestExpired: 0,
    longestLeft: 0,
    evictableLocks: 0,
    voids: 0,
    strange: 0,
  };
}
