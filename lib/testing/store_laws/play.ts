import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Deadline } from "../../deadline.ts";
import type { MutateOptions, Write, WriteFailure } from "../../store.ts";
import type { Step } from "./script.ts";
import { transact } from "./transact.ts";
import type { World } from "./world.ts";
import { answered, assign, isSame, show, silent, truthOf } from "./world.ts";

/** What is wrong about an answer; undefined if nothing is. */
export type Fault = string | undefined;

/** Performs a step, and compares what is answered with what the source has. */
export async function play<K, V>(world: World<K, V>, step: Step<K, V>, leases: number): Promise<Fault> {
  switch (step.does) {
    case "get":
    case "getMany":
    case "entries":
    case "force":
    case "peek":
    case "read together":
      return await read(world, step);
    case "pass":
      await world.clock.advance(step.milliseconds);
      return undefined;
    case "invalidate":
      step.keys.forEach((key, i) => assign(world, key, step.values[i]));
      return committed(await outcomeOf(world, world.store.invalidate(step.keys)));
    case "put":
    case "remove":
    case "put, refused":
      return await save(world, step);
    case "transact":
    case "transact, together":
    case "transact, twice":
    case "transact, failed":
    case "transact, unknown, applied":
    case "transact, unknown, not applied":
      return await transact(world, step, leases);
    default:
      return await mutate(world, step, leases);
  }
}

/** Reads in one way, and compares every value with the source's. */
export async function read<K, V>(
  world: World<K, V>,
  { does, keys }: Pick<Step<K, V>, "does" | "keys">,
): Promise<Fault> {
  const { store } = world;
  if (does === "peek") {
    // What is not known is no answer.
    return keys.map((key) => {
      const known = store.peek(key);
      return O.isNone(known) ? undefined : compare(world, key, known.value);
    }).find((each) => each !== undefined);
  }
  const asked = await answered(world, () => valuesOf(world, does, keys));
  if (asked === silent) return "expected an answer: received none";
  if ("rejected" in asked) return `expected an answer: it rejected with ${show(asked.rejected)}`;
  const { value } = asked;
  if (value._tag === "Left") return `expected values: received ${show(value.left)}`;
  if (value.right.length !== keys.length) {
    return `expected ${keys.length} values: received ${value.right.length}`;
  }
  world.answers.push(show(value.right));
  return keys.map((key, i) => compare(world, key, value.right[i])).find((each) => each !== undefined);
}

async function valuesOf<K, V>(
  { store }: World<K, V>,
  does: Step<K, V>["does"],
  keys: ReadonlyArray<K>,
): Promise<Either<unknown, ReadonlyArray<Option<V>>>> {
  switch (does) {
    case "getMany":
      return await store.getMany(keys)();
    case "entries":
    case "force": {
      const entries = await store.entries(keys, does === "force" ? { force: true } : undefined)();
      return E.traverseArray((each: typeof entries[number]) =>
        E.map((entry: { value: Option<V> }) => entry.value)(each)
      )(
        entries,
      );
    }
    default:
      return E.sequenceArray(await Promise.all(keys.map((key) => store.get(key)())));
  }
}

function compare<K, V>(world: World<K, V>, key: K, found: Option<V> | undefined): Fault {
  const expected = truthOf(world, key);
  const isOption = found?._tag === "None" || found?._tag === "Some";
  // "No such key" and a value that is nothing are two things.
  if (isOption && O.isSome(found) === (expected !== undefined) && isSame(O.toUndefined(found), expected)) {
    return undefined;
  }
  const received = isOption ? show(O.toUndefined(found)) : `${show(found)}, which is no option`;
  return `expected ${show(key)} to be ${show(expected)}: received ${received}`;
}

/** How a write ended, in a word. */
type Outcome = WriteFailure<unknown>["outcome"] | "committed" | "nothing" | "a rejection";

/** Runs a write, and says how it ended. */
export async function outcomeOf<K, V, A, Err>(world: World<K, V>, write: Write<A, Err>): Promise<Outcome> {
  const done = await answered(world, write);
  const outcome: Outcome = done === silent
    ? "nothing"
    : "rejected" in done
    ? "a rejection"
    : done.value._tag === "Left"
    ? done.value.left.outcome
    : "committed";
  world.answers.push(outcome);
  return outcome;
}

function expected(wanted: Outcome, received: Outcome): Fault {
  return wanted === received ? undefined : `expected a write to end ${wanted}: received ${received}`;
}

function committed(received: Outcome): Fault {
  return expected("committed", received);
}

async function save<K, V>(world: World<K, V>, { does, keys, values }: Step<K, V>): Promise<Fault> {
  const { store } = world;
  const [key] = keys as readonly [K];
  const before = truthOf(world, key);
  const value = does === "remove" ? undefined : values[0];
  world.refusing = does === "put, refused";
  const outcome = await outcomeOf(world, value === undefined ? store.remove(key) : store.put(key, value));
  world.refusing = false;
  const wrong = expected(does === "put, refused" ? "aborted" : "committed", outcome);
  if (wrong !== undefined) return wrong;
  const wanted = does === "put, refused" ? before : value;
  return isSame(truthOf(world, key), wanted)
    ? undefined
    : `expected the source to have ${show(wanted)}: it has ${show(truthOf(world, key))}`;
}

const failed = (outcome: "aborted" | "unknown"): Either<WriteFailure<string>, never> =>
  E.left({ outcome, error: "the writer's own" });

/** A write by the caller itself, with each way in which it can end. */
async function mutate<K, V>(world: World<K, V>, step: Step<K, V>, leases: number): Promise<Fault> {
  const { does, keys, values } = step;
  const apply = () => keys.forEach((key, i) => assign(world, key, values[i]));
  let runs = 0;
  const write = (_within: Deadline): Write<string, string> => () => {
    runs += 1;
    if (does === "mutate, unknown, applied later") world.clock.after(Math.min(step.milliseconds, leases >> 1), apply);
    else if (does !== "mutate, aborted" && does !== "mutate, unknown, not applied") apply();
    if (does === "mutate, aborted") return Promise.resolve(failed("aborted"));
    return Promise.resolve(does.startsWith("mutate, unknown") ? failed("unknown") : E.right("done"));
  };
  // Those of more keys than are told beforehand name the first one only.
  const guarded = does === "mutate, of more" ? keys.slice(0, 1) : keys;
  const options: MutateOptions<K, V, string> = does === "mutate, told"
    ? { written: () => lastOfEach(keys, values) }
    : does === "mutate, of more"
    ? { alsoWritten: () => keys }
    : {};
  const outcome = await outcomeOf(world, world.store.mutate(guarded, write, options));
  if (runs !== 1) return `expected the write to be run once: it was run ${runs} times`;
  if (does === "mutate, aborted") return expected("aborted", outcome);
  if (!does.startsWith("mutate, unknown")) return committed(outcome);
  // Until its leases are over nobody is told anything about it.
  await world.clock.advance(leases);
  return expected("unknown", outcome);
}

/** Of a key that is written twice, what was written last counts. */
function lastOfEach<K, V>(keys: ReadonlyArray<K>, values: ReadonlyArray<V | undefined>): ReadonlyArray<Option<V>> {
  return keys.map((key) => {
    const last = values[keys.findLastIndex((each) => isSame(each, key))];
    return last === undefined ? O.none : O.some(last);
  });
}
