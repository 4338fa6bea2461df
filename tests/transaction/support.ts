import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type {
  Attempt,
  CacheError,
  DurationLike,
  SharedOptions,
  Store,
  Transaction,
  TransactionOptions,
} from "../../mod.ts";
import { shared, source } from "../../mod.ts";
import type { TierEvent } from "../../lib/observe/observer.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import type { Ledger } from "../source/held_transaction.ts";
import { ledger } from "../source/held_transaction.ts";
import type { FaultyBackend } from "../support/faulty_backend.ts";
import { faultyBackend } from "../support/faulty_backend.ts";

/** Two stores on one ledger, each behind a tier, on one backend: their keys are `u…` and `o…` in the ledger. */
export interface Stand {
  readonly clock: VirtualClock;
  readonly bank: Ledger;
  readonly faulty: FaultyBackend;
  readonly events: Array<TierEvent>;
  readonly users: Store<number, number>;
  readonly orders: Store<number, number>;
  /** The source of a kind of rows in the ledger. */
  readonly sourceOf: (
    kind: string,
    transaction?: Partial<TransactionOptions<number, number>>,
    commit?: DurationLike,
  ) => Store<number, number>;
  /** A tier in front of a source. */
  readonly tierOf: (name: string, options?: Partial<SharedOptions<number>>) => Tiered;
}

type Tiered = (below: Store<number, number>) => Store<number, number>;

/** A ledger with these rows behind two stores, or another one. */
export function stand(rows: Readonly<Record<string, number>> = {}, bank: Ledger = ledger(rows)): Stand {
  const clock = virtualClock();
  const faulty = faultyBackend(clock);
  const events: Array<TierEvent> = [];
  const inner = new WeakMap<object, Attempt<string, number>>();
  const joined = (kind: string, attempt: object) => prefixed(kind, inner.get(attempt)!);
  const begin = (kind: string): TransactionOptions<number, number>["begin"] => async (within) => {
    const begun = await bank.begin(within);
    const attempt = { ...begun, ...prefixed(kind, begun) };
    inner.set(attempt, begun);
    return attempt;
  };
  const sourceOf: Stand["sourceOf"] = (kind, transaction, commit = "1s") =>
    source<number, number>({
      load: (keys) => Promise.resolve(keys.map((key) => bank.rows.get(`${kind}${key}`))),
      clock,
      commit,
      transaction: {
        begin: begin(kind),
        joining: { place: [bank], join: (attempt) => joined(kind, attempt) },
        ...transaction,
      },
    });
  const tierOf: Stand["tierOf"] = (name, options) => (below) =>
    pipe(
      below,
      shared({
        backend: faulty.backend,
        name,
        codec: t.number,
        ttl: "10m",
        onBusy: "bypass",
        lease: "2s",
        clock,
        observer: { event: (event) => void events.push(event) },
        ...options,
      }),
    );
  const users = tierOf("user")(sourceOf("u"));
  const orders = tierOf("order")(sourceOf("o"));
  return { clock, bank, faulty, events, users, orders, sourceOf, tierOf };
}

function prefixed(kind: string, { get, put, remove }: Attempt<string, number>) {
  return {
    get: (key: number) => get(`${kind}${key}`),
    put: (key: number, value: number) => put(`${kind}${key}`, value),
    remove: (key: number) => remove(`${kind}${key}`),
  };
}

/** Takes the price of order 7 from user 1, and answers what is left. */
export function buy(
  [users, orders]: readonly [Transaction<number, number>, Transaction<number, number>],
  price = 3,
): () => Promise<E.Either<CacheError, number>> {
  return async () => {
    const had = await users.get(1)();
    if (had._tag === "Left") return had;
    const left = O.getOrElse(() => 0)(had.right) - price;
    const taken = await users.put(1, left)();
    if (taken._tag === "Left") return taken;
    return E.map(() => left)(await orders.put(7, price)());
  };
}

/** What stands in the slots, such as `user 1 Locked`. */
export function slotsOf({ faulty }: Stand): ReadonlyArray<string> {
  return faulty.slots().map(([name, { _tag }]) => `${/user|order/.exec(name)?.[0]} ${name.at(-1)} ${_tag}`).sort();
}

/** The operations of each call of the backend. */
export function callsOf({ faulty }: Stand): ReadonlyArray<ReadonlyArray<string>> {
  return faulty.calls.map((call) => call.map(({ operation }) => operation._tag));
}
