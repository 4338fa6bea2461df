import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { denoKvBackend } from "../../lib/backend/deno_kv.ts";
import { denoKvSource } from "../../lib/source/deno_kv.ts";
import { shared } from "../../mod.ts";
import { found, left, right } from "../support/results.ts";

Deno.test("a value above the limit of a source in Deno KV: aborted, nothing written, no lock left in the tier", async () => {
  using kv = await Deno.openKv(":memory:");
  await using backend = denoKvBackend({ kv, at: ["cache"] });
  await using texts = pipe(
    denoKvSource<string, string>({ kv, at: (name) => ["text", name], decode: String }),
    shared({ backend, name: "text", codec: t.string, ttl: "10m", compress: "never" }),
  );
  right(await texts.put("a", "small")());
  const { outcome, error } = left(await texts.put("a", "x".repeat(70_000))());
  assertEquals([outcome, error._tag], ["aborted", "SourceFailed"]);
  assert(error._tag === "SourceFailed" && String(error.cause).includes("Value too large (max 65536 bytes)"));
  assertEquals((await kv.get(["text", "a"])).value, "small");
  // A lock that was left would keep the tier from storing.
  assertEquals(found(await texts.get("a")()), "small");
  assertEquals(right((await texts.entries(["a"])())[0]!).verdict._tag, "HitShared");
});

Deno.test("a transaction in Deno KV, behind a tier in Deno KV, is seen by every read after it", async () => {
  using kv = await Deno.openKv(":memory:");
  await using backend = denoKvBackend({ kv, at: ["cache"] });
  await using counts = pipe(
    denoKvSource<string, number>({ kv, at: (name) => ["count", name], decode: Number }),
    shared({ backend, name: "count", codec: t.number, ttl: "10m" }),
  );
  for (const name of ["a", "b"]) right(await counts.put(name, 10)());
  right(
    await counts.transact((tx) => async () => {
      right(await tx.put("a", 7)());
      return await tx.put("b", 13)();
    })(),
  );
  assertEquals([found(await counts.get("a")()), found(await counts.get("b")())], [7, 13]);
});
