// What is by far the most frequent, answered before the rest of a step is even defined. Only where no probation is on and
// nothing has run out; whatever is not exactly so is left to the rest.
const settled = `
local quick = pinned and not virtual
local old = quick and now >= changed + 2 * lease
local function keep(born)
  local expires, left = now + ends, math.ceil(ends)
  local value = pack('>c1Bc8dddddc0', 'h', 0, identity, born, now - age, now + fresh, expires, expires, payload)
  if left > 9e15 then return call('SET', key, value) end
  return call('SET', key, value, 'PX', string.format('%.0f', math.max(left, 1)))
end
`;

// The fill of a native claim; its whole value is told as the owner. A claim is at most a lease old, since all calls of its
// owner have one lease: where the server's change of identity is two leases ago, there is nothing to ask about its age,
// which costs as much as to read it. The entry is said to be born now, and not at its claim: until the level changes
// nobody asks, and no lock was lost before.
const fill = `
if raw == owner and old then
  keep(now)
  return 'A'
end
`;

// A lock on a slot that is absent, or holds an entry.
const lock = `
if quick and evictable == 0 then
  local born = not raw and now
  if raw and raw:sub(1, 1) == 'h' then
    local flags, whose, since, loaded, fresh, ends = unpack('>Bc8dddd', raw, 2)
    if flags == 0 and whose == identity and ends > now then born = since end
  end
  if born then
    call('SET', key, pack('>c1BdddI2', 'l', 0, born, now, now + lease, #owner) .. owner)
    return 'L' .. pack('>d', now)
  end
end
`;

// The unlock of the only writer that there has been.
const unlock = `
if quick and raw and raw:sub(1, 1) == 'l' then
  local flag, born, placed, deadline, size, from = unpack('>BdddI2', raw, 2)
  if flag == 0 and placed == generation and deadline > now and raw:sub(from) == owner then
    if ends ~= ends then
      call('DEL', key)
      return 'E'
    end
    if placed >= changed + lease then
      keep(born)
      return 'U'
    end
  end
end
`;

/** The shortest way of a step: what it needs once for all keys, and what it does for each. */
export interface LuaFast {
  readonly once: string;
  readonly each: string;
}

const none: LuaFast = { once: "", each: "" };

/** What a step begins with: its shortest way, if it has one. */
export const luaFast: Readonly<
  Record<"look" | "claim" | "refresh" | "fill" | "release" | "lock" | "unlock", LuaFast>
> = {
  look: none,
  claim: none,
  refresh: none,
  fill: { once: settled, each: fill },
  release: none,
  lock: { once: settled, each: lock },
  unlock: { once: settled, each: unlock },
};
