import { pipe } from "fp-ts/lib/function.js";
import { assertEquals, assertRejects } from "@std/assert";
import type { CacheError } from "../mod.ts";
import {
  batch,
  CacheReadError,
  CacheWriteError,
  promisedTransaction,
  promises,
  showCacheError,
  source,
} from "../mod.ts";
import { fail, Failed, ledger } from "./source/held_transaction.ts";
import { stand } from "./transaction/support.ts";
import { batchIn, memoryIn, sharedTexts, world } from "./support/stack.ts";
import { turn } from "./support/turn.ts";

Deno.test("a store as promises reads, writes and peeks, with undefined for absent", async () => {
  const here = world();
  await using cache = promises(pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here))));
  assertEquals(cache.peek(1), { found: false, value: undefined });
  assertEquals([await cache.get(1), await cache.get(7)], ["one", undefined]);
  assertEquals([cache.peek(1), cache.peek(7)], [{ found: true, value: "one" }, { found: true, value: undefined }]);
  assertEquals(await cache.getMany([2, 7, 1, 2]), ["two", undefined, "one", "two"]);
  await cache.put(7, "seven");
  await cache.remove(1);
  assertEquals(await cache.getMany([7, 1]), ["seven", undefined]);
  here.texts.rows.set(2, "changed behind");
  await cache.invalidate([2]);
  assertEquals(await cache.get(2), "changed behind");
});

Deno.test("a mutate as a promise returns the write's result, and its rejection carries the outcome and the cause", async () => {
  const here = world();
  const cache = promises(sharedTexts(here));
  const given = await cache.mutate([1], (within) => Promise.resolve(within.left() as number));
  assertEquals(given, 5_000);
  const cause = new Error("constraint");
  const reject = () => Promise.reject(cause);
  for (const [options, outcome] of [[{}, "unknown"], [{ outcomeOf: () => "aborted" as const }, "aborted"]] as const) {
    const error = await assertRejects(() => cache.mutate([2], reject, options), CacheWriteError);
    assertEquals([error.outcome, error.cause, error.name], [outcome, cause, "CacheWriteError"]);
    assertEquals(error.message, `The source failed: constraint (${outcome})`);
  }
});

Deno.test("a failing read rejects with its cause, and so does a closed store", async () => {
  const here = world();
  const cache = promises(sharedTexts(here));
  here.texts.hold("loads");
  const reading = cache.get(1);
  const rejected = assertRejects(() => reading, CacheReadError);
  await turn();
  await here.texts.loads[0]!.fail(new Error("down"));
  const error = await rejected;
  assertEquals([error.message, (error.cause as Error).message, error.error._tag], [
    "The source failed: down",
    "down",
    "SourceFailed",
  ]);
  await cache.close();
  const closed = await assertRejects(() => cache.get(1), CacheReadError);
  assertEquals(closed.message, "Cannot use text: it is closed");
});

Deno.test("every error is said in one sentence, without a full stop", () => {
  const errors: ReadonlyArray<CacheError> = [
    { _tag: "SourceFailed", cause: "down" },
    { _tag: "LoaderFault", reason: "expected 2 results, one for each key: received 1", keys: [1, 2] },
    { _tag: "BackendFailed", backend: "redis", reason: "no answer within 1000 ms" },
    { _tag: "LockNotPlaced", tier: "text", reason: "the slot answered Crowded" },
    { _tag: "LeaseTooShort", left: 0.7 as never, needed: 5_000 as never },
    { _tag: "TimedOut", waitingFor: "the source's load" },
    { _tag: "Cancelled" },
    { _tag: "KeyRefused", reason: "at the key: a cycle" },
    { _tag: "ValueRefused", tier: "text", reason: "shape" },
    { _tag: "Unsupported", operation: "put", instead: "use mutate" },
    { _tag: "Closed", what: "the source" },
  ];
  assertEquals(errors.map(showCacheError), [
    "The source failed: down",
    "The loader broke its contract: expected 2 results, one for each key: received 1",
    "The backend redis failed: no answer within 1000 ms",
    "Cannot write through text: a lock was not placed: the slot answered Crowded",
    "Cannot begin a write: expected 5s of its lease for the commit: received 0ms",
    "The deadline passed while waiting for the source's load",
    "The caller's signal was aborted",
    "Cannot encode the key: at the key: a cycle",
    "Cannot store the value in text: shape",
    "Cannot put in this store: use mutate",
    "Cannot use the source: it is closed",
  ]);
});

Deno.test("a cause that cannot be shown does not hide the failure", () => {
  const strange: ReadonlyArray<unknown> = [undefined, null, Symbol("s"), Object.create(null), { toString: 1 }];
  for (const cause of strange) {
    assertEquals(showCacheError({ _tag: "SourceFailed", cause }).startsWith("The source failed: "), true);
  }
});

Deno.test("a transaction as a promise commits what its body did, and rolls back what rejects, with the cause", async () => {
  const bank = ledger({ a: 9 });
  const store = source<string, number>({
    load: (keys) => Promise.resolve(keys.map((key) => bank.rows.get(key))),
    transaction: bank.options,
  });
  const cache = promises(store);
  const left = await cache.transact(async (tx) => {
    await tx.put("a", (await tx.get("a") ?? 0) - 4);
    await tx.remove("b");
    assertEquals(await tx.get("c"), undefined);
    return await tx.get("a");
  });
  assertEquals([left, bank.rows.get("a")], [5, 5]);

  const cause = new Error("no");
  const own = await assertRejects(
    () => cache.transact(async (tx) => (await tx.put("a", 0), await Promise.reject(cause))),
    CacheWriteError,
  );
  assertEquals([own.outcome, own.cause, bank.rows.get("a")], ["aborted", cause, 5]);

  for (const [word, Thrown] of [["get a", CacheReadError], ["put a", CacheWriteError]] as const) {
    bank.plan.set(word, [fail("aborted")]);
    const seen: Array<unknown> = [];
    const failed = await assertRejects(
      () =>
        cache.transact(async (tx) => {
          try {
            await tx.put("a", await tx.get("a") ?? 0);
          } catch (error) {
            seen.push(error instanceof Thrown && error.error._tag);
            throw error;
          }
        }),
      CacheWriteError,
    );
    assertEquals([seen, failed.outcome, failed.cause], [["SourceFailed"], "aborted", new Failed("aborted")]);
  }
});

Deno.test("stores as promises are written in one transaction, and their body's rejection leaves nothing of it", async () => {
  const here = stand({ u1: 9 });
  const [users, orders] = [promises(here.users), promises(here.orders)];
  const done = await promisedTransaction([users, orders], async ([user, order]) => {
    await user.put(1, (await user.get(1) ?? 0) - 4);
    await order.put(7, 4);
    return await order.get(7);
  });
  assertEquals([done, await users.get(1), await orders.get(7)], [4, 5, 4]);
  const cause = new Error("no");
  const failed = await assertRejects(
    () => promisedTransaction([users, orders], async ([user]) => (await user.put(1, 0), await Promise.reject(cause))),
    CacheWriteError,
  );
  assertEquals([failed.outcome, failed.cause, here.bank.rows.get("u1")], ["aborted", cause, 5]);
});
