import type { At, Claimed, Held, Mark, Operation, Reply, Slot, Stored, Token } from "./slot.ts";
import { elapse, vacate } from "./elapse.ts";
import { mostTokens } from "./slot.ts";

/**
 * One atomic step of a slot: the executable specification of every backend.
 *
 * The memory and SQLite backends run this function; scripts and versionstamp loops are tested against it.
 *
 * @example A fill after a lock changes nothing
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { absent, apply, type At } from "@lamina/cache/protocol";
 *
 * const at: At = { now: 1_000, lease: 10_000, level: "pinned", identity: "a", changed: -Infinity };
 * const [claimed, mine] = apply<string>(absent, { _tag: "claim", owner: "reader" }, at);
 * const [locked] = apply(claimed, { _tag: "lock", token: "writer" }, at);
 * const stored = { payload: "old", age: 0, fresh: 60_000, until: 60_000 };
 * const [after, reply] = apply(locked, { _tag: "fill", owner: "reader", generation: 1_000, stored }, at);
 * assertEquals([mine._tag, reply._tag, after._tag], ["Mine", "Refused", "Locked"]);
 * ```
 */
export function apply<P>(slot: Slot<P>, operation: Operation<P>, at: At): readonly [Slot<P>, Reply<P>] {
  const before = elapse(slot, at);
  switch (operation._tag) {
    case "look":
      return [before, look(before, at)];
    case "claim":
      return claim(before, operation.owner, at);
    case "refresh":
      return refresh(before, operation.owner, operation.which, at);
    case "fill":
      return fill(before, operation.owner, operation.generation, operation.stored, at);
    case "release":
      return release(before, operation.owner, operation.generation, operation.pass, at);
    case "lock":
      return lock(before, operation.token, at);
    case "unlock":
      return unlock(before, operation.token, operation.generation, operation.written, at);
  }
}

function bornOf<P>(slot: Slot<P>, at: At): number {
  return slot._tag === "Absent" ? at.now : slot.born;
}

function found<P>(slot: Held<P>, at: At): Stored<P> {
  return {
    payload: slot.payload,
    age: at.now - slot.loaded,
    fresh: Math.max(0, slot.fresh - at.now),
    until: slot.until - at.now,
  };
}

function look<P>(slot: Slot<P>, at: At): Reply<P> {
  switch (slot._tag) {
    case "Absent":
      return { _tag: "Vacant" };
    case "Void":
      return { _tag: slot.pass > at.now ? "Pass" : "Vacant" };
    case "Claimed":
      return { _tag: "Busy" };
    case "Locked":
      return { _tag: "Guarded" };
    case "Held":
      return { _tag: "Hit", found: found(slot, at) };
  }
}

function claim<P>(slot: Slot<P>, owner: string, at: At): readonly [Slot<P>, Reply<P>] {
  const seen = look(slot, at);
  if (seen._tag === "Vacant") {
    const claimed: Claimed = {
      _tag: "Claimed",
      born: bornOf(slot, at),
      owner,
      generation: at.now,
      deadline: at.now + at.lease,
    };
    return [claimed, { _tag: "Mine", generation: at.now, found: undefined }];
  }
  if (slot._tag === "Claimed" && slot.owner === owner) {
    return [slot, { _tag: "Mine", generation: slot.generation, found: undefined }];
  }
  return [slot, seen];
}

function refresh<P>(slot: Slot<P>, owner: string, which: "expired" | "any", at: At): readonly [Slot<P>, Reply<P>] {
  if (slot._tag !== "Held") return claim(slot, owner, at);
  const held = found(slot, at);
  if (slot.mark !== undefined) {
    return slot.mark.owner === owner
      ? [slot, { _tag: "Mine", generation: slot.mark.generation, found: held }]
      : [slot, { _tag: "Hit", found: held }];
  }
  if (which === "expired" && slot.fresh > at.now) return [slot, { _tag: "Hit", found: held }];
  const mark: Mark = { owner, generation: at.now, deadline: at.now + at.lease };
  return [{ ...slot, mark }, { _tag: "Mine", generation: at.now, found: held }];
}

function owns(mark: Mark | undefined, owner: string, generation: number): boolean {
  return mark !== undefined && mark.owner === owner && mark.generation === generation;
}

/**
 * The slot with a value, or without where the level stores nothing now.
 *
 * `since` is when the storing operation's claim, mark or lock was taken: what is stored on behalf of one taken within a
 * lease of the slot's birth must not outlive that lease, since a writer may still be under way whose lock went with the
 * slot's previous life.
 *
 * What was granted before the server's change of identity stores nothing: it came with the older copy that took over,
 * and what happened since that copy was made is not in it.
 */
function hold<P>(stored: Stored<P>, since: number, born: number, at: At): Held<P> | undefined {
  if (since < at.changed) return undefined;
  const start = Math.max(at.level === "pinned" ? -Infinity : born, at.changed);
  const probation = since < start + at.lease;
  if (probation && at.level === "strict") return undefined;
  const expires = at.now + stored.until;
  const until = probation ? Math.min(expires, start + at.lease) : expires;
  return {
    _tag: "Held",
    born,
    payload: stored.payload,
    loaded: at.now - stored.age,
    fresh: at.now + stored.fresh,
    until,
    expires,
    identity: at.identity,
    mark: undefined,
  };
}

function filled<P>(slot: Held<P>, at: At): Reply<P> {
  return { _tag: "Filled", until: slot.until - at.now };
}

function fill<P>(
  slot: Slot<P>,
  owner: string,
  generation: number,
  stored: Stored<P>,
  at: At,
): readonly [Slot<P>, Reply<P>] {
  if (slot._tag === "Claimed" && owns(slot, owner, generation)) {
    const held = hold(stored, generation, slot.born, at);
    return held === undefined ? [vacate(slot.born, at), { _tag: "Refused" }] : [held, filled(held, at)];
  }
  if (slot._tag === "Held" && owns(slot.mark, owner, generation)) {
    const held = hold(stored, generation, slot.born, at);
    return held === undefined ? [{ ...slot, mark: undefined }, { _tag: "Refused" }] : [held, filled(held, at)];
  }
  return [slot, { _tag: "Refused" }];
}

function release<P>(
  slot: Slot<P>,
  owner: string,
  generation: number,
  pass: number,
  at: At,
): readonly [Slot<P>, Reply<P>] {
  const claimed = slot._tag === "Claimed" && owns(slot, owner, generation);
  const marked = slot._tag === "Held" && owns(slot.mark, owner, generation);
  if (!claimed && !marked) return [slot, { _tag: "Refused" }];
  if (pass > 0) {
    const until = at.now + pass;
    return [
      { _tag: "Void", born: slot.born, pass: until, expires: Math.max(until, at.now + 2 * at.lease) },
      { _tag: "Released" },
    ];
  }
  return [marked ? { ...slot, mark: undefined } : vacate(slot.born, at), { _tag: "Released" }];
}

function lock<P>(slot: Slot<P>, token: string, at: At): readonly [Slot<P>, Reply<P>] {
  const placed: Token = { token, generation: at.now, deadline: at.now + at.lease };
  const locked: Reply<P> = { _tag: "Locked", generation: at.now };
  if (slot._tag !== "Locked") {
    return [{ _tag: "Locked", born: bornOf(slot, at), tokens: [placed], contended: false }, locked];
  }
  const same = slot.tokens.find((each) => each.token === token);
  if (same !== undefined) return [slot, { _tag: "Locked", generation: same.generation }];
  if (slot.tokens.length >= mostTokens) return [slot, { _tag: "Crowded" }];
  return [{ ...slot, tokens: [...slot.tokens, placed], contended: true }, locked];
}

function unlock<P>(
  slot: Slot<P>,
  token: string,
  generation: number,
  written: Stored<P> | undefined,
  at: At,
): readonly [Slot<P>, Reply<P>] {
  switch (slot._tag) {
    case "Absent":
    case "Void":
      return [slot, { _tag: "Lost" }];
    case "Claimed":
    case "Held":
      return [vacate(slot.born, at), { _tag: "Lost" }];
    case "Locked": {
      const others = slot.tokens.filter((each) => each.token !== token || each.generation !== generation);
      if (others.length === slot.tokens.length) return [{ ...slot, contended: true }, { _tag: "Foreign" }];
      if (others.length > 0) return [{ ...slot, tokens: others }, { _tag: "Shared" }];
      const held = slot.contended || written === undefined ? undefined : hold(written, generation, slot.born, at);
      return held === undefined ? [vacate(slot.born, at), { _tag: "Cleared" }] : [held, { _tag: "Published" }];
    }
  }
}
