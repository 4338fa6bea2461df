import { Buffer } from "node:buffer";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Queued, QueuePort, TakenBatch, TakenParcel } from "../queue_port.ts";
import { arrayOf, numberOf, type RedisAggregateOptions, scripting, scriptOf } from "./aggregate.ts";

const preamble = `
local values, versions, queue, pending, meta = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
`;

// A version is at least the server's time, so that it also grows past a number that was lost.
const holdScript = scriptOf(`${preamble}
local queued, added, seen = redis.call('ZCARD', queue), 0, {}
for i = 2, #ARGV, 2 do
  local key = ARGV[i]
  if not seen[key] and not redis.call('ZSCORE', queue, key) then
    seen[key] = true
    if not redis.call('ZSCORE', pending, key) then added = added + 1 end
  end
end
local time = redis.call('TIME')
local version = math.max((tonumber(redis.call('HGET', meta, 'version') or nil) or 0) + 1,
  time[1] * 1000 + math.floor(time[2] / 1000))
local waiting = 0
if added > 0 then
  for _, key in ipairs(redis.call('ZRANGE', pending, 0, -1)) do
    if not redis.call('ZSCORE', queue, key) then waiting = waiting + 1 end
  end
end
local full = added > 0 and queued + waiting + added > tonumber(ARGV[1])
local first = string.format('%.0f', version)
if not full then
  for i = 2, #ARGV, 2 do
    local number = string.format('%.0f', version)
    redis.call('HSET', values, ARGV[i], ARGV[i + 1])
    redis.call('HSET', versions, ARGV[i], number)
    redis.call('ZADD', queue, 'NX', number, ARGV[i])
    version = version + 1
  end
end
redis.call('HSET', meta, 'version', string.format('%.0f', version))
return {full and 'Full' or 'Queued', redis.call('ZCARD', queue), first}
`);

const readScript = scriptOf(`
local found = {}
for i = 1, #ARGV do found[i] = redis.call('HGET', KEYS[1], ARGV[i]) end
return found
`);

const takeScript = scriptOf(`${preamble}
local id = redis.call('HGET', meta, 'pending')
if not id then
  if redis.call('EXISTS', queue) == 0 then return false end
  id = ARGV[1] .. '-' .. string.format('%.0f', redis.call('HINCRBY', meta, 'batches', 1))
  redis.call('RENAME', queue, pending)
  redis.call('HSET', meta, 'pending', id)
end
local taken = {id}
for _, key in ipairs(redis.call('ZRANGE', pending, 0, -1)) do
  taken[#taken + 1] = key
  taken[#taken + 1] = redis.call('HGET', values, key)
  taken[#taken + 1] = redis.call('HGET', versions, key)
end
return taken
`);

// A key that was queued again has a newer value, which is still to be written.
const acknowledgeScript = scriptOf(`${preamble}
if redis.call('HGET', meta, 'pending') ~= ARGV[1] then return 0 end
for _, key in ipairs(redis.call('ZRANGE', pending, 0, -1)) do
  if not redis.call('ZSCORE', queue, key) then
    redis.call('HDEL', values, key)
    redis.call('HDEL', versions, key)
  end
end
redis.call('DEL', pending)
redis.call('HDEL', meta, 'pending')
return 1
`);

const putBackScript = scriptOf(`${preamble}
if redis.call('HGET', meta, 'pending') ~= ARGV[1] then return 0 end
redis.call('ZUNIONSTORE', queue, 2, queue, pending, 'AGGREGATE', 'MIN')
redis.call('DEL', pending)
redis.call('HDEL', meta, 'pending')
return 1
`);

/**
 * Buckets of a write-behind on a Redis or a Redis Cluster, over connections of their own: a `QueuePort` of
 * `@lamina/cache/aggregate`.
 *
 * Each step is one script on the keys of one bucket, which share a hash tag and have no ttl. A value and its place in the
 * queue are one step, so the shared tier has the value before anybody can take its key. Where eviction (`allkeys-*`) takes
 * the values, the next flush reports their keys.
 *
 * Throws a RangeError if an option is refused.
 *
 * @example Where nobody answers, nothing is queued
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { redisQueue } from "@lamina/cache/redis";
 *
 * await using port = redisQueue({ url: "redis://127.0.0.1:1" });
 * const queued = await port.hold("0", [{ key: "a", value: new Uint8Array() }], 10)();
 * assertEquals(queued._tag === "Left" && queued.left._tag, "BackendFailed");
 * ```
 */
export function redisQueue(options: RedisAggregateOptions): QueuePort {
  const { run, keyOf, close } = scripting(options);
  const parts = ["values", "versions", "queue", "taken", "meta"];
  const keys = (bucket: string) => parts.map((part) => keyOf(bucket, part));
  const answered = (reply: unknown): boolean => reply === 1;
  return {
    name: "redis",
    hold: (bucket, parcels, most) => async () => {
      const words = parcels.flatMap(({ key, value }) => [key, viewOf(value)]);
      return E.map(queuedOf)(await run(holdScript, keys(bucket), [String(most), ...words]));
    },
    read: (bucket, names) => async () =>
      E.map((reply) => arrayOf(reply).map(bytesOf))(await run(readScript, keys(bucket), names)),
    take: (bucket, nonce) => async () => E.map(takenOf)(await run(takeScript, keys(bucket), [nonce])),
    acknowledge: (bucket, id) => async () => E.map(answered)(await run(acknowledgeScript, keys(bucket), [id])),
    putBack: (bucket, id) => async () => E.map(answered)(await run(putBackScript, keys(bucket), [id])),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function bytesOf(reply: unknown): O.Option<Uint8Array> {
  return reply instanceof Uint8Array ? O.some(new Uint8Array(reply)) : O.none;
}

function queuedOf(reply: unknown): Queued {
  const [what, queued, version] = arrayOf(reply);
  return String(what) === "Full"
    ? { _tag: "Full", queued: numberOf(queued), version: numberOf(version) }
    : { _tag: "Queued", queued: numberOf(queued) };
}

function takenOf(reply: unknown): O.Option<TakenBatch> {
  const [id, ...words] = arrayOf(reply);
  if (id === undefined) return O.none;
  const parcels: TakenParcel[] = [];
  for (let i = 0; i < words.length; i += 3) {
    parcels.push({ key: String(words[i]), value: bytesOf(words[i + 1]), version: numberOf(words[i + 2]) });
  }
  return O.some({ id: String(id), parcels });
}
