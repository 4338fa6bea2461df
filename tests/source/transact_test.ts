import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { assertEquals } from "@std/assert";
import type { CacheError, Store, Transaction } from "../../mod.ts";
import { source } from "../../mod.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { withoutRejections } from "../support/rejections.ts";
import { found, left, right } from "../support/results.ts";
import { turn } from "../support/turn.ts";
import type { Ledger } from "./held_transaction.ts";
import { fail, Failed, hang, ledger } from "./held_transaction.ts";

interface Stand {
  readonly clock: VirtualClock;
  readonly store: Store<string, number>;
}

function stand(of: Ledger): Stand {
  const clock = virtualClock();
  const load = (keys: ReadonlyArray<string>) => Promise.resolve(keys.map((key) => of.rows.get(key)));
  return { clock, store: source({ load, transaction: of.options, clock, commit: "1s" }) };
}

type Body<Err, A> = (tx: Transaction<string, number>) => TE.TaskEither<Err, A>;

const transfer: Body<CacheError | "too little", number> = (tx) =>
  pipe(
    tx.get("a"),
    TE.map(O.getOrElse(() => 0)),
    TE.filterOrElseW((had) => had >= 5, () => "too little" as const),
    TE.tap((had) => tx.put("a", had - 5)),
    TE.tap(() => tx.put("b", 5)),
  );

Deno.test("a body reads and writes in the source's transaction, and its answer is that of the transaction", async () => {
  const bank = ledger({ a: 9 });
  const { store, clock } = stand(bank);
  assertEquals(right(await store.transact(transfer)()), 9);
  assertEquals(bank.log, ["begin", "get a", "put a", "put b", "commit"]);
  assertEquals([...bank.rows], [["a", 4], ["b", 5]]);
  assertEquals([bank.deadlines[0]!.at, clock.pending()], [1_000, 0]);
});

Deno.test("a body sees what it wrote and removed, and others do not before the commit", async () => {
  const bank = ledger({ a: 9 });
  const { store } = stand(bank);
  const seen = right(
    await store.transact((tx) => async () => {
      await tx.put("b", 1)();
      await tx.remove("a")();
      return E.right([found(await tx.get("a")()), found(await tx.get("b")()), found(await store.get("a")())]);
    })(),
  );
  assertEquals(seen, [undefined, 1, 9]);
  assertEquals([...bank.rows], [["b", 1]]);
});

Deno.test("a body that fails, or throws, or rejects, is rolled back and never committed, with its own error", async () => {
  const thrown = new Error("thrown");
  const bodies: ReadonlyArray<[Body<string, never>, unknown]> = [
    [(tx) => pipe(tx.put("a", 0), TE.mapError(() => "never"), TE.flatMap(() => TE.left("no"))), "no"],
    [() => {
      throw thrown;
    }, { _tag: "SourceFailed", cause: thrown }],
    [() => () => Promise.reject(thrown), { _tag: "SourceFailed", cause: thrown }],
  ];
  await withoutRejections(async () => {
    for (const [body, error] of bodies) {
      const bank = ledger({ a: 9 });
      const { store, clock } = stand(bank);
      assertEquals(left(await store.transact(body)()), { outcome: "aborted", error });
      assertEquals([bank.log.includes("commit"), bank.log.at(-1)], [false, "rollback"]);
      assertEquals([[...bank.rows], clock.pending()], [[["a", 9]], 0]);
    }
  });
});

Deno.test("an attempt that met another one is rolled back, and the body run anew, whatever failed and whatever it says", async () => {
  const swallowing: Body<never, number> = (tx) => async () => {
    await tx.put("a", 4)();
    return E.right(9);
  };
  for (const word of ["put a", "commit"]) {
    for (const body of [transfer, swallowing]) {
      const bank = ledger({ a: 9 });
      bank.plan.set(word, [fail("conflict"), fail("conflict")]);
      const { store, clock } = stand(bank);
      const done = store.transact<number, unknown>(body)();
      await clock.advance(100);
      assertEquals(right(await done), 9);
      assertEquals(bank.log.filter((each) => ["begin", "commit", "rollback"].includes(each)), [
        ...(word === "commit" ? ["begin", "commit", "rollback"] : ["begin", "rollback"]),
        ...(word === "commit" ? ["begin", "commit", "rollback"] : ["begin", "rollback"]),
        ...["begin", "commit"],
      ]);
      assertEquals(bank.rows.get("a"), 4);
    }
  }
});

Deno.test("attempts are bounded in number and in time, with growing pauses, and then it is aborted", async () => {
  const always = Array.from({ length: 100 }, () => fail("conflict"));
  for (const [attempts, fewest, most] of [[undefined, 5, 5], [1, 1, 1], [3, 3, 3], [1_000, 9, 16]] as const) {
    const bank = ledger({ a: 9 }, attempts);
    bank.plan.set("commit", [...always]);
    const { store, clock } = stand(bank);
    const begun: Array<number> = [];
    bank.plan.set("begin", always.map(() => () => void begun.push(clock.now())));
    const done = store.transact(transfer)();
    await clock.advance(1_000);
    const { outcome, error } = left(await done);
    assertEquals([outcome, error], ["aborted", { _tag: "SourceFailed", cause: new Failed("conflict") }]);
    const pauses = begun.slice(1).map((at, i) => at - begun[i]!);
    pauses.forEach((pause, i) => {
      const longest = Math.min(5 * 2 ** i, 200);
      assertEquals(pause >= longest / 2 && pause <= longest, true, `pause ${i}: ${pause}`);
    });
    assertEquals(begun.length >= fewest && begun.length <= most, true, `${begun.length} attempts`);
    assertEquals([bank.rows.get("a"), clock.pending()], [9, 0]);
  }
});

Deno.test("a commit that failed is aborted only where the source is certain, and never repeated where nobody knows", async () => {
  for (const [as, expected] of [["aborted", "aborted"], ["unknown", "unknown"]] as const) {
    const bank = ledger({ a: 9 });
    bank.plan.set("commit", [fail(as)]);
    const { store } = stand(bank);
    const { outcome, error } = left(await store.transact(transfer)());
    assertEquals([outcome, error], [expected, { _tag: "SourceFailed", cause: new Failed(as) }]);
    assertEquals(bank.log.filter((word) => word === "begin").length, 1);
  }
  // Applied, and reported as failed by a source that judges nothing.
  const bank = ledger({ a: 9 });
  const { store } = stand({
    ...bank,
    options: {
      begin: async (within) => {
        const { get, put, remove, commit, rollback } = await bank.begin(within);
        return { get, put, remove, commit, rollback };
      },
    },
  });
  bank.plan.set("committed", [fail("conflict")]);
  assertEquals(left(await store.transact(transfer)()).outcome, "unknown");
  assertEquals([bank.rows.get("a"), bank.log.filter((word) => word === "begin").length], [4, 1]);
});

Deno.test("a judgement that throws leaves a commit unknown, and anything before it aborted", async () => {
  for (const [word, expected] of [["commit", "unknown"], ["put a", "aborted"]] as const) {
    const bank = ledger({ a: 9 });
    bank.plan.set(word, [fail("conflict")]);
    const { store } = stand({
      ...bank,
      options: {
        begin: (within) => async () => {
          const begun = await bank.begin(within);
          const failureOf = () => {
            throw new Error("no idea");
          };
          return E.right({ ...begun, failureOf });
        },
      },
    });
    assertEquals(left(await store.transact(transfer)()).outcome, expected);
  }
});

Deno.test("a transaction that cannot begin, or not in time, is aborted; what begins too late is rolled back", async () => {
  const bank = ledger();
  bank.plan.set("begin", [fail("conflict")]);
  const first = stand(bank);
  assertEquals(left(await first.store.transact(transfer)()).outcome, "aborted");
  assertEquals(bank.log, ["begin"]);

  let begin = (): void => {};
  bank.plan.set("begin", [() => new Promise((resolve) => begin = resolve)]);
  const second = stand(bank);
  const done = second.store.transact(transfer)();
  await second.clock.advance(1_000);
  assertEquals(left(await done), {
    outcome: "aborted",
    error: { _tag: "TimedOut", waitingFor: "the source's transaction to begin" },
  });
  begin();
  await turn();
  assertEquals(bank.log, ["begin", "begin", "rollback"]);
});

Deno.test("a body that never ends is rolled back at the deadline, and can do nothing afterwards", async () => {
  const bank = ledger({ a: 9 });
  const { store, clock } = stand(bank);
  let go = (): void => {};
  const afterwards: Array<unknown> = [];
  const done = store.transact<void, never>((tx) => async () => {
    await new Promise<void>((resolve) => go = resolve);
    afterwards.push(await tx.put("a", 0)(), await tx.get("a")());
    return E.right(undefined);
  })();
  await clock.advance(999);
  assertEquals(bank.log, ["begin"]);
  await clock.advance(1);
  assertEquals(left(await done), {
    outcome: "aborted",
    error: { _tag: "TimedOut", waitingFor: "the transaction's body" },
  });
  go();
  await turn();
  const closed = E.left({ _tag: "Closed", what: "the transaction" });
  assertEquals([afterwards, bank.log, bank.deadlines[0]!.signal.aborted], [
    [closed, closed],
    ["begin", "rollback"],
    true,
  ]);
});

Deno.test("a commit that is not answered in time is unknown, and is left alone", async () => {
  const bank = ledger({ a: 9 });
  bank.plan.set("committed", [hang]);
  const { store, clock } = stand(bank);
  const done = store.transact(transfer)();
  await clock.advance(1_000);
  assertEquals(left(await done), {
    outcome: "unknown",
    error: { _tag: "TimedOut", waitingFor: "the source's commit" },
  });
  assertEquals([bank.log.at(-1), bank.rows.get("a")], ["commit", 4]);
});

Deno.test("what a body began and did not wait for is over before the commit", async () => {
  const bank = ledger();
  const { store } = stand(bank);
  let release = (): void => {};
  bank.plan.set("put a", [() => new Promise((resolve) => release = resolve)]);
  const done = store.transact((tx) => {
    void tx.put("a", 1)();
    return TE.right(undefined);
  })();
  await turn();
  assertEquals(bank.log, ["begin", "put a"]);
  release();
  right(await done);
  assertEquals([bank.log.at(-1), bank.rows.get("a")], ["commit", 1]);
});

Deno.test("a source with transactions and no save saves by a transaction, within the write's deadline", async () => {
  const bank = ledger({ a: 9 });
  const { store, clock } = stand(bank);
  right(await store.put("b", 1)());
  right(await store.remove("a")());
  assertEquals([...bank.rows], [["b", 1]]);
  bank.plan.set("commit", [fail("unknown")]);
  assertEquals(left(await store.put("b", 2)()).outcome, "unknown");
  bank.plan.set("put b", [fail("aborted")]);
  assertEquals(left(await store.put("b", 2)()), {
    outcome: "aborted",
    error: { _tag: "SourceFailed", cause: new Failed("aborted") },
  });
  assertEquals([clock.pending(), bank.deadlines.map(({ at }) => at)], [0, [1_000, 1_000, 1_000, 1_000]]);
});

Deno.test("a closed source begins no transaction, and closing waits for those under way, then closes what it holds", async () => {
  const bank = ledger();
  const clock = virtualClock();
  const closed: Array<string> = [];
  const store = source({
    load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map((key) => bank.rows.get(key))),
    transaction: bank.options,
    clock,
    close: () => (closed.push(bank.log.at(-1) ?? "nothing"), Promise.reject(new Error("already closed"))),
  });
  const done = store.transact((tx) => tx.put("a", 1))();
  const closing = Promise.all([store.close(), store.close()]);
  const { outcome, error } = left(await store.transact((tx) => tx.put("a", 2))());
  assertEquals([outcome, error], ["aborted", { _tag: "Closed", what: "the source" }]);
  right(await done);
  await closing;
  assertEquals([closed, bank.rows.get("a"), clock.pending()], [["commit"], 1, 0]);
});
