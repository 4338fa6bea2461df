// What is by far the most frequent, answered before the rest of a script is even defined: defining it costs as much again
// as doing it. Only where no probation is on and nothing has run out; whatever is not exactly so is left to the rest.
// The slot's value is read here (`raw`), and is what the rest begins with.
const settled = `
local raw = redis.call('GET', key)
local pinned = level == 'pinned' and not virtual
local function keep(born, age, fresh, ends, payload)
  local expires, left = now + ends, math.ceil(ends)
  local value = pack('>c1Bc8ddddd', 'h', 0, identity, born, now - age, now + fresh, expires, expires) .. payload
  if left > 9e15 then return redis.call('SET', key, value) end
  return redis.call('SET', key, value, 'PX', string.format('%.0f', math.max(left, 1)))
end
`;

// The fill of a native claim.
const fill = `
if pinned and raw == 'c' .. ARGV[8] .. ':' .. ARGV[7] then
  local left = redis.call('PTTL', key)
  local since, ends = now - lease + left, tonumber(ARGV[11])
  if left > 0 and since >= changed + lease then
    keep(since, tonumber(ARGV[9]), tonumber(ARGV[10]), ends, ARGV[12])
    return 'F' .. pack('>d', ends)
  end
end
`;

// A lock on a slot that is absent, or holds an entry.
const lock = `
if pinned and ARGV[5] == 'n' then
  local born = not raw and now
  if raw and raw:sub(1, 1) == 'h' then
    local flags, whose, since, loaded, fresh, ends = unpack('>Bc8dddd', raw, 2)
    if flags == 0 and whose == identity and ends > now then born = since end
  end
  if born then
    local token = ARGV[7]
    redis.call('SET', key, pack('>c1BdddI2', 'l', 0, born, now, now + lease, #token) .. token)
    return 'L' .. pack('>d', now)
  end
end
`;

// The unlock of the only writer that there has been.
const unlock = `
if pinned and raw and raw:sub(1, 1) == 'l' then
  local flag, born, generation, deadline, size, at = unpack('>BdddI2', raw, 2)
  if flag == 0 and generation == tonumber(ARGV[8]) and deadline > now and raw:sub(at) == ARGV[7] then
    if not ARGV[12] then
      redis.call('DEL', key)
      return 'E'
    end
    if generation >= changed + lease then
      keep(born, tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12])
      return 'U'
    end
  end
end
`;

const read = "local raw = redis.call('GET', key)\n";

/** What a script begins with: its shortest way, if it has one, and the slot's value for the rest. */
export const luaFast: Readonly<Record<"look" | "claim" | "refresh" | "fill" | "release" | "lock" | "unlock", string>> =
  {
    look: read,
    claim: read,
    refresh: read,
    fill: settled + fill,
    release: read,
    lock: settled + lock,
    unlock: settled + unlock,
  };
