import * as E from "fp-ts/lib/Either.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import { observe, transaction } from "../../mod.ts";
import { fail, Failed, hang } from "../source/held_transaction.ts";
import { found, left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";
import { withoutRejections } from "../support/rejections.ts";
import { buy, callsOf, slotsOf, stand } from "./support.ts";

Deno.test("S24 reads inside a transaction of several stores go to the source's one transaction, and touch no tier", async () => {
  const here = stand({ u1: 9, o7: 1 });
  await here.users.get(1)();
  here.faulty.calls.length = 0;
  const seen = await transaction([here.users, here.orders], ([users, orders]) => async () => {
    right(await users.put(1, 5)());
    return E.right([found(await users.get(1)()), found(await orders.get(7)()), found(await orders.get(8)())]);
  })();
  assertEquals(right(seen), [5, 1, undefined]);
  assertEquals(here.bank.log, ["begin", "put u1", "get u1", "get o7", "get o8", "commit"]);
  assertEquals(callsOf(here), [["lock"], ["unlock"]]);
});

Deno.test("S25 the keys that were written are locked in all stores at once, after the body and before the commit", async () => {
  const here = stand({ u1: 9, u2: 1 });
  await here.users.getMany([1, 2])();
  here.faulty.calls.length = 0;
  let during = -1;
  let atCommit: ReadonlyArray<string> = [];
  // A turn: what was begun together has come as far.
  here.bank.plan.set("commit", [async () => (await turn(), atCommit = slotsOf(here), undefined)]);
  const done = transaction([here.users, here.orders], (both) => async () => {
    const left = await buy(both)();
    during = here.faulty.calls.length;
    return left;
  })();
  assertEquals([right(await done), during], [6, 0]);
  assertEquals(atCommit, ["order 7 Locked", "user 1 Locked", "user 2 Held"]);
  assertEquals(callsOf(here), [["lock"], ["lock"], ["unlock"], ["unlock"]]);
  assertEquals([found(await here.users.get(1)()), found(await here.orders.get(7)())], [6, 3]);
  // What a sole writer wrote next to the source was published: no load was needed.
  assertEquals(slotsOf(here), ["order 7 Held", "user 1 Held", "user 2 Held"]);
  assertEquals([...here.bank.rows], [["u1", 6], ["u2", 1], ["o7", 3]]);
});

Deno.test("S25 locks of all stores are asked for before any of them is answered", async () => {
  const here = stand({ u1: 9 });
  const first = here.faulty.inject("lock", "held");
  const second = here.faulty.inject("lock", "held");
  const done = transaction([here.users, here.orders], (both) => buy(both))();
  await turn();
  assertEquals([callsOf(here), here.bank.log.includes("commit")], [[["lock"], ["lock"]], false]);
  await first.deliver();
  assertEquals(here.bank.log.includes("commit"), false);
  await second.deliver();
  assertEquals(right(await done), 6);
});

Deno.test("S26 a body that fails, throws or rejects touches no tier of any store, and is rolled back", async () => {
  const thrown = new Error("thrown");
  await withoutRejections(async () => {
    const bodies = [
      [() => () => Promise.resolve(E.left("no")), "no"],
      [() => () => Promise.reject(thrown), { _tag: "SourceFailed", cause: thrown }],
      [() => {
        throw thrown;
      }, { _tag: "SourceFailed", cause: thrown }],
    ] as const;
    for (const [end, error] of bodies) {
      const here = stand({ u1: 9 });
      const done = await transaction<readonly [typeof here.users, typeof here.orders], never, string>(
        [here.users, here.orders],
        (both) => async () => {
          right(await buy(both)());
          return await end()();
        },
      )();
      assertEquals(left(done), { outcome: "aborted", error });
      assertEquals([here.faulty.calls.length, here.bank.log.at(-1), here.bank.rows.get("u1")], [0, "rollback", 9]);
      assertEquals(here.clock.pending(), 0);
    }
  });
});

Deno.test("S26 what a tier of one store cannot carry is refused, and aborts all", async () => {
  const here = stand({ u1: 9 });
  const done = await transaction([here.users, here.orders], ([users, orders]) => async () => {
    right(await users.put(1, 1)());
    return await orders.put(7, "three" as never)();
  })();
  const { outcome, error } = left(done);
  assertEquals([outcome, error._tag, here.faulty.calls.length, here.bank.rows.get("u1")], [
    "aborted",
    "ValueRefused",
    0,
    9,
  ]);
});

Deno.test("S27 an attempt aborted for certain unlocks in all stores before the next, which takes new tokens", async () => {
  const here = stand({ u1: 9 });
  here.bank.plan.set("commit", [fail("conflict"), fail("conflict")]);
  let attempt = 0;
  const before: Array<ReadonlyArray<string>> = [];
  const done = transaction([here.users, here.orders], ([users, orders]) => async () => {
    before.push(slotsOf(here).filter((slot) => slot.endsWith("Locked")));
    attempt++;
    // Other keys each time: what any attempt touched must not stay locked.
    right(await users.put(attempt, attempt)());
    right(await orders.put(attempt, attempt)());
    return E.right(attempt);
  })();
  await here.clock.advance(100);
  assertEquals(right(await done), 3);
  assertEquals(before, [[], [], []]);
  const tokens = here.faulty.calls.flat().flatMap(({ operation }) =>
    operation._tag === "lock" ? [operation.token] : []
  );
  assertEquals([tokens.length, new Set(tokens).size], [6, 6]);
  assertEquals(slotsOf(here), ["order 3 Held", "user 3 Held"]);
  assertEquals([...here.bank.rows], [["u1", 9], ["u3", 3], ["o3", 3]]);
});

Deno.test("S27 one store's operation that met another transaction runs all bodies anew, whatever they say", async () => {
  const here = stand({ u1: 9 });
  here.bank.plan.set("put o7", [fail("conflict")]);
  const done = transaction([here.users, here.orders], ([users, orders]) => async () => {
    await users.put(1, 6)();
    await orders.put(7, 3)();
    return E.right("swallowed");
  })();
  await here.clock.advance(100);
  assertEquals(right(await done), "swallowed");
  assertEquals(here.bank.log.filter((word) => ["begin", "commit", "rollback"].includes(word)), [
    ...["begin", "rollback"],
    ...["begin", "commit"],
  ]);
  assertEquals(slotsOf(here), ["order 7 Held", "user 1 Held"]);
});

Deno.test("S27 after the last attempt was aborted nothing is locked in any store", async () => {
  const here = stand({ u1: 9 });
  here.bank.plan.set("commit", Array.from({ length: 5 }, () => fail("conflict")));
  const done = transaction([here.users, here.orders], (both) => buy(both))();
  await here.clock.advance(1_000);
  assertEquals(left(await done), {
    outcome: "aborted",
    error: { _tag: "SourceFailed", cause: new Failed("conflict") },
  });
  assertEquals([slotsOf(here), here.bank.rows.get("u1"), here.clock.pending()], [[], 9, 0]);
  assertEquals(here.bank.log.filter((word) => word === "begin").length, 5);
});

Deno.test("S28 a commit of unknown outcome is not repeated and keeps the locks of all stores to the end of their leases", async () => {
  for (const [word, plan, after] of [["commit", fail("unknown"), 9], ["committed", hang, 6]] as const) {
    const here = stand({ u1: 9 });
    here.bank.plan.set(word, [plan]);
    const done = transaction([here.users, here.orders], (both) => buy(both))();
    await here.clock.advance(1_000);
    assertEquals(left(await done).outcome, "unknown");
    assertEquals(slotsOf(here), ["order 7 Locked", "user 1 Locked"]);
    assertEquals(here.bank.log.filter((word) => word === "begin").length, 1);
    assertEquals(here.events.map(({ _tag }) => _tag), ["LockLeft", "LockLeft"]);
    await here.clock.advance(2_000);
    assertEquals(found(await here.users.get(1)()), after);
    assertEquals(found(await here.users.get(1)()), after);
  }
});

Deno.test("S29 a write inside the body without its transaction locks its key all the same", async () => {
  const here = stand({ u1: 9 });
  let locked: ReadonlyArray<string> = [];
  const done = await transaction([here.users, here.orders], (both) => async () => {
    right(
      await here.orders.mutate([8], () => () => {
        locked = slotsOf(here);
        return Promise.resolve(E.right(undefined));
      })(),
    );
    return await buy(both)();
  })();
  assertEquals([right(done), locked], [6, ["order 8 Locked"]]);
});

Deno.test("S16 a lock that one store does not get aborts all, and the other's is taken back", async () => {
  for (const fault of ["not applied", "applied, reported failed"] as const) {
    const here = stand({ u1: 9 });
    here.faulty.inject(({ slot, operation }) => operation._tag === "lock" && slot.includes("order"), fault);
    const { outcome, error } = left(await transaction([here.users, here.orders], (both) => buy(both))());
    assertEquals([outcome, error._tag], ["aborted", "LockNotPlaced"]);
    assertEquals([here.bank.log.includes("commit"), here.bank.rows.get("u1")], [false, 9]);
    // A lock that nobody knows to be placed is left to its lease.
    assertEquals(slotsOf(here), fault === "not applied" ? [] : ["order 7 Locked"]);
  }
});

Deno.test("a store of no tiers, and one and the same store twice, take part as well", async () => {
  const here = stand({ u1: 9 });
  const done = await transaction(
    [here.sourceOf("o"), here.users, here.users],
    ([orders, users, again]) => async () => {
      right(await orders.put(7, 3)());
      right(await users.put(1, 5)());
      right(await again.put(1, 6)());
      return E.right(found(await users.get(1)()));
    },
  )();
  assertEquals([right(done), here.bank.rows.get("o7"), found(await here.users.get(1)())], [6, 3, 6]);
  assertEquals(here.bank.log.filter((word) => word === "begin").length, 1);
});

Deno.test("one store alone is its own transaction, and no store at all is a mistake of the caller", async () => {
  const here = stand({ u1: 9 });
  right(await transaction([here.users], ([users]) => users.put(1, 1))());
  assertEquals([here.bank.rows.get("u1"), slotsOf(here)], [1, ["user 1 Held"]]);
  let said = "";
  try {
    transaction([] as never, () => TE.right(1));
  } catch (error) {
    said = String(error);
  }
  assertEquals(said, "RangeError: Cannot make a transaction: expected at least one store: received none");
});

Deno.test("the shortest commit timeout among the sources bounds the transaction", async () => {
  for (const order of ["first", "last"] as const) {
    const here = stand({ u1: 9 });
    const hasty = here.sourceOf("o", {}, "300ms");
    here.bank.plan.set("commit", [hang]);
    const done = order === "first"
      ? transaction([hasty, here.users], ([orders, users]) => buy([users, orders]))()
      : transaction([here.users, hasty], (both) => buy(both))();
    await here.clock.advance(300);
    assertEquals(left(await done).outcome, "unknown");
    assertEquals(here.bank.deadlines.map(({ at }) => at), [300]);
  }
});

Deno.test("a transaction is reported as a write of the keys of its last attempt, to who observes its stores", async () => {
  const here = stand({ u1: 9 });
  here.bank.plan.set("commit", [fail("conflict")]);
  const seen: Array<unknown> = [];
  const observed = (name: string, store: typeof here.users) =>
    observe({ write: ({ keys, outcome }) => seen.push([name, keys, outcome]) }, here.clock)(store);
  let attempt = 0;
  const stores = [observed("users", here.users), observed("orders", here.orders)] as const;
  const done = transaction(stores, ([users, orders]) => async () => {
    right(await users.put(++attempt, 1)());
    return await orders.remove(attempt)();
  })();
  await here.clock.advance(100);
  right(await done);
  assertEquals(seen.sort(), [["orders", [2], "committed"], ["users", [2], "committed"]]);
});
