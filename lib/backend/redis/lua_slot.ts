// What every script is told, packed into one word (words.ts): of the call, the lease, the moment of the server's change
// of identity, the time where it is not the server's own (or no number), the server's identity, the level, and whether
// locks may be evicted (and then carry a ttl); then the operation of each key. Times are doubles in milliseconds, with
// microseconds in the fraction.
const context = `
local call, pack, unpack, huge = redis.call, struct.pack, struct.unpack, math.huge
local words = ARGV[1]
local lease, changed, now, identity, level, evictable, at = unpack('>dddc8BB', words)
local pinned, virtual = level == 0, now == now
if not virtual then
  local time = call('TIME')
  now = time[1] * 1000 + time[2] / 1000
end
local key, raw, owner, payload, generation, age, fresh, ends
`;

// One operation: what it asks, and the value of its slot.
const begin = `
  key = KEYS[i]
  generation, age, fresh, ends, owner, payload, at = unpack('>ddddI4c0I4c0', words, at)
  raw = call('GET', key)
`;

/** What every script begins with: what it is told for all keys; and what each of its steps begins with. */
export const luaBegin: { readonly once: string; readonly each: string } = { once: context, each: begin };

/**
 * What every script ends with: `step` for each of several keys, where one that cannot be stepped leaves the others alone.
 * What all of them answer is said once.
 */
export const luaEnd: string = `
local replies, same = {}, true
for i = 1, #KEYS do
  local done, reply = pcall(step, i)
  if not done and type(reply) ~= 'table' then reply = {err = tostring(reply)} end
  replies[i] = reply
  same = same and reply == replies[1]
end
return same and replies[1] or replies
`;

// A slot's value, read. A native claim ('c') has no times of its own: its key's ttl began as the lease, and its
// generation is a number of its client's.
const load = `
local nothing = {t = '-'}
local function load(raw)
  if not raw then return nothing end
  local t, at = raw:sub(1, 1), 0
  local s = {t = t, raw = raw}
  if t == 'c' then
    local left = call('PTTL', key)
    local number, owner = raw:match('^c(%d+):(.*)$')
    s.born, s.deadline, s.generation, s.owner = now - lease + left, now + left, tonumber(number), owner
    s.since = s.born
  elseif t == 'C' then
    s.t, s.owner = 'c', raw:sub(26)
    s.born, s.generation, s.deadline = unpack('>ddd', raw, 2)
    s.since = s.generation
  elseif t == 'v' then
    s.born, s.pass, s.expires = unpack('>ddd', raw, 2)
  elseif t == 'l' then
    local flag, generation, deadline, size
    flag, s.born, at = unpack('>Bd', raw, 2)
    s.contended, s.tokens = flag == 1, {}
    while at <= #raw do
      generation, deadline, size, at = unpack('>ddI2', raw, at)
      s.tokens[#s.tokens + 1] = {token = raw:sub(at, at + size - 1), generation = generation, deadline = deadline}
      at = at + size
    end
  elseif t == 'h' then
    local flags, generation, deadline, size
    flags, s.identity, s.born, s.loaded, s.fresh, s.ends, s.expires, at = unpack('>Bc8ddddd', raw, 2)
    if flags >= 2 then
      generation, deadline, size, at = unpack('>ddI2', raw, at)
      s.mark = {owner = raw:sub(at, at + size - 1), generation = generation, deadline = deadline}
      at = at + size
    end
    s.at = at
  else
    error('ERR the key holds no slot', 0)
  end
  return s
end
`;

// A slot, written. Its key lives as long as its history may be asked for. The probation bit says that the key outlives the entry, so that only a script may answer for it.
const save = `
local function encode(s)
  local after = pinned and 0 or 2 * lease
  if s.t == 'v' then return pack('>c1ddd', 'v', s.born, s.pass, s.expires), s.expires end
  if s.t == 'c' then
    return pack('>c1ddd', 'C', s.born, s.generation, s.deadline) .. s.owner, s.deadline + after
  end
  if s.t == 'l' then
    local parts, last = {pack('>c1Bd', 'l', s.contended and 1 or 0, s.born)}, 0
    for i, each in ipairs(s.tokens) do
      parts[i + 1] = pack('>ddI2', each.generation, each.deadline, #each.token) .. each.token
      last = math.max(last, each.deadline)
    end
    return table.concat(parts), evictable == 1 and last + after or huge
  end
  local flags, mark, ends = s.ends < s.expires and 1 or 0, '', s.expires
  if s.mark then
    flags, ends = flags + 2, math.max(ends, s.mark.deadline + after)
    mark = pack('>ddI2', s.mark.generation, s.mark.deadline, #s.mark.owner) .. s.mark.owner
  end
  local header = pack('>c1Bc8ddddd', 'h', flags, s.identity, s.born, s.loaded, s.fresh, s.ends, s.expires)
  return header .. mark .. (s.payload or s.raw:sub(s.at)), ends
end

local function save(s)
  if s.t == '-' then return call('DEL', key) end
  local value, ends = encode(s)
  local left = math.ceil(ends - now)
  if virtual or left > 9e15 then return call('SET', key, value) end
  return call('SET', key, value, 'PX', string.format('%.0f', math.max(left, 1)))
end
`;

// The slot with another mark or none, told as a new table: what is the same table as before is not written.
const marked = `
local function marked(s, mark)
  local copy = {}
  for name, value in pairs(s) do copy[name] = value end
  copy.mark = mark
  return copy
end
`;

// What a slot has become by the time, and by the server's change of identity, alone.
const elapse = `
local function lapse(born, since)
  local expires = since + 2 * lease
  if pinned or expires <= now then return nothing end
  return {t = 'v', born = born, pass = -huge, expires = expires}
end

local function vacate(born) return lapse(born, now) end

local function elapse_tokens(s)
  local alive, last = {}, -huge
  for _, each in ipairs(s.tokens) do
    if each.deadline > now then alive[#alive + 1] = each end
    last = math.max(last, each.deadline)
  end
  if #alive == #s.tokens then return s end
  if #alive == 0 then return lapse(s.born, last) end
  return {t = 'l', born = s.born, tokens = alive, contended = s.contended}
end

local function elapse_entry(s)
  if s.identity ~= identity then return nothing end
  local mark = s.mark
  if s.ends > now then return (mark and mark.deadline <= now) and marked(s, nil) or s end
  if mark and mark.deadline > s.ends then
    if mark.deadline <= now then return lapse(s.born, mark.deadline) end
    local generation = mark.generation
    return {t = 'c', born = s.born, owner = mark.owner, generation = generation, since = generation, deadline = mark.deadline}
  end
  if s.expires <= now or pinned then return nothing end
  return {t = 'v', born = s.born, pass = -huge, expires = s.expires}
end

local function elapse(s)
  if s.t == 'l' then return elapse_tokens(s) end
  if s.t == 'h' then return elapse_entry(s) end
  if s.t == 'c' then return s.deadline <= now and lapse(s.born, s.deadline) or s end
  if s.t == 'v' and (s.expires <= now or (pinned and s.pass <= now)) then return nothing end
  return s
end
`;

/** The slot in Lua: read from its value, settled by the time, and written back. */
export const luaSlot: string = load + save + marked + elapse;
