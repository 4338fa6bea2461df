import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { openProxy } from "../../lib/task/bench/counting_proxy.ts";
import type { Store } from "../../mod.ts";
import { shared, source, transaction } from "../../mod.ts";
import { redisTest } from "../servers/redis.ts";
import { ledger } from "../source/held_transaction.ts";
import { right } from "../support/results.ts";

redisTest(
  "S25 a transaction of many keys in several stores takes one round trip before its commit, and one after",
  async ({ url, prefix }) => {
    await using proxy = openProxy(url);
    await using backend = redisBackend({ url: proxy.url });
    const bank = ledger();
    const storeOf = (name: string): Store<string, number> =>
      pipe(
        source<string, number>({
          load: (keys) => Promise.resolve(keys.map((key) => bank.rows.get(key))),
          commit: "30s",
          transaction: { ...bank.options, joining: { place: [bank], join: (attempt) => attempt as never } },
        }),
        shared({ backend, name: `${prefix}${name}`, codec: t.number, ttl: "60s", lease: "1m" }),
      );
    const [users, orders] = [storeOf("user"), storeOf("order")];
    // The greeting of the connection is no part of what is counted.
    right(await users.get("another")());
    const committing = Promise.withResolvers<void>();
    const commit = Promise.withResolvers<void>();
    bank.plan.set("commit", [() => (committing.resolve(), commit.promise)]);
    let done: Promise<unknown> = Promise.resolve();
    const before = await proxy.count(async () => {
      done = transaction([users, orders], ([user, order]) => async () => {
        for (let i = 0; i < 20; i++) {
          right(await user.put(`u${i}`, i)());
          right(await order.put(`o${i}`, i)());
        }
        return E.right(bank.rows.size);
      })().then((ended) => assertEquals(right(ended), 0));
      await committing.promise;
    });
    const after = await proxy.count(async () => {
      commit.resolve();
      await done;
    });
    assertEquals([before, after, bank.rows.size], [1, 1, 40]);
  },
);
