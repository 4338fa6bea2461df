import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { Count, CountersPort, Incremented, Standing } from "../counters_port.ts";
import { mostCounted } from "../counters_port.ts";
import { arrayOf, numberOf, type RedisAggregateOptions, scripting, scriptOf, textOf } from "./aggregate.ts";

// A double is exact up to the bound, so that Lua may add; what it writes must not be in exponents.
const incrementScript = scriptOf(`
local running, once = KEYS[1], KEYS[2]
if once and redis.call('EXISTS', once) == 1 then return 'Repeated' end
local after, names, added = {}, {}, 0
for i = 3, #ARGV, 2 do
  local name, by = ARGV[i], tonumber(ARGV[i + 1])
  if by > 0 then
    if not after[name] then
      local before = tonumber(redis.call('HGET', running, name) or nil)
      if not before then added = added + 1 end
      names[#names + 1] = name
      after[name] = before or 0
    end
    after[name] = after[name] + by
  end
end
for i = 1, #names do
  if after[names[i]] > ${mostCounted} then return 'TooLarge' end
end
if added > 0 and redis.call('HLEN', running) + added > tonumber(ARGV[1]) then return 'Full' end
for i = 1, #names do
  redis.call('HSET', running, names[i], string.format('%.0f', after[names[i]]))
end
if once then redis.call('SET', once, '', 'PX', ARGV[2]) end
return 'Counted'
`);

const lookScript = scriptOf(`
local running, pending, meta = KEYS[1], KEYS[2], KEYS[3]
local seen = {redis.call('HGET', meta, 'pending'), redis.call('HGET', meta, 'acknowledged')}
for i = 1, #ARGV do
  seen[#seen + 1] = redis.call('HGET', running, ARGV[i])
  seen[#seen + 1] = redis.call('HGET', pending, ARGV[i])
end
return seen
`);

const popScript = scriptOf(`
local popped = {}
for i = 1, #ARGV do
  popped[i] = redis.call('HGET', KEYS[1], ARGV[i])
  redis.call('HDEL', KEYS[1], ARGV[i])
end
return popped
`);

// The server numbers the batches: one that was taken by a command that arrives twice gets another id.
const takeScript = scriptOf(`
local running, pending, meta = KEYS[1], KEYS[2], KEYS[3]
local id = redis.call('HGET', meta, 'pending')
if not id then
  if redis.call('EXISTS', running) == 0 then return false end
  id = ARGV[1] .. '-' .. string.format('%.0f', redis.call('HINCRBY', meta, 'batches', 1))
  redis.call('RENAME', running, pending)
  redis.call('HSET', meta, 'pending', id)
end
return {id, redis.call('HGETALL', pending)}
`);

const acknowledgeScript = scriptOf(`
local pending, meta = KEYS[2], KEYS[3]
if redis.call('HGET', meta, 'pending') ~= ARGV[1] then return 0 end
redis.call('DEL', pending)
redis.call('HDEL', meta, 'pending')
redis.call('HSET', meta, 'acknowledged', ARGV[1])
return 1
`);

const resetScript = scriptOf(`
for i = 1, #ARGV do
  redis.call('HDEL', KEYS[1], ARGV[i])
  redis.call('HDEL', KEYS[2], ARGV[i])
end
return 1
`);

/**
 * Counters on a Redis or a Redis Cluster, over connections of their own: a `CountersPort` of `@lamina/cache/aggregate`.
 *
 * Each step is one script on the hashes of one set, whose keys share a hash tag. They have no ttl, so they are safe under
 * `noeviction` and `volatile-*`; under `allkeys-*` counts can be evicted. What survives a crash of the server is what its
 * append-only file has: with `appendfsync everysec` the last second may be lost, without the file everything that was
 * not folded.
 *
 * Throws a RangeError if an option is refused.
 *
 * @example Where nobody answers, nothing is counted
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { counterSet } from "@lamina/cache/aggregate";
 * import { redisCounters } from "@lamina/cache/redis";
 *
 * await using port = redisCounters({ url: "redis://127.0.0.1:1" });
 * const counted = await counterSet({ port, name: "votes" }).increment({ tea: 1 })();
 * assertEquals(counted._tag === "Left" && counted.left._tag, "BackendFailed");
 * ```
 */
export function redisCounters(options: RedisAggregateOptions): CountersPort {
  const server = scripting(options);
  const { run, keyOf, close } = server;
  const keys = (set: string) => [keyOf(set, "running"), keyOf(set, "pending"), keyOf(set, "meta")];
  return {
    name: "redis",
    increment: (set, deltas, most, once) => async () => {
      const places = [keyOf(set, "running"), ...(once === undefined ? [] : [keyOf(set, `once:${once.id}`)])];
      const words = deltas.flatMap(({ name, by }) => [name, String(by)]);
      const kept = once === undefined ? "0" : String(Math.max(1, Math.ceil(once.milliseconds)));
      return E.map(incremented)(await run(incrementScript, places, [String(most), kept, ...words]));
    },
    look: (set, names) => async () => E.map(standingOf(names.length))(await run(lookScript, keys(set), names)),
    pop: (set, names) => async () => E.map(countsOf)(await run(popScript, keys(set), names)),
    take: (set, nonce) => async () =>
      E.map((reply) => {
        const [id, counts] = arrayOf(reply);
        return id === undefined ? O.none : O.some({ set, id: String(id), counts: pairsOf(counts) });
      })(await run(takeScript, keys(set), [nonce])),
    acknowledge: (set, id) => async () => E.map((reply) => reply === 1)(await run(acknowledgeScript, keys(set), [id])),
    reset: (set, names) => async () => E.map(() => undefined)(await run(resetScript, keys(set), names)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function incremented(reply: unknown): Incremented {
  const text = String(reply);
  return text === "Repeated" || text === "TooLarge" || text === "Full" ? text : "Counted";
}

function countsOf(reply: unknown): ReadonlyArray<number> {
  return arrayOf(reply).map(numberOf);
}

function pairsOf(reply: unknown): ReadonlyArray<Count> {
  const words = arrayOf(reply);
  const counts: Count[] = [];
  for (let i = 0; i < words.length; i += 2) counts.push({ name: String(words[i]), count: numberOf(words[i + 1]) });
  return counts.sort((left, right) => left.name < right.name ? -1 : 1);
}

function standingOf(length: number): (reply: unknown) => Standing {
  return (reply) => {
    const [id, acknowledged, ...counts] = arrayOf(reply);
    const places = Array.from({ length }, (_, i) => 2 * i);
    const pending = textOf(id);
    return {
      running: places.map((place) => numberOf(counts[place])),
      pending: pending === undefined
        ? O.none
        : O.some({ id: pending, counts: places.map((place) => numberOf(counts[place + 1])) }),
      acknowledged: O.fromNullable(textOf(acknowledged)),
    };
  };
}
