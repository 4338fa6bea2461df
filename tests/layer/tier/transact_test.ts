import { assertEquals } from "@std/assert";
import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError, Store, Transaction, WriteFailure } from "../../../mod.ts";
import { fromVerbs, memory, shared } from "../../../mod.ts";
import * as t from "io-ts";
import { found, left } from "../../support/results.ts";
import type { World } from "../../support/stack.ts";
import { sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

type Outcome = "committed" | "aborted" | "unknown" | "applied, unknown";

interface Room extends World {
  /** The tier, in front of a source whose transactions end as they are told. */
  readonly store: Store<number, string>;
  /** What the slots were at each commit. */
  readonly atCommit: Array<ReadonlyArray<string>>;
  /** What was read inside, and reached no tier. */
  readonly reads: Array<number>;
}

/** A tier before a source whose attempts end so, one after the other. */
function room(...outcomes: ReadonlyArray<Outcome>): Room {
  const here = world();
  const atCommit: Array<ReadonlyArray<string>> = [];
  const reads: Array<number> = [];
  const origin = fromVerbs<number, string>({
    ...here.texts.store,
    transact:
      <A, Err>(body: (tx: Transaction<number, string>) => () => Promise<Either<Err, A>>) =>
      async (): Promise<Either<WriteFailure<Err>, A>> => {
        let last: Either<WriteFailure<Err>, A> = E.left({ outcome: "aborted", error: conflict });
        for (const outcome of outcomes) {
          const rows = new Map(here.texts.rows);
          const done = await body(transactionOf(rows, reads))();
          if (done._tag === "Left") return E.left({ outcome: "aborted", error: done.left });
          atCommit.push(here.faulty.slots().map(([name, { _tag }]) => `${name.at(-1)} ${_tag}`).sort());
          if (outcome === "committed" || outcome === "applied, unknown") {
            here.texts.rows.clear();
            rows.forEach((text, key) => here.texts.rows.set(key, text));
          }
          if (outcome === "committed") return done;
          last = E.left({ outcome: outcome === "aborted" ? "aborted" : "unknown", error: conflict });
          if (outcome !== "aborted") return last;
        }
        return last;
      },
  });
  const store = shared({
    backend: here.faulty.backend,
    name: "text",
    codec: t.string,
    ttl: "10m",
    onBusy: "bypass",
    clock: here.clock,
    observer: here.observer,
  })(origin);
  return { ...here, store, atCommit, reads };
}

const conflict: CacheError = { _tag: "SourceFailed", cause: "conflict" };

function transactionOf(rows: Map<number, string>, reads: Array<number>): Transaction<number, string> {
  return {
    get: (key) => () => {
      reads.push(key);
      return Promise.resolve(E.right(O.fromNullable(rows.get(key))));
    },
    put: (key, value) => () => {
      // A constraint that the database would check.
      if (value === "refused") return Promise.resolve(E.left(conflict));
      rows.set(key, value);
      return Promise.resolve(E.right(undefined));
    },
    remove: (key) => () => {
      rows.delete(key);
      return Promise.resolve(E.right(undefined));
    },
  };
}

/** Moves a text from one key to another. */
function move(
  from: number,
  to: number,
): (tx: Transaction<number, string>) => () => Promise<Either<CacheError, string>> {
  return (tx) => async () => {
    const text = found(await tx.get(from)()) ?? "";
    await tx.put(to, text)();
    await tx.remove(from)();
    return E.right(text);
  };
}

Deno.test("S24 reads inside a transaction go to the source's transaction, and touch no tier", async () => {
  const { store, faulty, reads, texts } = room("committed");
  await store.get(1)();
  faulty.calls.length = 0;
  const done = await store.transact((tx) => async () => E.right(found(await tx.get(1)())))();
  assertEquals(done, E.right("one"));
  assertEquals([reads, faulty.calls.length, texts.loads.length], [[1], 0, 1]);
});

Deno.test("S24 reads inside a transaction pass the tier of this process as well, which neither answers nor learns", async () => {
  const { store, faulty, reads, clock } = room("committed");
  const above = memory({ capacity: 10, ttl: "1m", clock })(store);
  await above.get(1)();
  faulty.calls.length = 0;
  const done = await above.transact((tx) => async () => {
    await tx.put(1, "uno")();
    const inside = [found(await tx.get(1)()), found(await tx.get(2)())];
    return E.right([...inside, above.peek(1), above.peek(2), faulty.calls.length]);
  })();
  assertEquals(done, E.right(["uno", "two", O.some(O.some("one")), O.none, 0]));
  assertEquals(reads, [1, 2]);
  assertEquals(above.peek(2), O.none);
});

Deno.test("S25 keys written inside are locked together, after the body succeeded and before the commit", async () => {
  const { store, faulty, atCommit } = room("committed");
  await store.getMany([1, 2, 3])();
  faulty.calls.length = 0;
  let during = -1;
  const done = await store.transact((tx) => async () => {
    const moved = await move(1, 2)(tx)();
    during = faulty.calls.length;
    return moved;
  })();
  assertEquals([done, during], [E.right("one"), 0]);
  assertEquals(atCommit, [["1 Locked", "2 Locked", "3 Held"]]);
  assertEquals(faulty.calls.map((call) => call.map(({ operation }) => operation._tag)), [["lock", "lock"], [
    "unlock",
    "unlock",
  ]]);
  assertEquals([found(await store.get(1)()), found(await store.get(2)())], [undefined, "one"]);
});

Deno.test("S26 a body that fails, or that the tier cannot carry, touches no tier", async () => {
  const { store, faulty, texts } = room("committed");
  await store.get(1)();
  faulty.calls.length = 0;
  const failed = left(await store.transact((tx) => async () => (await tx.put(1, "uno")(), E.left("no")))());
  assertEquals(failed, { outcome: "aborted", error: "no" });
  const refused = left(await store.transact((tx) => tx.put(1, 1 as never))());
  assertEquals([refused.outcome, (refused.error as CacheError)._tag], ["aborted", "ValueRefused"]);
  assertEquals([faulty.calls.length, texts.rows.get(1)], [0, "one"]);
});

Deno.test("S27 an attempt aborted for certain unlocks before the next, which takes new tokens; none is left locked", async () => {
  const { store, faulty, atCommit } = room("aborted", "aborted", "committed");
  let attempt = 0;
  const seen: Array<ReadonlyArray<string>> = [];
  const done = await store.transact((tx) => async () => {
    seen.push(faulty.slots().map(([, { _tag }]) => _tag));
    // Another key each time: what any attempt touched must not stay locked.
    await tx.put(++attempt, "new")();
    return E.right(attempt);
  })();
  assertEquals(done, E.right(3));
  assertEquals(seen, [[], [], []]);
  assertEquals(atCommit, [["1 Locked"], ["2 Locked"], ["3 Locked"]]);
  const tokens = faulty.calls.flat().flatMap(({ operation }) => operation._tag === "lock" ? [operation.token] : []);
  assertEquals(new Set(tokens).size, 3);
  assertEquals(faulty.slots().map(([, { _tag }]) => _tag), ["Held"]);
});

Deno.test("S27 after the last attempt was aborted nothing is locked", async () => {
  const { store, faulty } = room("aborted", "aborted");
  assertEquals(left(await store.transact(move(1, 2))()), { outcome: "aborted", error: conflict });
  assertEquals(faulty.slots(), []);
});

Deno.test("S28 a commit of unknown outcome keeps all locks", async () => {
  for (const outcome of ["unknown", "applied, unknown"] as const) {
    const { store, faulty, events, clock } = room(outcome, "committed");
    const failed = left(await store.transact(move(1, 2))());
    assertEquals(failed, { outcome: "unknown", error: conflict });
    assertEquals(faulty.slots().map(([, { _tag }]) => _tag), ["Locked", "Locked"]);
    assertEquals(events.map(({ _tag }) => _tag), ["LockLeft"]);
    await clock.advance(10_000);
    assertEquals(found(await store.get(2)()), outcome === "unknown" ? "two" : "one");
  }
});

Deno.test("S29 a write inside a body that goes around the transaction locks its key all the same", async () => {
  const { store, faulty } = room("committed");
  const locked: Array<string> = [];
  await store.transact((tx) => async () => {
    await store.mutate([3], () => () => {
      locked.push(...faulty.slots().map(([name, { _tag }]) => `${name.at(-1)} ${_tag}`));
      return Promise.resolve(E.right(undefined));
    })();
    return await move(1, 2)(tx)();
  })();
  assertEquals(locked, ["3 Locked"]);
});

Deno.test("what a transaction publishes is what its source has, whatever became of its puts", async () => {
  const bodies: ReadonlyArray<readonly [string, (tx: Transaction<number, string>) => Promise<unknown>, string]> = [
    ["one that failed", (tx) => tx.put(1, "refused")(), "one"],
    ["one that was never run", (tx) => tx.put(2, "other")().then(() => tx.put(1, "never")), "one"],
    ["two that were run in another order", (tx) => {
      const [first, second] = [tx.put(1, "A"), tx.put(1, "B")];
      return second().then(first);
    }, "A"],
  ];
  for (const [name, body, expected] of bodies) {
    const { store, texts } = room("committed");
    await store.get(1)();
    assertEquals((await store.transact((tx) => async () => E.right(void await body(tx)))())._tag, "Right", name);
    assertEquals([found(await store.get(1)()), texts.rows.get(1)], [expected, expected], name);
  }
});

Deno.test("S25 a put after the body's end is refused, since nobody would lock its key", async () => {
  const { store, texts } = room("committed");
  const kept: Array<Transaction<number, string>> = [];
  await store.transact((tx) => {
    kept.push(tx);
    return tx.put(1, "uno");
  })();
  assertEquals(left(await kept[0]!.put(2, "due")()), { _tag: "Closed", what: "the transaction" });
  assertEquals(texts.rows.get(2), "two");
});

Deno.test("S26 a body that ends after its source gave it up locks nothing", async () => {
  const here = world();
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => end = resolve);
  const origin = fromVerbs<number, string>({
    ...here.texts.store,
    transact: <A, Err>(body: (tx: Transaction<number, string>) => () => Promise<Either<Err, A>>) => () => {
      void body(transactionOf(new Map(), []))();
      return Promise.resolve<Either<WriteFailure<Err>, A>>(E.left({ outcome: "aborted", error: conflict }));
    },
  });
  const store = shared({ backend: here.faulty.backend, name: "text", codec: t.string, ttl: "10m", clock: here.clock })(
    origin,
  );
  const failed = left(
    await store.transact((tx) => async () => {
      await tx.put(1, "late")();
      await ended;
      return E.right(undefined);
    })(),
  );
  assertEquals(failed, { outcome: "aborted", error: conflict });
  end();
  await turn();
  assertEquals(here.faulty.calls.length, 0);
});

Deno.test("S16 a transaction whose lock is refused does not commit", async () => {
  const { store, faulty, atCommit, texts } = room("committed");
  faulty.inject("lock", "not applied");
  const failed = left(await store.transact(move(1, 2))());
  assertEquals([failed.outcome, (failed.error as CacheError)._tag], ["aborted", "LockNotPlaced"]);
  assertEquals([atCommit, texts.rows.get(1)], [[], "one"]);
});

Deno.test("S25 every tier of a stack guards its slots, those above first", async () => {
  const { store, faulty, clock, atCommit } = room("committed");
  const above = memory({ capacity: 10, ttl: "1m", clock })(store);
  await above.getMany([1, 2])();
  const locking = faulty.inject("lock", "held");
  const moving = above.transact(move(1, 2))();
  await turn();
  assertEquals([above.peek(1), above.peek(2), atCommit], [O.none, O.none, []]);
  await locking.deliver();
  assertEquals(await moving, E.right("one"));
  assertEquals(atCommit, [["1 Locked", "2 Locked"]]);
  assertEquals(above.peek(1), O.none);
  assertEquals([found(await above.get(1)()), found(await above.get(2)())], [undefined, "one"]);
  assertEquals(faulty.slots().every(([, { _tag }]) => _tag === "Held"), true);
});

Deno.test("a transaction of a closed tier, or on a source without them, is aborted and says why", async () => {
  const here = world();
  const store = sharedTexts(here);
  assertEquals(left(await store.transact(move(1, 2))()).error, {
    _tag: "Unsupported",
    operation: "transact",
    instead: "its source has no transactions; use mutate around the write",
  });
  await store.close();
  assertEquals(left(await store.transact(move(1, 2))()), {
    outcome: "aborted",
    error: { _tag: "Closed", what: "text" },
  });
  await turn();
});
