import type { Clock } from "../../clock.ts";
import { systemClock } from "../../clock.ts";
import { duration, type DurationLike } from "../../duration.ts";
import type { NodeAddress } from "./client.ts";
import { type Feed, feeding } from "./feed.ts";
import type { RedisEvent } from "./events.ts";

/** Where the Redis is: one primary, any nodes of a cluster, or the sentinels that know the primary. */
export type RedisPlace =
  | {
    /** `redis://` or, encrypted, `rediss://`, with user, password, port and database as usual. */
    readonly url: string;
  }
  | {
    /** URLs of some nodes; the others are asked for. They get the user and password of the first. */
    readonly cluster: { readonly nodes: ReadonlyArray<string> };
  }
  | {
    readonly sentinel: {
      /** URLs of the sentinels, all of which are asked; each with the user and password that it wants. */
      readonly nodes: ReadonlyArray<string>;
      /** What they call the primary (`mymaster` in their own examples). */
      readonly name: string;
      /** A URL with the primary's user, password and database, `rediss://` if encrypted; its host is not used. */
      readonly primary?: string;
    };
  };

/** How a Redis backend behaves. */
export type RedisOptions = RedisPlace & {
  /** How many replicas a lock has to reach before it counts, and how long that may take (a WAIT). */
  readonly waitReplicas?: { readonly replicas: number; readonly within: DurationLike };
  /**
   * How long making a connection may take, and how long a made one may leave commands unanswered before it is made
   * anew (it may be twice as long). Five seconds: shorter than a lease, and longer than a server pauses for a fork.
   */
  readonly connectTimeout?: DurationLike;
  /** Told what happens to connections; what it throws is ignored. */
  readonly onEvent?: (event: RedisEvent) => void;
  readonly clock?: Clock;
  /**
   * The server's time, for tests that make their own: everything then goes by script, keys have no ttl, housekeeping
   * rests, and the server never changed its identity.
   */
  readonly time?: () => number;
};

/** How the primary is found. */
export interface SentinelSettings {
  readonly name: string;
  /** Where the primary is, but for its host and port. */
  readonly primary: NodeAddress;
}

/** Options that were checked. */
export interface Settings {
  readonly addresses: ReadonlyArray<NodeAddress>;
  readonly isCluster: boolean;
  readonly sentinel: SentinelSettings | undefined;
  readonly replicas: { readonly count: number; readonly within: number } | undefined;
  readonly patience: number;
  readonly onEvent: (event: RedisEvent) => void;
  readonly clock: Clock;
  readonly generate: () => number;
  readonly time: (() => number) | undefined;
  readonly joins: boolean;
  readonly feed: Feed;
}

/** Checks options; throws a RangeError that says what was expected, and never a password. */
export function readOptions(options: RedisOptions): Settings {
  const { waitReplicas, connectTimeout = "5s", onEvent = () => {}, clock = systemClock, time } = options;
  const isCluster = "cluster" in options;
  const urls = isCluster ? options.cluster.nodes : "sentinel" in options ? options.sentinel.nodes : [options.url];
  if (urls.length === 0) throw refused("at least one node", "none");
  const addresses = urls.map(readUrl);
  const selected = addresses.find(({ database }) => database !== 0);
  if (isCluster && selected !== undefined) throw refused("database 0 of a cluster", selected.database);
  return {
    addresses,
    isCluster,
    sentinel: "sentinel" in options ? readSentinel(options.sentinel) : undefined,
    replicas: waitReplicas === undefined ? undefined : {
      count: positive("a positive whole number of replicas", waitReplicas.replicas),
      within: finite(waitReplicas.within),
    },
    patience: finite(connectTimeout),
    onEvent: quietly(onEvent),
    clock,
    generate: counter(),
    time,
    // Where a test makes the time, each step is told its own.
    joins: !isCluster && time === undefined,
    feed: feeding(clock),
  };
}

function readSentinel({ name, primary = "redis://primary" }: { name: string; primary?: string }): SentinelSettings {
  if (typeof name !== "string" || name === "") throw refused("the primary's name", JSON.stringify(name));
  return { name, primary: readUrl(primary) };
}

// 48 random bits, counted on from: both are exact in a double.
function counter(): () => number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  let count = (high! % 65_536) * 2 ** 32 + low!;
  return () => count++;
}

function readUrl(text: string): NodeAddress {
  const url = parse(text);
  const database = Number(url?.pathname.slice(1));
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === "") {
    throw refused("a url like redis://host:6379", JSON.stringify(withoutCredentials(text)));
  }
  if (!(Number.isInteger(database) && database >= 0)) throw refused("a database's number", url.pathname.slice(1));
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 6_379 : Number(url.port);
  return {
    name: `${host}:${port}`,
    host,
    port,
    tls: url.protocol === "rediss:",
    username: url.username === "" ? undefined : decodeURIComponent(url.username),
    password: url.password === "" ? undefined : decodeURIComponent(url.password),
    database,
  };
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function withoutCredentials(text: unknown): string {
  return String(text).replace(/^([a-z]*:)?.*@/s, "$1//…@");
}

function positive(what: string, value: number): number {
  if (!(Number.isInteger(value) && value > 0)) throw refused(what, value);
  return value;
}

function finite(like: DurationLike): number {
  const length = duration(like);
  if (!(length > 0 && length < Infinity)) throw refused("a duration above zero and below forever", like);
  return length;
}

function refused(wanted: string, received: unknown): RangeError {
  return new RangeError(`Cannot make a Redis backend: expected ${wanted}: received ${received}`);
}

function quietly(onEvent: (event: RedisEvent) => void): (event: RedisEvent) => void {
  return (event) => {
    try {
      onEvent(event);
    } catch {
      return;
    }
  };
}
