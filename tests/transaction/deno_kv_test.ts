import * as E from "fp-ts/lib/Either.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import { denoKvSource } from "../../lib/source/deno_kv.ts";
import { transaction } from "../../mod.ts";
import { found, left, right } from "../support/results.ts";

Deno.test("Deno KV: stores of one database are written in one atomic operation, checked for what both read", async () => {
  using kv = await Deno.openKv(":memory:");
  using other = await Deno.openKv(":memory:");
  const numbers = (kind: string, on = kv) => denoKvSource<string, number>({ kv: on, at: (name) => [kind, name] });
  await using accounts = numbers("account");
  await using orders = numbers("order");
  await using strange = numbers("order", other);
  right(await accounts.put("ada", 9)());
  let bodies = 0;
  const done = await transaction([accounts, orders], ([account, order]) => async () => {
    bodies++;
    const had = found(await account.get("ada")()) ?? 0;
    const price = found(await order.get("7")()) ?? 4;
    right(await account.put("ada", had - price)());
    right(await order.put("7", price + 1)());
    // Behind the first body's back.
    if (bodies === 1) await kv.set(["order", "7"], 5);
    return E.right(price);
  })();
  assertEquals([right(done), bodies], [5, 2]);
  assertEquals([found(await accounts.get("ada")()), found(await orders.get("7")())], [4, 6]);

  const refused = left(
    await transaction(
      [accounts, orders],
      ([account, order]) => pipe(account.put("ada", 0), TE.flatMap(() => order.put("x".repeat(3_000), 1))),
    )(),
  );
  assertEquals([refused.outcome, found(await accounts.get("ada")())], ["aborted", 4]);
  const elsewhere = left(await transaction([accounts, strange], () => () => Promise.resolve(E.right(1)))());
  assertEquals([elsewhere.outcome, elsewhere.error._tag], ["aborted", "Unsupported"]);
});
