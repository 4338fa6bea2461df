import { createHash } from "node:crypto";
import { mostTokens } from "../../protocol/slot.ts";
import { luaFast } from "./lua_fast.ts";
import { luaContext, luaSlot } from "./lua_slot.ts";

/** The steps that are scripts; each is the step of that name of the slot function. */
export type ScriptName = "look" | "claim" | "refresh" | "fill" | "release" | "lock" | "unlock";

/** A script, and the digest by which the server knows it once it was loaded. */
export interface Script {
  readonly text: string;
  readonly digest: string;
}

// A reply is one string: a letter, then packed times, then the slot's value where it is asked for (value.ts reads it).
const steps = `
local function look(s)
  if s.t == 'h' then return 'H' .. pack('>d', now) .. s.raw end
  if s.t == 'v' and s.pass > now then return 'P' end
  return s.t == 'l' and 'G' or s.t == 'c' and 'B' or 'V'
end

local function claim(s, owner)
  local seen = look(s)
  if seen == 'V' then
    local claimed = {t = 'c', born = s.born or now, owner = owner, generation = now, deadline = now + lease}
    return claimed, 'M' .. pack('>d', now)
  end
  if s.t == 'c' and s.owner == owner then return s, 'M' .. pack('>d', s.generation) end
  return s, seen
end

local function owns(mark, owner, generation)
  return mark ~= nil and mark.owner == owner and mark.generation == generation
end

local function hold(since, born, age, fresh, ends, payload)
  if since < changed then return nil end
  local start = math.max(level == 'pinned' and -huge or born, changed)
  local probation = since < start + lease
  if probation and level == 'strict' then return nil end
  local expires = now + ends
  return {
    t = 'h', identity = identity, born = born, loaded = now - age, fresh = now + fresh, payload = payload,
    ends = probation and math.min(expires, start + lease) or expires, expires = expires
  }
end

local function filled(held)
  return 'F' .. pack('>d', held.ends - now)
end

local before = load(raw)
local slot = elapse(before)
local function finish(after, reply)
  if after ~= before then save(after) end
  return reply
end
`;

const bodies: Readonly<Record<ScriptName, string>> = {
  look: `
return finish(slot, look(slot))
`,
  claim: `
return finish(claim(slot, ARGV[7]))
`,
  refresh: `
local owner, which = ARGV[7], ARGV[8]
if slot.t ~= 'h' then return finish(claim(slot, owner)) end
local mark = slot.mark
if mark then
  if mark.owner ~= owner then return finish(slot, look(slot)) end
  return finish(slot, 'M' .. pack('>dd', mark.generation, now) .. slot.raw)
end
if which == 'expired' and slot.fresh > now then return finish(slot, look(slot)) end
mark = {owner = owner, generation = now, deadline = now + lease}
return finish(marked(slot, mark), 'M' .. pack('>dd', now, now) .. slot.raw)
`,
  fill: `
local owner, generation = ARGV[7], tonumber(ARGV[8])
local age, fresh, ends, payload = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12]
if slot.t == 'c' and owns(slot, owner, generation) then
  local held = hold(slot.since, slot.born, age, fresh, ends, payload)
  if held then return finish(held, filled(held)) end
  return finish(vacate(slot.born), 'R')
end
if slot.t == 'h' and owns(slot.mark, owner, generation) then
  local held = hold(generation, slot.born, age, fresh, ends, payload)
  if held then return finish(held, filled(held)) end
  return finish(marked(slot, nil), 'R')
end
return finish(slot, 'R')
`,
  release: `
local owner, generation, pass = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])
local claimed = slot.t == 'c' and owns(slot, owner, generation)
local held = slot.t == 'h' and owns(slot.mark, owner, generation)
if not claimed and not held then return finish(slot, 'R') end
if pass > 0 then
  local ends = now + pass
  return finish({t = 'v', born = slot.born, pass = ends, expires = math.max(ends, now + 2 * lease)}, 'D')
end
return finish(held and marked(slot, nil) or vacate(slot.born), 'D')
`,
  lock: `
local token = ARGV[7]
local placed, locked = {token = token, generation = now, deadline = now + lease}, 'L' .. pack('>d', now)
if slot.t ~= 'l' then
  return finish({t = 'l', born = slot.born or now, tokens = {placed}, contended = false}, locked)
end
for _, each in ipairs(slot.tokens) do
  if each.token == token then return finish(slot, 'L' .. pack('>d', each.generation)) end
end
if #slot.tokens >= ${mostTokens} then return finish(slot, 'W') end
local tokens = {}
for i, each in ipairs(slot.tokens) do tokens[i] = each end
tokens[#tokens + 1] = placed
return finish({t = 'l', born = slot.born, tokens = tokens, contended = true}, locked)
`,
  unlock: `
local token, generation = ARGV[7], tonumber(ARGV[8])
local age, fresh, ends, payload = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11]), ARGV[12]
if slot.t == '-' or slot.t == 'v' then return finish(slot, 'O') end
if slot.t ~= 'l' then return finish(vacate(slot.born), 'O') end
local others = {}
for _, each in ipairs(slot.tokens) do
  if each.token ~= token or each.generation ~= generation then others[#others + 1] = each end
end
if #others == #slot.tokens then
  if slot.contended then return finish(slot, 'N') end
  return finish({t = 'l', born = slot.born, tokens = others, contended = true}, 'N')
end
if #others > 0 then
  return finish({t = 'l', born = slot.born, tokens = others, contended = slot.contended}, 'S')
end
local held = nil
if payload and not slot.contended then held = hold(generation, slot.born, age, fresh, ends, payload) end
if held then return finish(held, 'U') end
return finish(vacate(slot.born), 'E')
`,
};

/** The scripts by name. Each is the slot in Lua, the steps, and its own few lines. */
export const scripts: Readonly<Record<ScriptName, Script>> = makeScripts();

function makeScripts(): Record<ScriptName, Script> {
  const made = (name: ScriptName): Script => {
    const text = luaContext + luaFast[name] + luaSlot + steps + bodies[name];
    return { text, digest: createHash("sha1").update(text).digest("hex") };
  };
  return {
    look: made("look"),
    claim: made("claim"),
    refresh: made("refresh"),
    fill: made("fill"),
    release: made("release"),
    lock: made("lock"),
    unlock: made("unlock"),
  };
}
