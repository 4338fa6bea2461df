import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assert } from "@std/assert";
import type { Backend, Deadline, Duration, MutateOptions, Store, Write } from "../../../mod.ts";
import { duration, fromVerbs, source } from "../../../mod.ts";
import type { Request } from "../../../lib/backend/port.ts";
import { makeTier } from "../../../lib/layer/tier/make.ts";
import type { PolicyOptions } from "../../../lib/layer/tier/policy.ts";
import { policyOf } from "../../../lib/layer/tier/policy.ts";
import type { Tier, TierParts } from "../../../lib/layer/tier/tier.ts";
import type { Reply, Stored } from "../../../lib/protocol/slot.ts";
import { tick } from "../../../lib/sequence.ts";
import type { VirtualClock } from "../../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";

/** What is cached. */
export type Value = O.Option<string>;
/** How a key is read or written: alone, on a backend that answers at once or later, or among many. */
export type Tried = "one, answered at once" | "one, answered later" | "many";

/** What is drawn for everything that can turn out in several ways, in the order in which it does. */
export interface Script {
  readonly choices: ReadonlyArray<number>;
  readonly policy: PolicyOptions;
  readonly probe: "look" | "claim";
  readonly options: { readonly force?: boolean; readonly deadline?: Duration };
}

const lease = duration("1s");

/** A tier whose surroundings are scripted, and what it asked, said and was answered. */
export interface World {
  readonly tier: Tier<number, string, Value, number>;
  readonly clock: VirtualClock;
  readonly seen: Array<unknown>;
  /** When each of that happened, in the process's order of events. */
  readonly moments: Array<number>;
}

/** A world in which all that a tier asks is answered by a script, and written down. */
export function worldOf({ choices, policy, probe }: Script, tried: Tried): World {
  const clock = virtualClock();
  let drawn = 0;
  const draw = <A>(of: ReadonlyArray<A>): A => of[choices[drawn++ % choices.length]! % of.length]!;
  const seen: Array<unknown> = [];
  const moments: Array<number> = [];
  const note = (what: unknown): void => {
    moments.push(tick());
    seen.push(what);
  };
  const backend = backendOf(clock, note, draw, tried);
  const below = belowOf(clock, note, draw);
  const parts: TierParts<number, string, Value, number> = {
    name: "either",
    hit: "HitMemory",
    backend,
    clock,
    place: (key) => ({ all: [key], reads: 1 }),
    identify: (key) => key,
    pack: (value) =>
      O.isSome(value) && value.value === "unfit"
        ? E.left({ _tag: "Unfit", kind: "unstorable", reason: "unfit" })
        : E.right(value),
    unpack: (payload) => O.isSome(payload) && payload.value === "unreadable" ? E.left("unreadable") : E.right(payload),
    answers: "packed",
    sealing: undefined,
    forget: undefined,
    asks: undefined,
    keeps: undefined,
    lifetime: () => ({ fresh: 60_000, grace: 60_000 }),
    policy: policyOf(policy, lease, () => 0.5),
    lease,
    timeout: duration("200ms"),
    level: "pinned",
    probe,
    onUnconfirmed: "fail",
    observer: { transition: (step) => seen.push(step), event: (event) => seen.push(event) },
  };
  return { tier: makeTier(parts, below), clock, seen, moments };
}

const entry = (value: string, fresh: number): Stored<Value> => ({
  payload: value === "none" ? O.none : O.some(value),
  age: 5,
  fresh,
  until: 10_000,
});

const hits: ReadonlyArray<Reply<Value>> = [
  { _tag: "Hit", found: entry("kept", 5_000) },
  { _tag: "Hit", found: entry("kept", 0) },
  { _tag: "Hit", found: entry("none", 100) },
  { _tag: "Hit", found: entry("unreadable", 100) },
];
const blocked: ReadonlyArray<Reply<Value>> = [{ _tag: "Busy" }, { _tag: "Guarded" }, { _tag: "Pass" }];
const mine: ReadonlyArray<Reply<Value>> = [{ _tag: "Mine", generation: 7, found: undefined }];
const unknown: ReadonlyArray<Reply<Value>> = [{ _tag: "Unreachable", reason: "gone" }];
const replies: Record<Request<Value>["operation"]["_tag"], ReadonlyArray<Reply<Value>>> = {
  look: [...hits, ...blocked, { _tag: "Vacant" }, { _tag: "Vacant" }, ...unknown],
  claim: [...hits, ...blocked, ...mine, ...mine, ...mine, ...unknown],
  refresh: [...hits, ...blocked, ...mine, { _tag: "Mine", generation: 8, found: entry("kept", 0) }, ...unknown],
  fill: [{ _tag: "Filled", until: 9_000 }, { _tag: "Filled", until: 9_000 }, { _tag: "Refused" }, ...unknown],
  release: [{ _tag: "Released" }, { _tag: "Refused" }, ...unknown],
  lock: [{ _tag: "Locked", generation: 3 }, { _tag: "Locked", generation: 3 }, { _tag: "Crowded" }, ...unknown],
  unlock: (["Published", "Cleared", "Shared", "Foreign", "Lost"] as const).map((_tag) => ({ _tag })),
};

/** What a backend does that breaks its contract; how often, of all it does. */
const faults = 24;

function backendOf(
  clock: VirtualClock,
  note: (what: unknown) => void,
  draw: <A>(of: ReadonlyArray<A>) => A,
  tried: Tried,
): Backend<Value, number> {
  const answer = ({ slot, operation }: Request<Value, number>): Reply<Value> => {
    // Whoever asks calls himself something else each time.
    const { owner: _owner, token: _token, ...said } = { owner: "", token: "", ...operation };
    note([slot, said]);
    const fault = draw(Array.from({ length: faults }, (_, i) => i));
    if (fault === 0) throw new Error("broken");
    if (fault === 1) return {} as Reply<Value>;
    return draw([...replies[operation._tag], ...(operation._tag === "unlock" ? unknown : [])]);
  };
  const backend: Backend<Value, number> = {
    name: "scripted",
    level: () => "pinned",
    // Lazy, and it rejects where the other throws.
    run: (requests) => async () => await Promise.resolve(requests.map(answer)),
    changed: (_, within) => () => new Promise((resolve) => void clock.after(Math.min(within, 10), resolve)),
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  if (tried !== "one, answered at once") return backend;
  return { ...backend, run: Object.assign(backend.run.bind(undefined), { one: answer }) };
}

/** A source whose loads bring or fail as the script says, some after a while. */
function belowOf(
  clock: VirtualClock,
  note: (what: unknown) => void,
  draw: <A>(of: ReadonlyArray<A>) => A,
): Store<number, string> {
  const after = (milliseconds: number): Promise<void> =>
    milliseconds === 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(milliseconds, resolve));
  const origin = source<number, string>({
    clock,
    commit: "500ms",
    load: async (keys) => {
      note(["load", keys]);
      const [takes, brings] = [draw([0, 0, 40, 400]), draw(["new", "new", undefined, "unfit", new Error("lost")])];
      await after(takes);
      return keys.map(() => brings);
    },
  });
  return fromVerbs({
    ...origin,
    mutate: <A, Err = never>(
      keys: ReadonlyArray<number>,
      write: (within: Deadline) => Write<A, Err>,
      options?: MutateOptions<number, string, A>,
    ): Write<A, Err> =>
    async () => {
      // Keys that are equal are one.
      note(["mutate", [...new Set(keys)]]);
      const [takes, how] = [
        draw([0, 0, 30]),
        draw(["commit", "commit", "unconfirmed", "unknown", "aborted", "throws"]),
      ];
      await after(takes);
      if (how === "commit") return await origin.mutate(keys, write, options)();
      if (how === "throws") throw new Error("thrown");
      return E.left({ outcome: how as "unknown", error: { _tag: "Cancelled" } });
    },
  });
}

/** Lets time pass until something is done, and what goes on behind it too. */
export async function until<A>(clock: VirtualClock, doing: Promise<A>): Promise<A> {
  let over = false;
  void doing.then(() => over = true, () => over = true);
  for (let i = 0; i < 50 && !(over && clock.pending() === 0); i++) await clock.advance(500);
  assert(over, "expected an end within 25 s");
  return await doing;
}
