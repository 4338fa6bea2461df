import { Buffer } from "node:buffer";
import type { Level } from "../../protocol/slot.ts";

/** What a server said about itself when it was last asked. */
export interface Server {
  /** Eight characters of its replication id, which changes at each start and each promotion. */
  readonly identity: string;
  /** When it got its identity at the latest, in its own milliseconds; undefined if that cannot be known. */
  readonly started: number | undefined;
  /** Its time when it was asked, less what a native claim's time may be off by: from then on what it grants is its own. */
  readonly met: number;
  /** What to add to our clock to estimate its time. */
  readonly offset: number;
  /** `pinned` where it never evicts a lock, because locks have no ttl there. */
  readonly level: Level;
  /** Why it is not to be used now, if so. */
  readonly unusable: string | undefined;
}

/** What an answer to INFO and TIME says, if it was asked at `sent` and answered at `received` on our clock. */
export function readServer(info: string, time: number, sent: number, received: number): Server {
  const fields = readInfo(info);
  const policy = fields.get("maxmemory_policy") ?? "";
  return {
    identity: readIdentity(fields),
    started: readStart(fields, time),
    met: time - rounding,
    offset: time - (sent + received) / 2,
    // An allkeys policy without a maxmemory evicts nothing, but either can be changed at run time.
    level: policy === "noeviction" || policy.startsWith("volatile-") ? "pinned" : "probation",
    unusable: readUnusable(fields),
  };
}

/** Milliseconds of an answer to TIME. */
export function readTime(seconds: unknown, microseconds: unknown): number {
  return Number(String(seconds)) * 1_000 + Number(String(microseconds)) / 1_000;
}

function readUnusable(fields: ReadonlyMap<string, string>): string | undefined {
  const version = fields.get("redis_version") ?? "7";
  const role = fields.get("role") ?? "master";
  if (Number.parseInt(version) < 7) return `expected Redis 7.0 or later, for SET with NX and GET: received ${version}`;
  if (fields.get("loading") === "1") return "LOADING: the server is still loading its data";
  return role === "master" ? undefined : "READONLY: the server is a replica";
}

// The time of a native claim is known by its ttl only, which is in whole milliseconds.
const rounding = 2;

/** The fields of an answer to INFO. */
export function readInfo(info: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const line of info.split("\r\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  return fields;
}

/**
 * Eight characters for who a server is: 48 of the 160 bits of its replication's id, since they only have to tell the few
 * servers apart that one key meets in its life. A server that hides its replication is known by its process.
 */
export function readIdentity(fields: ReadonlyMap<string, string>): string {
  const id = fields.get("master_replid") ?? fields.get("run_id") ?? "";
  return Buffer.from(id.slice(0, 12), "hex").toString("base64").padEnd(8, "-");
}

// A second replication id is left by a promotion, or by a start from disk: INFO does not say when that was. A whole
// second is added, because uptime is counted in whole ones: a later start is the cautious one. But it had started when
// it was asked, and what is granted from then on is its own.
function readStart(fields: ReadonlyMap<string, string>, time: number): number | undefined {
  const uptime = Number(fields.get("uptime_in_seconds") ?? NaN);
  const never = /^0*$/.test(fields.get("master_replid2") ?? "unknown");
  if (!never || !Number.isFinite(uptime)) return undefined;
  return Math.min(time - rounding, (Math.floor(time / 1_000) - uptime + 1) * 1_000);
}
