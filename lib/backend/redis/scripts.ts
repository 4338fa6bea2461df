import { createHash } from "node:crypto";
import { mostTokens } from "../../protocol/slot.ts";
import { luaFast } from "./lua_fast.ts";
import { luaBegin, luaEnd, luaSlot } from "./lua_slot.ts";

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

local function hold(since, born)
  if since < changed then return nil end
  local start = math.max(pinned and -huge or born, changed)
  local probation = since < start + lease
  if probation and level == 2 then return nil end
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
return finish(claim(slot, owner))
`,
  refresh: `
if slot.t ~= 'h' then return finish(claim(slot, owner)) end
local mark = slot.mark
if mark then
  if mark.owner ~= owner then return finish(slot, look(slot)) end
  return finish(slot, 'M' .. pack('>dd', mark.generation, now) .. slot.raw)
end
if fresh == 1 and slot.fresh > now then return finish(slot, look(slot)) end
mark = {owner = owner, generation = now, deadline = now + lease}
return finish(marked(slot, mark), 'M' .. pack('>dd', now, now) .. slot.raw)
`,
  fill: `
owner = owner:match('^c[^:]*:(.*)$')
if slot.t == 'c' and owns(slot, owner, generation) then
  local held = hold(slot.since, slot.born)
  if held then return finish(held, filled(held)) end
  return finish(vacate(slot.born), 'R')
end
if slot.t == 'h' and owns(slot.mark, owner, generation) then
  local held = hold(generation, slot.born)
  if held then return finish(held, filled(held)) end
  return finish(marked(slot, nil), 'R')
end
return finish(slot, 'R')
`,
  release: `
local claimed = slot.t == 'c' and owns(slot, owner, generation)
local held = slot.t == 'h' and owns(slot.mark, owner, generation)
if not claimed and not held then return finish(slot, 'R') end
if ends > 0 then
  local pass = now + ends
  return finish({t = 'v', born = slot.born, pass = pass, expires = math.max(pass, now + 2 * lease)}, 'D')
end
return finish(held and marked(slot, nil) or vacate(slot.born), 'D')
`,
  lock: `
local placed, locked = {token = owner, generation = now, deadline = now + lease}, 'L' .. pack('>d', now)
if slot.t ~= 'l' then
  return finish({t = 'l', born = slot.born or now, tokens = {placed}, contended = false}, locked)
end
for _, each in ipairs(slot.tokens) do
  if each.token == owner then return finish(slot, 'L' .. pack('>d', each.generation)) end
end
if #slot.tokens >= ${mostTokens} then return finish(slot, 'W') end
local tokens = {}
for i, each in ipairs(slot.tokens) do tokens[i] = each end
tokens[#tokens + 1] = placed
return finish({t = 'l', born = slot.born, tokens = tokens, contended = true}, locked)
`,
  unlock: `
if slot.t == '-' or slot.t == 'v' then return finish(slot, 'O') end
if slot.t ~= 'l' then return finish(vacate(slot.born), 'O') end
local others = {}
for _, each in ipairs(slot.tokens) do
  if each.token ~= owner or each.generation ~= generation then others[#others + 1] = each end
end
if #others == #slot.tokens then
  if slot.contended then return finish(slot, 'N') end
  return finish({t = 'l', born = slot.born, tokens = others, contended = true}, 'N')
end
if #others > 0 then
  return finish({t = 'l', born = slot.born, tokens = others, contended = slot.contended}, 'S')
end
local held = nil
if ends == ends and not slot.contended then held = hold(generation, slot.born) end
if held then return finish(held, 'U') end
return finish(vacate(slot.born), 'E')
`,
};

/**
 * The scripts by name. Each is a step of its own few lines, for one key or several. What the shortest way does not answer
 * is left to functions that are defined when they are called: defining them costs as much again as doing it. So the
 * shortest way stands there twice: for one key alone before anything is defined, and in the step of each of several.
 */
export const scripts: Readonly<Record<ScriptName, Script>> = makeScripts();

/** Claims for several keys, each as one alone is made: the lease in milliseconds, then the claim of each. */
export const claims: Script = made(`
local replies = {}
for i = 1, #KEYS do replies[i] = redis.pcall('SET', KEYS[i], ARGV[i + 1], 'NX', 'GET', 'PX', ARGV[1]) end
return replies
`);

function makeScripts(): Record<ScriptName, Script> {
  return {
    look: makeScript("look"),
    claim: makeScript("claim"),
    refresh: makeScript("refresh"),
    fill: makeScript("fill"),
    release: makeScript("release"),
    lock: makeScript("lock"),
    unlock: makeScript("unlock"),
  };
}

function makeScript(name: ScriptName): Script {
  const { once, each } = luaFast[name];
  const short = luaBegin.each + each;
  const alone = `if #KEYS == 1 then\nlocal i = 1\n${short}end\n`;
  const rest = `local function rest()\n${luaSlot}${steps}${bodies[name]}end\n`;
  const step = `if #KEYS == 1 then return rest() end\nlocal function step(i)\n${short}return rest()\nend\n`;
  return made(luaBegin.once + once + alone + rest + step + luaEnd);
}

function made(text: string): Script {
  return { text, digest: createHash("sha1").update(text).digest("hex") };
}
