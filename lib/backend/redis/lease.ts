/**
 * Leases on a Redis: places with at most one holder each, known by its token.
 *
 * @module
 */
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BackendFailed } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import type { DurationLike } from "../../duration.ts";
import { namespace } from "../../key.ts";
import { closeConnection, type Connection, openConnection, send, whenSettled } from "./connection.ts";
import type { RedisEvent } from "./events.ts";
import { unreachableBy } from "./failure.ts";
import { readOptions } from "./options.ts";

/** Where leases are kept, and how the server is reached. */
export interface RedisLeasesOptions {
  /** `redis://` or, encrypted, `rediss://`: one server, no cluster. */
  readonly url: string;
  /** Tells these leases from others: their keys begin with `lamina:<namespace>:`. `lock` unless told. */
  readonly namespace?: string;
  /** As for the backend. */
  readonly connectTimeout?: DurationLike;
  /** Told what happens to the connection; what it throws is ignored. */
  readonly onEvent?: (event: RedisEvent) => void;
  /** What time-outs go by. */
  readonly clock?: Clock;
}

/** Leases on a Redis: a `LeasePort` of `@lamina/cache/lock`. */
export interface RedisLeases extends AsyncDisposable {
  /** What it is, for errors. */
  readonly name: string;
  /** Makes `token` the holder for so many milliseconds, if there is none, and answers with its fence. */
  readonly acquire: (name: string, token: string, milliseconds: number) => TaskEither<BackendFailed, Option<number>>;
  /** Lets the holder have it for so many milliseconds from now; false if `token` is not the holder. */
  readonly renew: (name: string, token: string, milliseconds: number) => TaskEither<BackendFailed, boolean>;
  /** Ends it; false, and nothing is changed, if `token` is not the holder. */
  readonly release: (name: string, token: string) => TaskEither<BackendFailed, boolean>;
  /** Ends the connection; leases run out by themselves. */
  readonly close: () => Promise<void>;
}

/** Counters of fences: names share them, so that their number is fixed although a lease leaves nothing else behind. */
const fences = 256;

// The fence is at least the server's time, so that it also grows past a counter that was lost.
const acquireScript = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local fence = string.format('%.0f', math.max((tonumber(redis.call('GET', KEYS[2])) or 0) + 1, now))
redis.call('SET', KEYS[2], fence)
return fence
`;

const renewScript = `
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('PEXPIRE', KEYS[1], ARGV[2]) or 0
`;

const releaseScript = `
return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0
`;

/**
 * Leases on a Redis, over a connection of their own, which is made in the background and again when it is lost.
 *
 * A lease is a key with a ttl, so it is lost in a flush, in a failover that it did not reach, and by eviction unless the
 * server's policy is `noeviction`. Its fence is a counter that is never behind the server's clock: it falls back only
 * where both are lost, the counter and the time. Nothing is sent twice; a step without an answer may have taken effect.
 *
 * Throws a RangeError if an option is refused.
 *
 * @example Where nobody answers, a lease is not taken
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { leaseLocks } from "@lamina/cache/lock";
 * import { redisLeases } from "@lamina/cache/redis";
 *
 * await using port = redisLeases({ url: "redis://127.0.0.1:1" });
 * const acquired = await leaseLocks({ port, lease: "10s" }).lock("report").acquire()();
 * assertEquals(acquired._tag === "Left" && acquired.left._tag, "BackendFailed");
 * ```
 */
export function redisLeases(options: RedisLeasesOptions): RedisLeases {
  const { namespace: name = "lock", ...rest } = options;
  const { prefix } = namespace({ namespace: name });
  const { addresses, clock, patience, onEvent } = readOptions(rest);
  const connection = openConnection({ node: addresses[0]!, clock, patience, onEvent });
  const run = (script: string, keys: ReadonlyArray<string>, ...args: ReadonlyArray<string>) =>
    evaluate(connection, ["EVAL", script, String(keys.length), ...keys.map((key) => prefix + key), ...args]);
  const close = (): Promise<void> => Promise.resolve(closeConnection(connection));
  return {
    name: "redis",
    acquire: (place, token, milliseconds) => async () => {
      const fence = await run(acquireScript, [`lease:${place}`, `fence:${fenceOf(place)}`], token, whole(milliseconds));
      return E.map((reply) => reply === null ? O.none : O.some(Number(String(reply))))(fence);
    },
    renew: (place, token, milliseconds) => async () =>
      E.map(isOne)(await run(renewScript, [`lease:${place}`], token, whole(milliseconds))),
    release: (place, token) => async () => E.map(isOne)(await run(releaseScript, [`lease:${place}`], token)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function evaluate(
  connection: Connection,
  command: ReadonlyArray<string>,
): Promise<E.Either<BackendFailed, unknown>> {
  return new Promise((resolve) => {
    const fail = (error: unknown): void => {
      const { _tag, ...what } = unreachableBy(error);
      resolve(E.left({ _tag: "BackendFailed", backend: "redis", ...what }));
    };
    whenSettled(connection, () => send(connection, command, (reply) => resolve(E.right(reply)), fail));
  });
}

function isOne(reply: unknown): boolean {
  return reply === 1;
}

function whole(milliseconds: number): string {
  return String(Math.max(1, Math.ceil(milliseconds)));
}

function fenceOf(place: string): number {
  let hash = 0;
  for (let i = 0; i < place.length; i++) hash = (hash * 31 + place.charCodeAt(i)) | 0;
  return (hash >>> 0) % fences;
}
