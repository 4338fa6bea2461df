/** Caches that are known to break, as layers and as slot functions: a simulation that finds none of them finds nothing. */
import { pipe } from "fp-ts/lib/function.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Duration, Entry, Layer, Store } from "../../mod.ts";
import { fromVerbs } from "../../mod.ts";
import { apply } from "../../lib/protocol/slot.ts";
import type { At, Held, Stored, Token } from "../../lib/protocol/slot.ts";
import type { SimulatedProcess, SlotOfBytes } from "../../lib/testing/mod.ts";
import { memoryIn, sharedIn } from "./stacks.ts";

const forever = Infinity as Duration;

function entryOf(value: Option<string>, asOf: number): Entry<string> {
  const verdict = { _tag: "HitMemory", tier: "map", level: "pinned" } as const;
  return { value, age: 0 as Duration, fresh: forever, until: forever, verdict, asOf };
}

/** The cache that everybody writes first: a miss stores what it loads, and a write deletes afterwards. */
const cacheAside: Layer<string, string> = (below) => {
  const known = new Map<string, Entry<string>>();
  return fromVerbs<string, string>({
    ...below,
    tiers: below.tiers + 1,
    entries: (keys, options) => async () => {
      const missing = options?.force === true ? keys : keys.filter((key) => !known.has(key));
      const loaded = await below.entries(missing, options)();
      missing.forEach((key, i) => {
        const entry = loaded[i]!;
        if (E.isRight(entry)) known.set(key, entryOf(entry.right.value, entry.right.asOf));
      });
      const failed = new Map(missing.map((key, i) => [key, loaded[i]!]));
      return keys.map((key) => {
        const found = known.get(key);
        return found === undefined ? failed.get(key)! : E.right(found);
      });
    },
    mutate: (keys, write, options) => async () => {
      const done = await below.mutate(keys, write, options)();
      for (const key of keys) known.delete(key);
      return done;
    },
    peek: (key) => O.map(({ value }: Entry<string>) => value)(O.fromNullable(known.get(key))),
  });
};

/** A single flight as every library has it: whoever comes joins the load that is under way. */
const joinsBlindly: Layer<string, string> = (below) => {
  const flying = new Map<string, Promise<E.Either<never, Entry<string>>>>();
  return fromVerbs<string, string>({
    ...below,
    entries: (keys, options) => () =>
      Promise.all(keys.map((key) => {
        const flight = flying.get(key) ?? below.entries([key], options)().then(([entry]) => {
          flying.delete(key);
          return entry as E.Either<never, Entry<string>>;
        });
        flying.set(key, flight);
        return flight;
      })),
  });
};

/** A source behind which nobody believes that an outcome can be unknown. */
const takesUnknownForAborted: Layer<string, string> = (below) =>
  fromVerbs<string, string>({
    ...below,
    mutate: (keys, write, options) => async () => {
      const done = await below.mutate(keys, write, options)();
      return E.isLeft(done) && done.left.outcome === "unknown" ? E.left({ ...done.left, outcome: "aborted" }) : done;
    },
    save: O.none,
  });

/** A read that sets a timer, and forgets it. */
function forgetsTimers({ clock }: SimulatedProcess): Layer<string, string> {
  return (below) =>
    fromVerbs<string, string>({
      ...below,
      entries: (keys, options) => () => {
        clock.after(60_000, () => {});
        return below.entries(keys, options)();
      },
    });
}

/** A read of two keys that waits for ever. */
const neverEnds: Layer<string, string> = (below) =>
  fromVerbs<string, string>({
    ...below,
    entries: (keys, options) => keys.length === 2 ? () => new Promise(() => {}) : below.entries(keys, options),
  });

/** Broken layers. */
export const layers: Readonly<Record<string, (here: SimulatedProcess) => Store<string, string>>> = {
  "cache-aside": (here) => cacheAside(here.source),
  "a flight that anybody may join": (here) => pipe(here.source, sharedIn(here), joinsBlindly),
  "an unknown outcome taken for an aborted one": (here) => pipe(here.source, takesUnknownForAborted, sharedIn(here)),
  "a memory that is staler than it says": (here) => pipe(here.source, sharedIn(here), memoryIn(here)),
  "a forgotten timer": (here) => pipe(here.source, sharedIn(here), forgetsTimers(here)),
  "a read that never ends": (here) => pipe(here.source, sharedIn(here), neverEnds),
};

function held(stored: Stored<Uint8Array>, at: At): Held<Uint8Array> {
  const until = at.now + stored.until;
  const times = { born: at.now, loaded: at.now - stored.age, fresh: at.now + stored.fresh, until, expires: until };
  return { _tag: "Held", payload: stored.payload, ...times, identity: at.identity, mark: undefined };
}

/** Broken servers. */
export const slots: Readonly<Record<string, SlotOfBytes>> = {
  "a fill without compare": (slot, operation, at) =>
    operation._tag === "fill"
      ? [held(operation.stored, at), { _tag: "Filled", until: operation.stored.until }]
      : apply(slot, operation, at),
  "an unconditional unlock": (slot, operation, at) => {
    if (operation._tag === "unlock") return [{ _tag: "Absent" }, { _tag: "Cleared" }];
    if (operation._tag !== "lock") return apply(slot, operation, at);
    const token: Token = { token: operation.token, generation: at.now, deadline: at.now + at.lease };
    const locked = { _tag: "Locked", born: at.now, tokens: [token], contended: true } as const;
    return [locked, { _tag: "Locked", generation: at.now }];
  },
  "a lock that is never contended": (slot, operation, at) => {
    const [after, reply] = apply(slot, operation, at);
    return [after._tag === "Locked" ? { ...after, contended: false } : after, reply];
  },
  "a lost unlock that leaves the slot": (slot, operation, at) => {
    const [after, reply] = apply(slot, operation, at);
    return [reply._tag === "Lost" ? slot : after, reply];
  },
  "an identity that nobody asks for": (slot, operation, at) =>
    apply(slot, operation, { ...at, identity: "", changed: -Infinity }),
  "a claim that never ends": (slot, operation, at) => {
    const [after, reply] = apply(slot, operation, at);
    return [after._tag === "Claimed" ? { ...after, deadline: Infinity } : after, reply];
  },
};
