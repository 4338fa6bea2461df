import { assert, assertEquals } from "@std/assert";
import * as t from "io-ts";
import type { Operation, Reply } from "../../../lib/protocol/slot.ts";
import { shared, source } from "../../../mod.ts";
import { found, right } from "../../support/results.ts";
import type { World } from "../../support/stack.ts";
import { sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

Deno.test("S07 an entry in another shape is a miss, is counted, and is healed by the next fill", async () => {
  const here = world();
  const format = { backend: here.faulty.backend, name: "text", ttl: "10m", clock: here.clock } as const;
  const lengths = source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(() => 3)) });
  right(await shared({ ...format, codec: t.number })(lengths).get(1)());
  await assertHealed(here);
});

Deno.test("S07 bytes that are no entry at all are misses, are counted, and are healed by the next fill", async () => {
  for (
    const bytes of [[], [0xff, 0, 0, 1], [0x30, 0, 0, 1], [0x11, 0, 0, 1, 2, 3, 4, 5], [0x10, 0, 0, 0xff], [0, 0, 0, 1]]
  ) {
    const here = world();
    await plant(here, "lamina:text:0:1", Uint8Array.from(bytes));
    await assertHealed(here);
  }
});

/** Puts bytes into a slot, as a broken or foreign writer might. */
async function plant({ faulty: { backend } }: World, slot: string, payload: Uint8Array): Promise<void> {
  const ask = async (operation: Operation<Uint8Array>): Promise<Reply<Uint8Array>> =>
    (await backend.run([{ slot, operation }], { within: 1_000, lease: 10_000, level: "pinned" })())[0]!;
  const claimed = await ask({ _tag: "claim", owner: "stranger" });
  assert(claimed._tag === "Mine");
  const stored = { payload, age: 0, fresh: 60_000, until: 60_000 };
  const filled = await ask({ _tag: "fill", owner: "stranger", generation: claimed.generation, stored });
  assertEquals(filled._tag, "Filled");
}

async function assertHealed(here: World): Promise<void> {
  const texts = sharedTexts(here);
  for (const expected of ["Filled", "HitShared"]) {
    const entry = right((await texts.entries([1])())[0]!);
    assertEquals([entry.value, entry.verdict._tag], [{ _tag: "Some", value: "one" }, expected]);
  }
  assertEquals(here.events.map(({ _tag }) => _tag), ["Unreadable"]);
}

Deno.test("S10 a value too large for the tier is returned, not cached, and its readers do not wait for each other", async () => {
  const here = world({ 1: "x".repeat(100) });
  const texts = sharedTexts(here, { maxBytes: 50, compress: "never" });
  assertEquals(found(await texts.get(1)()), "x".repeat(100));
  here.texts.hold("loads");
  const both = [texts.entries([1])(), texts.entries([1])()];
  await turn();
  assertEquals(here.texts.loads.length, 3);
  assertEquals(here.faulty.slots().filter(([, slot]) => slot._tag === "Claimed"), []);
  for (const load of here.texts.loads) await load.release();
  for (const [entry] of await Promise.all(both)) assertEquals(right(entry!).verdict.because, "Pass");
  assertEquals(here.events.map(({ _tag }) => _tag), ["Unstorable"]);
});

Deno.test("S11 a ttl by value decides whether an entry is cached, and for how long", async () => {
  const here = world({ 1: "never", 2: "short", 3: "forever" });
  const texts = sharedTexts(here, {
    ttl: (text) =>
      text._tag === "None" ? "1s" : text.value === "never" ? "do not store" : text.value === "short" ? "1s" : "forever",
  });
  const verdicts = async (): Promise<ReadonlyArray<string>> =>
    (await texts.entries([1, 2, 3, 4])()).map((entry) => right(entry).verdict._tag);
  assertEquals(await verdicts(), ["Withheld", "Filled", "Filled", "Filled"]);
  assertEquals(await verdicts(), ["Bypassed", "HitShared", "HitShared", "HitShared"]);
  await here.clock.advance(1_000);
  assertEquals(await verdicts(), ["Bypassed", "Filled", "HitShared", "Filled"]);
  await here.clock.advance(1e12);
  assertEquals((await verdicts())[2], "HitShared");
});
