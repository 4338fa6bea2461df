import { assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { promises, shared, source } from "../../mod.ts";
import { nullBackend } from "../../lib/backend/null.ts";
import type { Operation } from "../../lib/protocol/slot.ts";

const stored = { payload: new Uint8Array(1), age: 0, fresh: Infinity, until: Infinity };

/** A reader that loads and fills, two writers at once, and whoever looks afterwards. */
const life: ReadonlyArray<Operation<Uint8Array>> = [
  { _tag: "look" },
  { _tag: "claim", owner: "Ann" },
  { _tag: "fill", owner: "Ann", generation: 0, stored },
  { _tag: "lock", token: "t1" },
  { _tag: "lock", token: "t2" },
  { _tag: "unlock", token: "t1", generation: 0, written: stored },
  { _tag: "unlock", token: "t2", generation: 0, written: undefined },
  { _tag: "refresh", owner: "Ann", which: "any" },
  { _tag: "release", owner: "Ann", generation: 0, pass: 1 },
  { _tag: "look" },
];

Deno.test("D29 a null backend lets every reader pass and every writer be alone, and keeps nothing", async () => {
  await using backend = nullBackend();
  const call = { within: 0, lease: 1_000, level: "strict" } as const;
  const replies = await backend.run(life.map((operation) => ({ slot: "a", operation })), call)();
  assertEquals(
    replies.map(({ _tag }) => _tag),
    ["Pass", "Pass", "Refused", "Locked", "Locked", "Cleared", "Cleared", "Pass", "Refused", "Pass"],
  );
});

Deno.test("D29 switching caching off is choosing it: every read loads, every write writes", async () => {
  const rows = new Map([["a", 1]]);
  let loads = 0;
  await using store = promises(pipe(
    source<string, number>({
      load: (keys) => {
        loads++;
        return Promise.resolve(keys.map((key) => rows.get(key)));
      },
      save: (changes) => {
        for (const { key, value } of changes) if (value._tag === "Some") rows.set(key, value.value);
        return Promise.resolve();
      },
    }),
    shared({ backend: nullBackend(), name: "off", codec: t.number, ttl: "1h", grace: "1h" }),
  ));
  assertEquals([await store.get("a"), await store.get("a"), loads], [1, 1, 2]);
  await store.put("a", 2);
  assertEquals([await store.get("a"), loads], [2, 3]);
});
