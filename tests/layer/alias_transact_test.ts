import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { Store } from "../../mod.ts";
import { alias, memory, shared, source, transaction } from "../../mod.ts";
import { fail } from "../source/held_transaction.ts";
import { found, left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";
import type { Stand } from "../transaction/support.ts";
import { stand } from "../transaction/support.ts";

interface Named extends Stand {
  readonly byKey: Store<number, number>;
  readonly byName: Store<string, number>;
  /** The names and the users that are locked. */
  readonly locked: () => ReadonlyArray<string>;
}

const nameOf = (value: number) => `n${value}`;

/** Users whose value is also their name, with tiers in front of both. */
function named(rows: Readonly<Record<string, number>>): Named {
  const here = stand(rows);
  const { bank, clock, faulty } = here;
  const keyOf = (name: string): number | undefined => {
    const row = [...bank.rows].find(([, value]) => nameOf(value) === name);
    return row && Number(row[0].slice(1));
  };
  const keys = pipe(
    source({
      load: (names: ReadonlyArray<string>) => Promise.resolve(names.map(keyOf)),
      clock,
      commit: "1s",
    }),
    shared({
      backend: faulty.backend,
      name: "names",
      codec: t.number,
      ttl: "10m",
      onBusy: "bypass",
      lease: "2s",
      clock,
    }),
    memory({ capacity: 100, ttl: "60s", lease: "2s", clock }),
  );
  const { byKey, byName } = alias({ keys, namesOf: (value: number) => [nameOf(value)], clock })(here.users);
  const locked = () =>
    faulty.slots().flatMap(([name, { _tag }]) =>
      _tag === "Locked" ? [/(names|user).*?([n\d]+)$/.exec(name)?.[2] ?? ""] : []
    )
      .sort();
  return { ...here, byKey, byName, locked };
}

/** Writes a value to user 1, in a transaction. */
const rename = (store: Store<number, number>, value: number) => store.transact((tx) => tx.put(1, value))();

Deno.test("P15 a transaction guards the names that its values had, and those that they get, at its commit", async () => {
  for (const together of [false, true]) {
    const here = named({ u1: 9 });
    assertEquals([found(await here.byName.get("n9")()), found(await here.byName.get("n6")())], [9, undefined]);
    let atCommit: ReadonlyArray<string> = [];
    here.bank.plan.set("commit", [async () => (await turn(), void (atCommit = here.locked()))]);
    const done = together
      ? await transaction([here.orders, here.byKey], ([_, users]) => users.put(1, 6))()
      : await rename(here.byKey, 6);
    right(done);
    assertEquals([atCommit, here.locked()], [["1", "n6", "n9"], []]);
    assertEquals([found(await here.byName.get("n9")()), found(await here.byName.get("n6")())], [undefined, 6]);
  }
});

Deno.test("P15 names of an attempt that is followed by another are let go before it; those of an unknown commit stay", async () => {
  const here = named({ u1: 9 });
  here.bank.plan.set("commit", [fail("conflict")]);
  const before: Array<ReadonlyArray<string>> = [];
  let attempt = 0;
  const done = here.byKey.transact((tx) => {
    before.push(here.locked());
    return tx.put(1, 10 + ++attempt);
  })();
  await here.clock.advance(100);
  right(await done);
  assertEquals([before, here.locked()], [[[], []], []]);
  assertEquals([found(await here.byName.get("n11")()), found(await here.byName.get("n12")())], [undefined, 12]);

  here.bank.plan.set("commit", [fail("unknown")]);
  assertEquals(left(await rename(here.byKey, 13)).outcome, "unknown");
  assertEquals(here.locked(), ["1", "n12", "n13"]);
});

Deno.test("P15 a transaction whose names cannot be read, told or locked is aborted, and nothing is written", async () => {
  const here = named({ u1: 9 });
  here.bank.plan.set("get u1", [fail("aborted")]);
  assertEquals(left(await rename(here.byKey, 6)).outcome, "aborted");

  here.faulty.inject(({ slot, operation }) => operation._tag === "lock" && slot.includes("names"), "not applied");
  const refused = left(await rename(here.byKey, 6));
  assertEquals([refused.outcome, refused.error._tag], ["aborted", "LockNotPlaced"]);

  const throwing = alias({
    keys: here.byName,
    namesOf: (_: number): ReadonlyArray<string> => {
      throw new Error("no name");
    },
    clock: here.clock,
  })(here.users).byKey;
  const untold = left(await rename(throwing, 6));
  assertEquals([untold.outcome, untold.error._tag], ["aborted", "KeyRefused"]);
  assertEquals([here.locked(), here.bank.rows.get("u1"), here.bank.log.includes("commit")], [[], 9, false]);
});

Deno.test("a transaction through an alias reads, and one that writes nothing guards no name", async () => {
  const here = named({ u1: 9 });
  const done = await here.byKey.transact((tx) => async () => E.right(found(await tx.get(1)())))();
  assertEquals([right(done), here.faulty.calls.length], [9, 0]);
  right(await here.byKey.transact((tx) => tx.remove(1))());
  assertEquals([found(await here.byName.get("n9")()), here.bank.rows.size], [undefined, 0]);
});
