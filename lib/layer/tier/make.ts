import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import { coarse, turnOf } from "../../clock.ts";
import { cancelled, orCancelled, orLate } from "../../deadline.ts";
import { showDuration } from "../../duration.ts";
import { nonces } from "../../nonce.ts";
import type { Entries, Entry, InvalidateAllOptions, ReadOptions, Store, Verbs, WriteFailure } from "../../store.ts";
import { fromVerbs } from "../../store.ts";
import { changesOf } from "./changes.ts";
import { makeFew } from "./few.ts";
import { readMany } from "./read_many.ts";
import { readOne } from "./read_one.ts";
import { renewEpoch } from "./region.ts";
import { transactKeys } from "./transact.ts";
import type { Tier, TierParts } from "./tier.ts";
import { closedError, during, marginShare } from "./tier.ts";
import { entryWanted, valueWanted } from "./wanted.ts";
import { writeOne } from "./write_one.ts";
import { writeKeys } from "./writes.ts";

/** The verbs of a tier in front of a store: the protocol over a backend. */
export function tierVerbs<K, V, P, N>(parts: TierParts<K, V, P, N>, below: Store<K, V>): Verbs<K, V> {
  return verbsOf(makeTier(parts, below));
}

/** The verbs of a tier at work. */
export function verbsOf<K, V, P, N>(tier: Tier<K, V, P, N>): Verbs<K, V> {
  const { below } = tier;
  return {
    entries: readerOf(tier),
    mutate: (keys, write, options) => () =>
      keys.length === 1 ? writeOne(tier, keys, write, options) : during(tier, writeKeys(tier, keys, write, options)),
    transact: (body, options) => () => during(tier, transactKeys(tier, body, options)),
    invalidateAll: (options) => () => during(tier, invalidateTier(tier, options)),
    peek: () => O.none,
    save: below.save,
    commit: below.commit,
    tiers: below.tiers + 1,
    changes: changesOf(tier),
    close: () => closeTier(tier),
  };
}

function readerOf<K, V, P, N>(tier: Tier<K, V, P, N>): Entries<K, V> {
  const each = entryWanted<V>();
  const read = (key: K, options: ReadOptions): Promise<E.Either<CacheError, Entry<V>>> =>
    options.signal === undefined
      ? readOne(tier, key, options, each)
      : untilCancelled([key], options, async () => [await readOne(tier, key, options, each)]).then(([read]) => read!);
  const entries: Entries<K, V> = (keys, options = plain) => () =>
    keys.length === 1
      ? read(keys[0]!, options).then(inArray)
      : untilCancelled(keys, options, () => during(tier, readMany(tier, keys, options, each)));
  const one: Entries<K, V>["one"] = (key, options, hear) =>
    void read(key, options).then(hear, (cause) => hear(E.left({ _tag: "SourceFailed", cause })));
  return Object.assign(entries, { one });
}

function inArray<A>(read: A): ReadonlyArray<A> {
  return [read];
}

const plain: ReadOptions = {};

/** A read that its caller may leave; what it has claimed is released, or filled, behind the caller's back. */
function untilCancelled<K, A>(
  keys: ReadonlyArray<K>,
  { signal }: ReadOptions,
  read: () => Promise<ReadonlyArray<E.Either<CacheError, A>>>,
): Promise<ReadonlyArray<E.Either<CacheError, A>>> {
  if (signal === undefined) return read();
  if (signal.aborted) return Promise.resolve(keys.map(() => E.left(cancelledError)));
  return orCancelled(signal, read()).then((read) => read === cancelled ? keys.map(() => E.left(cancelledError)) : read);
}

const cancelledError: CacheError = { _tag: "Cancelled" };

/** A store of a tier outside of the process. Who wants nothing but values is spared what is known about them. */
export function tierStore<K, V, P, N>(parts: TierParts<K, V, P, N>, below: Store<K, V>): Store<K, V> {
  const tier = makeTier(parts, below);
  const store = fromVerbs(verbsOf(tier));
  const wanted = valueWanted<V>();
  return {
    ...store,
    get: (key, options) => options === undefined ? () => readOne(tier, key, plain, wanted) : store.get(key, options),
    getMany: (keys, options) =>
      options === undefined
        ? () => during(tier, readMany(tier, keys, plain, wanted).then(allRight))
        : store.getMany(keys, options),
  };
}

/** Reads one key of a tier for who wants nothing but its value. */
export function valueOf<K, V, P, N>(tier: Tier<K, V, P, N>): (key: K) => Promise<E.Either<CacheError, O.Option<V>>> {
  const wanted = valueWanted<V>();
  return (key) => readOne(tier, key, plain, wanted);
}

function allRight<V>(
  answers: ReadonlyArray<E.Either<CacheError, O.Option<V>>>,
): E.Either<CacheError, ReadonlyArray<O.Option<V>>> {
  const values: Array<O.Option<V>> = [];
  for (const answer of answers) {
    if (answer._tag === "Left") return answer;
    values.push(answer.right);
  }
  return E.right(values);
}

/** A tier that is at work from now on; throws a RangeError if its lease is too short for the source's commits. */
export function makeTier<K, V, P, N>(parts: TierParts<K, V, P, N>, below: Store<K, V>): Tier<K, V, P, N> {
  const { lease, name } = parts;
  const usable = lease * (1 - marginShare);
  if (!(usable > below.commit)) {
    const wanted = `expected a lease whose ${100 - marginShare * 100} % exceed the source's commit timeout of ${
      showDuration(below.commit)
    }`;
    throw new RangeError(`Cannot build the tier ${name}: ${wanted}: received ${showDuration(lease)}`);
  }
  return {
    ...parts,
    below,
    nextToSource: below.tiers === 0,
    nonce: nonces(),
    underWay: new Set(),
    open: 0,
    whenIdle: [],
    call: { within: parts.timeout, lease, level: parts.level },
    moment: parts.backend.run.one === undefined ? parts.clock.now : coarse(parts.clock),
    turn: coarse(parts.clock),
    turnOf: turnOf(parts.clock),
    patience: undefined,
    claims: makeFew(),
    flights: makeFew(),
    failures: new Map(),
    loadTime: 0,
    hitShare: 0,
    closed: false,
  };
}

/** The tiers below first: what this one loads from them afterwards is of the new world. */
async function invalidateTier<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  options: InvalidateAllOptions = {},
): Promise<E.Either<WriteFailure<never>, void>> {
  const { sealing, forget } = tier;
  if (tier.closed) return E.left({ outcome: "aborted", error: closedError(tier) });
  if (sealing === undefined && forget === undefined) return E.left({ outcome: "aborted", error: noEpoch });
  const below = await tier.below.invalidateAll(options)();
  const here = below._tag === "Left" || sealing === undefined ? below : await renewEpoch(sealing.region, options)();
  // Whatever became of it below: to load once more is never wrong.
  forget?.(options.mode ?? "hard");
  return here;
}

const noEpoch: CacheError = {
  _tag: "Unsupported",
  operation: "invalidateAll",
  instead: "its entries carry no epoch; build the tier with epoch, or invalidate keys",
};

/** How long closing waits for what is under way, in milliseconds: as long as the default commit may take. */
const closing = 5_000;

async function closeTier<K, V, P, N>(tier: Tier<K, V, P, N>): Promise<void> {
  tier.closed = true;
  const idle = tier.open === 0 ? undefined : new Promise<void>((resolve) => tier.whenIdle.push(resolve));
  await orLate(tier.clock, closing, Promise.all([...tier.underWay, idle, tier.switched?.close()]));
  await tier.sealing?.region.epochs.close();
  await tier.below.close();
}
