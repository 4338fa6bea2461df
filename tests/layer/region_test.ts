import { assert, assertEquals, assertThrows } from "@std/assert";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { SharedOptions, Store } from "../../mod.ts";
import { nullBackend, shared } from "../../mod.ts";
import type { Operation } from "../../lib/protocol/slot.ts";
import { found, left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

type Options = Partial<SharedOptions<string>>;

const region: Options = { epoch: "every read", onBusy: "wait", ttl: "10m" };

/** Rows that were changed behind the store's back. */
function change({ texts }: World): void {
  for (const [key, text] of [...texts.rows]) texts.rows.set(key, text.toUpperCase());
}

async function verdictOf(store: Store<number, string>, key = 1): Promise<string> {
  return right((await store.entries([key])())[0]!).verdict._tag;
}

Deno.test("D26 a region is invalidated hard: nothing of before is used any more, by any store that shares it", async () => {
  const here = world();
  const [one, other] = [sharedTexts(here, region), sharedTexts(here, region)];
  await one.getMany([1, 2, 3])();
  assertEquals(found(await other.get(1)()), "one");
  assertEquals(here.texts.loads.length, 1);
  change(here);
  assertEquals((await one.invalidateAll()())._tag, "Right");
  assertEquals([found(await other.get(1)()), found(await one.get(2)())], ["ONE", "TWO"]);
  assertEquals(found(await other.get(2)()), "TWO");
  assertEquals(here.texts.loads.length, 3);
});

Deno.test("D26 a region is invalidated softly: what is there is served while one renews it", async () => {
  const here = world();
  const [one, other] = [sharedTexts(here, region), sharedTexts(here, region)];
  await one.getMany([1, 2])();
  change(here);
  await one.invalidateAll({ mode: "soft" })();
  here.texts.hold("loads");
  assertEquals(await verdictOf(other), "Stale");
  assertEquals(found(await one.get(1)()), "one");
  assertEquals(here.texts.loads.length, 2);
  await here.texts.loads[1]!.release();
  await turn();
  assertEquals(found(await other.get(1)()), "ONE");
  assertEquals(await verdictOf(one), "HitShared");
});

for (const mode of ["hard", "soft"] as const) {
  Deno.test(`D26 X01 a ${mode} invalidation during a load is not undone by that load's fill, on any node`, async () => {
    const here = world();
    const [one, other] = [sharedTexts(here, region), sharedTexts(here, region)];
    here.texts.hold("loads");
    const loading = one.entries([1])();
    const many = one.getMany([2, 3])();
    await turn();
    change(here);
    assertEquals((await other.invalidateAll({ mode })())._tag, "Right");
    // A read that begins afterwards and waits for the load under way does not take what that brings.
    const waiter = one.get(1)();
    await turn();
    here.texts.flow("loads");
    for (const { release } of here.texts.loads) await release();
    assertEquals(right((await loading)[0]!).verdict._tag, "Overtaken");
    await many;
    if (mode === "hard") assertEquals(found(await waiter), "ONE");
    await waiter;
    await turn();
    for (const store of [one, other]) {
      for (const [key, text] of [[1, "ONE"], [2, "TWO"], [3, "THREE"]] as const) {
        if (mode === "soft") {
          await store.get(key)();
          await turn();
        }
        assertEquals(found(await store.get(key)()), text);
      }
    }
  });
}

Deno.test("a tier of this process above a region forgets with it, and stores nothing of a load under way", async () => {
  for (const mode of ["hard", "soft"] as const) {
    const here = world();
    const below = sharedTexts(here, region);
    const store = memoryIn(here, { onBusy: "wait" })(below);
    await store.get(1)();
    here.texts.hold("loads");
    const loading = store.get(2)();
    await turn();
    change(here);
    await store.invalidateAll({ mode })();
    here.texts.flow("loads");
    for (const { release } of here.texts.loads) await release();
    await loading;
    await turn();
    assertEquals(store.peek(1)._tag, "None");
    for (const [key, text] of [[1, "ONE"], [2, "TWO"]] as const) {
      // A soft one serves the old value until it is renewed, here and below.
      for (let i = 0; mode === "soft" && i < 3; i++) {
        await store.get(key)();
        await turn();
      }
      assertEquals(found(await store.get(key)()), text, `${mode} ${key}`);
    }
  }
});

Deno.test("D26 a soft invalidation leaves what a tier of this process has in its grace, a hard one leaves nothing", async () => {
  for (const mode of ["soft", "hard"] as const) {
    const here = world();
    const store = memoryIn(here, { ttl: "1m", grace: "1m", onBusy: "wait" })(sharedTexts(here, region));
    for (let i = 0; i < 3; i++) await store.get(1)();
    assertEquals(await verdictOf(store), "HitMemory");
    change(here);
    right(await store.invalidateAll({ mode })());
    here.texts.hold("loads");
    const reading = store.entries([1])();
    await turn();
    for (const { release } of here.texts.loads) await release();
    const { value, verdict } = right((await reading)[0]!);
    assertEquals(
      [O.toUndefined(value), verdict._tag, verdict.tier],
      mode === "soft" ? ["one", "Stale", "memory"] : [
        "ONE",
        "Filled",
        "text",
      ],
    );
  }
});

Deno.test("a tier of this process alone is a region without further ado", async () => {
  const here = world();
  const store = memoryIn(here, { onBusy: "wait" })(here.texts.store);
  await store.getMany([1, 2])();
  change(here);
  assertEquals((await store.invalidateAll()())._tag, "Right");
  assertEquals(found(await store.get(1)()), "ONE");
});

Deno.test("what a writer published before an invalidation is of the old world as well", async () => {
  const here = world();
  const store = sharedTexts(here, region);
  here.texts.hold("saves");
  const writing = store.put(1, "uno")();
  await turn();
  await store.invalidateAll()();
  await here.texts.saves[0]!.commit();
  here.texts.flow("saves");
  assertEquals((await writing)._tag, "Right");
  here.texts.rows.set(1, "behind its back");
  assertEquals(found(await store.get(1)()), "behind its back");
  await store.put(2, "due")();
  const loads = here.texts.loads.length;
  assertEquals(found(await store.get(2)()), "due");
  assertEquals(here.texts.loads.length, loads);
});

Deno.test("nor does a writer under way publish into the new world of a tier of this process", async () => {
  for (const mode of ["hard", "soft"] as const) {
    const here = world();
    const store = memoryIn(here)(here.texts.store);
    here.texts.hold("saves");
    const writing = store.put(1, "uno")();
    await turn();
    await store.invalidateAll({ mode })();
    await here.texts.saves[0]!.commit();
    await writing;
    here.texts.rows.set(1, "behind its back");
    assertEquals(found(await store.get(1)()), "behind its back");
  }
});

Deno.test("an epoch that was evicted or flushed is created new, and never one that was before", async () => {
  const here = world();
  const store = sharedTexts(here, region);
  await store.get(1)();
  const parts = () => here.faulty.slots().filter(([name]) => name.includes(":epoch:")).map(([, slot]) => slot);
  const payloads = () => parts().map((slot) => slot._tag === "Held" ? String(slot.payload) : slot._tag);
  const before = payloads();
  here.faulty.restart();
  await store.get(1)();
  assertEquals(before.length, 2);
  assertEquals(payloads().filter((each) => before.includes(each)), []);
  assert(payloads().every((each) => /\d/.test(each)));
});

Deno.test("two invalidations at once, of either mode, both take effect", async () => {
  const here = world();
  const [one, other] = [sharedTexts(here, region), sharedTexts(here, region)];
  await one.get(1)();
  change(here);
  await Promise.all([one.invalidateAll()(), other.invalidateAll({ mode: "soft" })(), other.invalidateAll()()]);
  assertEquals(found(await one.get(1)()), "ONE");
});

Deno.test("where nobody can tell the epoch a read passes the tier, and fills nothing", async () => {
  const here = world();
  const store = sharedTexts(here, region);
  await store.get(1)();
  change(here);
  here.faulty.inject(({ slot }) => slot.includes(":epoch:"), "not applied");
  const entry = right((await store.entries([1])())[0]!);
  assertEquals([entry.value, entry.verdict._tag], [{ _tag: "Some", value: "ONE" }, "Bypassed"]);
  assertEquals(found(await store.get(1)()), "one");
});

Deno.test("with a leased epoch a hit asks one slot, and an invalidation waits until no process goes by the old one", async () => {
  const here = world();
  const leased: Options = { ...region, epoch: { lease: "1s" }, probe: "look" };
  const [one, other] = [sharedTexts(here, leased), sharedTexts(here, leased)];
  await one.get(1)();
  await other.get(1)();
  here.faulty.calls.length = 0;
  await other.get(1)();
  assertEquals(here.faulty.calls.flat().length, 1);
  change(here);
  let acknowledged = false;
  const invalidating = one.invalidateAll()().then(() => acknowledged = true);
  await here.clock.advance(999);
  assertEquals([acknowledged, found(await other.get(1)())], [false, "one"]);
  await here.clock.advance(101);
  await invalidating;
  assertEquals(found(await other.get(1)()), "ONE");
});

Deno.test("an invalidation by a process that does not lease waits for those that did", async () => {
  const here = world();
  const one = sharedTexts(here, { ...region, epoch: { lease: "2s" } });
  const other = sharedTexts(here, region);
  await one.get(1)();
  change(here);
  let acknowledged = false;
  void other.invalidateAll()().then(() => acknowledged = true);
  await here.clock.advance(2_000);
  assertEquals(acknowledged, false);
  await here.clock.advance(200);
  assertEquals([acknowledged, found(await one.get(1)())], [true, "ONE"]);
});

Deno.test("an invalidation that cannot see the old epoch waits for as long as anybody may go by it", async () => {
  const here = world();
  const one = sharedTexts(here, { ...region, epoch: { lease: "2s" } });
  await one.get(1)();
  change(here);
  const other = sharedTexts(here, region);
  here.faulty.inject(({ slot, operation }) => slot.includes("epoch:hard") && operation._tag === "look", "not applied");
  let acknowledged = false;
  void other.invalidateAll()().then(() => acknowledged = true);
  await here.clock.advance(2_000);
  assertEquals(acknowledged, false);
  await here.clock.advance(64_000);
  assertEquals([acknowledged, found(await one.get(1)())], [true, "ONE"]);
});

Deno.test("nor may it be acknowledged before all are over that go by an epoch of before the last one", async () => {
  const here = world();
  const [long, short] = [sharedTexts(here, { ...region, epoch: { lease: "10s" } }), sharedTexts(here, region)];
  await long.get(1)();
  void short.invalidateAll()();
  await here.clock.advance(1_000);
  change(here);
  let acknowledged = false;
  void short.invalidateAll()().then(() => acknowledged = true);
  await here.clock.advance(8_900);
  assertEquals(acknowledged, false);
  await here.clock.advance(2_000);
  assertEquals([acknowledged, found(await long.get(1)())], [true, "ONE"]);
});

Deno.test("nor where that epoch vanished meanwhile, and one that is not leased began anew", async () => {
  for (const reads of ["read", "only renewed"] as const) {
    const here = world();
    const [long, short] = [sharedTexts(here, { ...region, epoch: { lease: "10s" } }), sharedTexts(here, region)];
    await long.get(1)();
    if (reads === "read") await short.get(1)();
    const call = { within: 1_000, lease: 10_000, level: "pinned" } as const;
    const ask = async (part: string, operation: Operation<Uint8Array>) =>
      (await here.faulty.backend.run([{ slot: `lamina:text:epoch:${part}`, operation }], call)())[0]!;
    if (reads === "only renewed") {
      // Another writer at once, so that the new part is not published.
      const meeting = here.faulty.inject("unlock", "held");
      void short.invalidateAll()();
      await turn();
      await ask("hard", { _tag: "lock", token: "a" });
      await ask("hard", { _tag: "unlock", token: "a", generation: 0, written: undefined });
      await meeting.deliver();
    } else {
      for (const part of ["hard", "soft"]) {
        for (const token of ["a", "b"]) await ask(part, { _tag: "lock", token });
        for (const token of ["a", "b"]) await ask(part, { _tag: "unlock", token, generation: 0, written: undefined });
      }
    }
    await short.get(2)();
    change(here);
    let acknowledged = false;
    void short.invalidateAll()().then(() => acknowledged = true);
    await here.clock.advance(9_000);
    assertEquals([acknowledged, found(await long.get(1)())], [false, "one"], reads);
    await here.clock.advance(3_000);
    assertEquals([acknowledged, found(await long.get(1)())], [true, "ONE"], reads);
  }
});

Deno.test("an invalidation that meets another one under way waits for its end, and no longer", async () => {
  const here = world();
  const [one, other] = [sharedTexts(here, region), sharedTexts(here, region)];
  await one.get(1)();
  change(here);
  const unlock = here.faulty.inject("unlock", "held");
  const first = one.invalidateAll()();
  await turn();
  const second = other.invalidateAll()();
  await turn();
  await unlock.deliver();
  await here.clock.advance(100);
  assertEquals([(await first)._tag, (await second)._tag, found(await other.get(1)())], ["Right", "Right", "ONE"]);
});

Deno.test("nor does one that is overtaken by another when it begins an epoch anew wait for longer than its end", async () => {
  const here = world();
  const store = sharedTexts(here, region);
  const slot = "lamina:text:epoch:hard";
  const call = { within: 1_000, lease: 10_000, level: "pinned" } as const;
  const ask = async (operation: Operation<Uint8Array>) =>
    (await here.faulty.backend.run([{ slot, operation }], call)())[0]!;
  const filling = here.faulty.inject((request) => request.slot === slot && request.operation._tag === "fill", "held");
  const invalidating = store.invalidateAll()();
  await turn();
  const locked = await ask({ _tag: "lock", token: "another" });
  assert(locked._tag === "Locked");
  await filling.deliver();
  await ask({ _tag: "unlock", token: "another", generation: locked.generation, written: undefined });
  await here.clock.advance(100);
  assertEquals(here.clock.pending(), 0);
  assertEquals((await invalidating)._tag, "Right");
});

Deno.test("a put does not wait for an epoch that somebody else is about to make; it is not published then", async () => {
  const here = world();
  const store = sharedTexts(here, region);
  const call = { within: 1_000, lease: 10_000, level: "pinned" } as const;
  const claim = (part: string) =>
    ({ slot: `lamina:text:epoch:${part}`, operation: { _tag: "claim", owner: "gone" } }) as const;
  await here.faulty.backend.run([claim("hard"), claim("soft")], call)();
  const writing = store.put(1, "uno")();
  await here.clock.advance(1);
  assertEquals((await writing)._tag, "Right");
  assertEquals(here.faulty.slots().some(([, { _tag }]) => _tag === "Held"), false);
});

Deno.test("stores of one layer have an epoch each: closing one leaves the other as it is", async () => {
  const here = world();
  const { faulty: { backend }, clock } = here;
  const layer = shared({ backend, name: "text", codec: t.string, ttl: "10m", epoch: "every read", clock });
  const there = world();
  const [one, other] = [layer(here.texts.store), layer(there.texts.store)];
  await one.get(1)();
  await one.close();
  assertEquals((await other.invalidateAll()())._tag, "Right");
  await other.get(1)();
  assertEquals(await verdictOf(other), "HitShared");
});

Deno.test("a process whose tier has no epoch does not take an entry of a region for a value", async () => {
  const here = world();
  const [with_, without] = [sharedTexts(here, region), sharedTexts(here)];
  await with_.get(1)();
  assertEquals(found(await without.get(1)()), "one");
  assertEquals(here.texts.loads.length, 2);
  assertEquals(found(await with_.get(1)()), "one");
  assertEquals(here.texts.loads.length, 3);
});

Deno.test("a tier without an epoch refuses invalidateAll before anything happened, and says what can do it", async () => {
  const here = world();
  const below = sharedTexts(here);
  const store = memoryIn(here)(below);
  await store.get(1)();
  const { outcome, error } = left(await store.invalidateAll()());
  assertEquals([outcome, error._tag], ["aborted", "Unsupported"]);
  assertEquals(left(await below.invalidateAll()()).outcome, "aborted");
});

Deno.test("after closing invalidateAll answers closed; on a backend that is down it is no success", async () => {
  const here = world();
  const store = sharedTexts(here, region);
  await store.get(1)();
  here.faulty.down("not applied");
  const down = left(await store.invalidateAll()());
  assertEquals([down.outcome, (down.error as { _tag: string })._tag], ["aborted", "LockNotPlaced"]);
  here.faulty.down(undefined);
  await store.close();
  assertEquals(left(await store.invalidateAll()()).error, { _tag: "Closed", what: "text" });
});

Deno.test("a region on a null backend stores nothing, and can be invalidated", async () => {
  const here = world();
  const store = sharedTexts(here, { ...region, backend: nullBackend() });
  await store.get(1)();
  assertEquals(found(await store.get(1)()), "one");
  assertEquals(here.texts.loads.length, 2);
  assertEquals((await store.invalidateAll()())._tag, "Right");
});

Deno.test("an epoch that is leased for ever is refused", () => {
  assertThrows(
    () => sharedTexts(world(), { epoch: { lease: "forever" } }),
    RangeError,
    "Cannot bound the lease of an epoch",
  );
});
