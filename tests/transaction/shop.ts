import type * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { CacheError, MemoryBackend, Observer, Store, Transaction } from "../../mod.ts";
import { memory, memoryBackend, shared } from "../../mod.ts";

/** A row of either table of these tests. */
export interface Row {
  readonly id: number;
  readonly balance: number;
}

const Row = t.type({ id: t.number, balance: t.number });

/** What two stores keep in front of their tables. */
export interface Shop {
  readonly backend: MemoryBackend<Uint8Array, string>;
  readonly accounts: Store<number, Row>;
  readonly purchases: Store<number, Row>;
  /** What is locked, such as `account 0`. */
  readonly locked: () => ReadonlyArray<string>;
}

/** Longer than a commit may take here: on a machine that is busy nothing is late. */
const lease = "2m";

/** Two tiers in front of each source. */
export function shopOf(
  accounts: Store<number, Row>,
  purchases: Store<number, Row>,
  observer: Observer = {},
): Shop {
  const backend = memoryBackend<Uint8Array>({ capacity: 1_000 });
  const tiers = (name: string) => (source: Store<number, Row>): Store<number, Row> =>
    pipe(
      source,
      shared({ backend, name, codec: Row, ttl: "10m", lease, observer }),
      memory({ capacity: 100, ttl: "10m", lease }),
    );
  return {
    backend,
    accounts: tiers("account")(accounts),
    purchases: tiers("purchase")(purchases),
    locked: () =>
      backend.inspect().flatMap(([name, { _tag }]) =>
        _tag === "Locked" ? [`${/account|purchase/.exec(name)?.[0]} ${name.at(-1)}`] : []
      ).sort(),
  };
}

/** A body that buys something for an amount of account 0. */
export function buy(
  id: number,
  amount: number,
): (
  both: readonly [Transaction<number, Row>, Transaction<number, Row>],
) => () => Promise<E.Either<CacheError, void>> {
  return ([accounts, purchases]) => async () => {
    const had = await accounts.get(0)();
    if (had._tag === "Left") return had;
    const balance = O.match(() => 0, (row: Row) => row.balance)(had.right) - amount;
    const taken = await accounts.put(0, { id: 0, balance })();
    if (taken._tag === "Left") return taken;
    return await purchases.put(id, { id, balance: amount })();
  };
}
