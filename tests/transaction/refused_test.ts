import * as E from "fp-ts/lib/Either.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import type { CacheError, Store } from "../../mod.ts";
import { contramapKey, fromVerbs, source, transaction } from "../../mod.ts";
import { fail, ledger } from "../source/held_transaction.ts";
import { left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";
import type { Stand } from "./support.ts";
import { buy, slotsOf, stand } from "./support.ts";

type Numbers = Store<number, number>;

/** What the stores say of a transaction that is never begun. */
async function refusalOf(stores: readonly [Numbers, Numbers]): Promise<CacheError> {
  let bodies = 0;
  const done = await transaction(stores, () => (bodies++, TE.right(undefined)))();
  const { outcome, error } = left(done);
  assertEquals([outcome, bodies], ["aborted", 0]);
  return error;
}

/** That nothing was begun anywhere. */
function isUntouched({ bank, faulty, clock }: Stand): void {
  assertEquals([bank.log, faulty.calls.length, clock.pending()], [[], 0, 0]);
}

Deno.test("stores whose sources are not on one database are refused before anything is begun", async () => {
  const here = stand({ u1: 9 });
  const other = stand({}, ledger());
  const elsewhere: CacheError = {
    _tag: "Unsupported",
    operation: "run one transaction",
    instead:
      "the stores' sources are not on one database, or keep their transactions apart in other ways; use one for each",
  };
  assertEquals(await refusalOf([here.users, other.orders]), elsewhere);
  const apart = { place: [here.bank, "read committed"], join: () => Promise.reject() as never };
  assertEquals(await refusalOf([here.users, here.sourceOf("o", { joining: apart })]), elsewhere);
  isUntouched(here);
  isUntouched(other);
});

Deno.test("a source without transactions, one that joins none, and a closed store refuse for all, with their reason", async () => {
  const here = stand({ u1: 9 });
  const plain = source<number, number>({ load: (keys) => Promise.resolve(keys.map(() => 1)), clock: here.clock });
  const lonely = contramapKey((key: number) => `${key}`)(source<string, number>({
    load: (keys) => Promise.resolve(keys.map(() => 1)),
    transaction: here.bank.options,
    clock: here.clock,
  }));
  const closed = here.tierOf("closed")(here.sourceOf("o"));
  await closed.close();
  for (
    const [store, said] of [
      [plain, "its source has no transactions; use mutate around the write"],
      [lonely, "a source of them has no way to join another's transaction; use one for each"],
      [closed, undefined],
    ] as const
  ) {
    for (const stores of [[here.users, store], [store, here.users]] as const) {
      const error = await refusalOf(stores);
      assertEquals("instead" in error ? error.instead : error._tag, said ?? "Closed");
    }
  }
  isUntouched(here);
});

Deno.test("a layer that keeps the seat to itself is refused, and its own transaction writes nothing", async () => {
  const here = stand({ u1: 9 });
  const deaf = fromVerbs<number, number>({ ...here.orders, transact: (body) => here.orders.transact(body) });
  for (const stores of [[here.users, deaf], [deaf, here.users]] as const) {
    assertEquals(await refusalOf(stores), {
      _tag: "Unsupported",
      operation: "run one transaction over several stores",
      instead: "a layer does not pass the options of transact on to the store below",
    });
  }
  assertEquals([here.bank.log, here.faulty.calls.length], [["begin", "rollback", "begin", "rollback"], 0]);
});

Deno.test("a layer that asks twice has one transaction, and one that never asks is waited for no longer than a commit", async () => {
  const here = stand({ u1: 9 });
  const twice = fromVerbs<number, number>({
    ...here.orders,
    transact: (body, options) => () => {
      void here.orders.transact(body, options)();
      return here.orders.transact(body, options)();
    },
  });
  const { outcome, error } = left(await transaction([here.users, twice], (both) => buy(both))());
  assertEquals([outcome, error._tag === "Unsupported" && error.operation], ["aborted", "run one transaction twice"]);

  const never = fromVerbs<number, number>({ ...here.orders, transact: () => () => new Promise(() => {}) });
  const waiting = here.users.transact;
  let done: unknown;
  const users = fromVerbs<number, number>({
    ...here.users,
    transact: (body, options) => async () => {
      const answer = await waiting(body, options)();
      done = answer._tag === "Left" && answer.left.error;
      return answer;
    },
  });
  void transaction([users, never], () => TE.right(undefined))();
  await here.clock.advance(1_000);
  assertEquals(done, { _tag: "TimedOut", waitingFor: "the other stores of the transaction" });
});

Deno.test("a store that comes when another has given up is not waited for, and does not wait, whatever layers take their time", async () => {
  for (const order of ["late last", "late first"] as const) {
    const here = stand({ u1: 9 });
    const sleep = (milliseconds: number) =>
      new Promise<void>((resolve) => void here.clock.after(milliseconds, resolve));
    const lingers = fromVerbs<number, number>({
      ...here.users,
      transact: (body, options) => async () => {
        const answer = await here.users.transact(body, options)();
        await sleep(1_000);
        return answer;
      },
    });
    const late = fromVerbs<number, number>({
      ...here.orders,
      transact: (body, options) => async () => {
        await sleep(1_500);
        return await here.orders.transact(body, options)();
      },
    });
    let done: unknown;
    const stores = order === "late last" ? [lingers, late] as const : [late, lingers] as const;
    void transaction(stores, () => TE.right(undefined))().then((it) => done = left(it));
    await here.clock.advance(10_000);
    const error = { _tag: "TimedOut", waitingFor: "the other stores of the transaction" };
    assertEquals(done, { outcome: "aborted", error }, order);
    isUntouched(here);
  }
});

Deno.test("a source that fails to join an attempt aborts it at once, whichever store stands first", async () => {
  for (const order of ["first", "last"] as const) {
    const here = stand({ u1: 9 });
    const broken = here.tierOf("broken")(here.sourceOf("o", {
      joining: {
        place: [here.bank],
        join: () => {
          throw new Error("none of mine");
        },
      },
    }));
    const third = here.sourceOf("x");
    const stores = order === "first" ? [here.users, broken, third] as const : [here.users, third, broken] as const;
    const { outcome, error } = left(await transaction(stores, () => TE.right(undefined))());
    assertEquals([outcome, error], ["aborted", { _tag: "SourceFailed", cause: new Error("none of mine") }]);
    assertEquals([here.bank.log, here.clock.pending()], [["begin", "rollback"], 0]);
  }
});

Deno.test("a transaction that cannot begin is aborted in all stores, with what the source said", async () => {
  const here = stand({ u1: 9 });
  here.bank.plan.set("begin", [fail("aborted")]);
  const { outcome, error } = left(await transaction([here.users, here.orders], (both) => buy(both))());
  assertEquals([outcome, error._tag, here.bank.log, here.faulty.calls.length], [
    "aborted",
    "SourceFailed",
    ["begin"],
    0,
  ]);
});

Deno.test("a body that never ends is rolled back at the deadline: nothing written, nothing locked, nothing possible later", async () => {
  const here = stand({ u1: 9 });
  let go = (): void => {};
  const afterwards: Array<unknown> = [];
  const done = transaction([here.users, here.orders], ([users, orders]) => async () => {
    right(await users.put(1, 1)());
    await new Promise<void>((resolve) => go = resolve);
    afterwards.push(await users.put(1, 0)(), await orders.put(7, 0)(), await orders.get(7)());
    return E.right(undefined);
  })();
  await here.clock.advance(1_000);
  assertEquals(left(await done), {
    outcome: "aborted",
    error: { _tag: "TimedOut", waitingFor: "the transaction's body" },
  });
  go();
  await turn();
  const closed = E.left({ _tag: "Closed", what: "the transaction" });
  assertEquals(afterwards, [closed, closed, closed]);
  assertEquals([here.bank.log, slotsOf(here), here.bank.rows.get("u1")], [["begin", "put u1", "rollback"], [], 9]);
});

Deno.test("a transaction that writes more keys than it may writes none, locks none, and says the limit", async () => {
  const many = stand({ u1: 9 });
  const say = async (stores: readonly [Numbers, Numbers], count: number) =>
    await transaction(stores, ([users, orders]) => async () => {
      // One key written twice is one key, and what the body makes of the refusals does not matter.
      for (let key = 0; key < count; key++) await (key % 2 === 0 ? users : orders).put(key, key)();
      await users.put(0, 1)();
      return E.right(undefined);
    })();
  assertEquals(left(await say([many.users, many.orders], 1_001)), {
    outcome: "aborted",
    error: { _tag: "TooManyKeys", limit: 1_000 },
  });
  assertEquals([many.faulty.calls.length, [...many.bank.rows], many.bank.log.at(-1)], [0, [["u1", 9]], "rollback"]);
  right(await say([many.users, many.orders], 1_000));
  assertEquals(many.bank.rows.size, 1_001);

  const few = stand({ u1: 9 });
  const two = few.sourceOf("o", { maxKeys: 2 });
  assertEquals(left(await say([few.users, two], 3)).error, { _tag: "TooManyKeys", limit: 2 });
  const alone = left(
    await two.transact((tx) => async () => {
      for (const key of [1, 2, 1]) right(await tx.put(key, 1)());
      left(await tx.remove(3)());
      return E.right("swallowed");
    })(),
  );
  assertEquals([alone.outcome, alone.error], ["aborted", { _tag: "TooManyKeys", limit: 2 }]);
  assertEquals([...few.bank.rows], [["u1", 9]]);
});

Deno.test("a save of more keys than a transaction may write is no transaction of the caller's", async () => {
  const here = stand();
  const save = here.sourceOf("o", { maxKeys: 1 }).save;
  const changes = [1, 2, 3].map((key) => ({ key, value: { _tag: "Some" as const, value: key } }));
  const within = { at: Infinity, left: () => Infinity as never, signal: new AbortController().signal };
  right(await (save._tag === "Some" ? save.value(changes, within) : TE.left("none" as never))());
  assertEquals(here.bank.rows.size, 3);
});

Deno.test("each transaction has its store's own keys and values, and there is at least one store", () => {
  const here = stand();
  const names = contramapKey((name: string) => Number(name))(here.orders);
  const typed = () => transaction([here.users, names], ([users, orders]) => (users.put(1, 1), orders.put("7", 1)));
  const wrong = [
    // @ts-expect-error the keys of the second store are texts
    () => transaction([here.users, names], ([_, orders]) => orders.put(7, 1)),
    // @ts-expect-error its values are numbers
    () => transaction([here.users, names], ([_, orders]) => orders.put("7", "three")),
    // @ts-expect-error there are two stores
    () => transaction([here.users, names], ([_, __, third]) => third.get(1)),
    // @ts-expect-error there is none
    () => transaction([], () => TE.right(1)),
  ];
  assertEquals([typeof typed, wrong.length], ["function", 4]);
});
