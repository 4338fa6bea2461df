import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Invalidations, MemoryTierOptions, SharedOptions, Store } from "../../../mod.ts";
import { batch, contramapKey, fromVerbs, hooks, memory, memoryRoom, namespace, observe } from "../../../mod.ts";
import { type ScriptedFeed, scriptedFeed } from "../../support/feed.ts";
import { heldWrite } from "../../support/held_write.ts";
import { allFound, found, right } from "../../support/results.ts";
import { batchIn, memoryIn, sharedTexts, type World, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

const pushed = { invalidations: "pushed" } as const;

interface Scene extends World {
  readonly feed: ScriptedFeed;
  readonly below: Store<number, string>;
  readonly texts2: Store<number, string>;
}

/** A memory tier that is told, over a shared tier whose word is in the test's hands. */
function scene(options: Partial<MemoryTierOptions> = pushed, below: Partial<SharedOptions<string>> = {}): Scene {
  const here = world();
  const feed = scriptedFeed(here.faulty.backend);
  const tier = sharedTexts(here, { backend: feed.backend, ...below });
  return { ...here, feed, below: tier, texts2: memoryIn(here, options)(tier) };
}

const slotOf = (key: number): string => `lamina:text:0:${key}`;

async function verdictOf(store: Store<number, string>, key = 1): Promise<string> {
  return right((await store.entries([key])())[0]!).verdict._tag;
}

/** The second read finds what the first one filled, and only that is kept. */
async function warm({ texts2 }: Scene, ...keys: ReadonlyArray<number>): Promise<void> {
  for (let i = 0; i < 2; i++) for (const key of keys) right(await texts2.get(key)());
  for (const key of keys) assertEquals(texts2.peek(key)._tag, "Some", String(key));
}

Deno.test("a tier that is told keeps what a watched look found, and not what was loaded or claimed", async () => {
  const here = scene();
  assertEquals([await verdictOf(here.texts2), here.texts2.peek(1)], ["Filled", O.none]);
  assertEquals([await verdictOf(here.texts2), here.texts2.peek(1)], ["HitShared", O.some(O.some("one"))]);
  assertEquals(await verdictOf(here.texts2), "HitMemory");
  here.feed.watching = false;
  await here.texts2.getMany([2, 3])();
  await here.texts2.getMany([2, 3])();
  assertEquals([here.texts2.peek(2), here.texts2.peek(3)], [O.none, O.none]);
  here.feed.watching = true;
  assertEquals(allFound(await here.texts2.getMany([2, 3])()), ["two", "three"]);
  assertEquals([here.texts2.peek(2)._tag, here.texts2.peek(3)._tag], ["Some", "Some"]);
});

Deno.test("X02 word of a change empties the slot, and that of no other key", async () => {
  const here = scene();
  await warm(here, 1, 2);
  here.texts.rows.set(1, "uno");
  here.feed.tell("lamina:text:0:99");
  assertEquals(here.texts2.peek(1)._tag, "Some");
  right(await here.below.invalidate([1])());
  here.feed.tell(slotOf(1));
  assertEquals([here.texts2.peek(1), here.texts2.peek(2)._tag], [O.none, "Some"]);
  assertEquals(found(await here.texts2.get(1)()), "uno");
});

for (const by of ["get", "getMany"] as const) {
  for (const told of ["its slot", "anything", "nothing"] as const) {
    Deno.test(`X02 word of ${told} while a reply is under way to ${by}`, async () => {
      const here = scene();
      await here.below.getMany([1, 2])();
      const late = here.faulty.inject("look", "answered late");
      const reading = here.texts2.entries(by === "get" ? [1] : [1, 2])();
      await turn();
      if (told !== "nothing") here.feed.tell(told === "its slot" ? slotOf(1) : undefined);
      await late.deliver();
      (await reading).forEach(right);
      // What was not told of is kept: the check would see it.
      assertEquals(here.texts2.peek(1)._tag, told === "nothing" ? "Some" : "None");
      assertEquals(here.texts2.peek(2)._tag, by === "getMany" && told !== "anything" ? "Some" : "None");
    });
  }
}

Deno.test("X02 word that comes while an own write holds the slot lets nothing be kept behind it", async () => {
  for (const told of [slotOf(1), undefined]) {
    const room = memoryRoom();
    const here = scene({ ...pushed, room });
    await warm(here, 1, 2);
    const writing = heldWrite(() => here.texts.rows.set(1, "uno"));
    const written = here.texts2.mutate([1], writing.write, { written: () => [O.some("uno")] })();
    await turn();
    here.feed.tell(told);
    const writes = room.inspect().filter(({ state }) => state === "writing");
    assertEquals(writes.map(({ key }) => key), [1]);
    await here.texts2.get(1)();
    assertEquals(here.texts2.peek(1), O.none);
    await writing.commit();
    right(await written);
    assertEquals(here.texts2.peek(1), O.none);
    assertEquals(found(await here.texts2.get(1)()), "uno");
  }
});

Deno.test("a tier that is told publishes nothing: what was written comes from no watched look", async () => {
  const here = world();
  const feed = scriptedFeed(here.faulty.backend);
  const { slots } = sharedTexts(here, { backend: feed.backend }).changes!;
  // Next to the source a tier would publish.
  const texts = memoryIn(here, pushed)({ ...here.texts.store, changes: { world: undefined, slots } });
  right(await texts.put(1, "uno")());
  assertEquals([texts.peek(1), memoryIn(here)(here.texts.store).peek(1)], [O.none, O.none]);
});

Deno.test("X03 when the connection ends all is forgotten, and nothing that is under way is kept", async () => {
  const here = scene();
  await warm(here, 1, 2, 3);
  here.feed.tell(undefined);
  here.feed.prove(-Infinity);
  assertEquals([1, 2, 3].map((key) => here.texts2.peek(key)._tag), ["None", "None", "None"]);
  // Until it is there again reads pass the tier, and writes go on.
  assertEquals([await verdictOf(here.texts2), await verdictOf(here.texts2)], ["HitShared", "HitShared"]);
  right(await here.texts2.put(1, "uno")());
  assertEquals(here.texts2.peek(1), O.none);
  here.feed.prove(Infinity);
  assertEquals(here.texts2.peek(1), O.none);
  await here.texts2.get(1)();
  assertEquals(here.texts2.peek(1), O.some(O.some("uno")));
});

Deno.test("X03 an entry is served only while word is proven, and is there again with the proof", async () => {
  const here = scene({ invalidations: { lease: "300ms" } });
  assertEquals([...here.feed.listeners].map(({ lease }) => lease), [300]);
  await warm(here, 1);
  here.feed.prove(here.clock.now() + 300);
  await here.clock.advance(299);
  assertEquals([here.texts2.peek(1)._tag, await verdictOf(here.texts2)], ["Some", "HitMemory"]);
  await here.clock.advance(1);
  // Another process wrote, and word of it is lost.
  here.texts.rows.set(1, "uno");
  right(await here.below.invalidate([1])());
  assertEquals([here.texts2.peek(1), found(await here.texts2.get(1)())], [O.none, "uno"]);
  assertEquals(await verdictOf(here.texts2), "HitShared");
});

Deno.test("what stood while word was not proven is served again, without a read, when it is", async () => {
  const here = scene({ invalidations: { lease: "300ms" } });
  await warm(here, 1);
  here.feed.prove(here.clock.now());
  assertEquals(here.texts2.peek(1), O.none);
  here.faulty.calls.length = 0;
  here.feed.prove(here.clock.now() + 300);
  assertEquals([here.texts2.peek(1)._tag, here.faulty.calls.length], ["Some", 0]);
});

Deno.test("X02 a read of this process after word was delivered takes nothing of a load that began before", async () => {
  const here = scene({ ...pushed, onBusy: "wait" }, { onBusy: "wait" });
  await here.below.get(1)();
  const late = here.faulty.inject("look", "answered late");
  const first = here.texts2.get(1)();
  await turn();
  here.texts.rows.set(1, "uno");
  right(await here.below.invalidate([1])());
  here.feed.tell(slotOf(1));
  const second = here.texts2.get(1)();
  await turn();
  await late.deliver();
  assertEquals([found(await first), found(await second)], ["one", "uno"]);
});

Deno.test("X02 what a layer between shares of a look that began before is not kept: word of it may be gone", async () => {
  const here = world();
  const feed = scriptedFeed(here.faulty.backend);
  const below = sharedTexts(here, { backend: feed.backend });
  let answer = below.entries([1]);
  const blind = fromVerbs({
    ...below,
    entries: (keys, options) => () => keys[0] === 1 ? answer() : below.entries(keys, options)(),
  });
  const texts = memoryIn(here, pushed)(blind);
  await below.getMany([1, 2])();
  const shared = below.entries([1])();
  await shared;
  answer = () => shared;
  for (const key of [1, 2]) right(await texts.get(key)());
  assertEquals([texts.peek(1)._tag, texts.peek(2)._tag], ["None", "Some"]);
});

Deno.test("P08 a forced read leaves nothing older behind it, whether or not what it loaded is kept", async () => {
  for (const options of [pushed, { ...pushed, grace: "1m", ttl: "60s" }] as const) {
    const here = scene(options);
    await warm(here, 1);
    here.texts.rows.set(1, "uno");
    assertEquals(found(await here.texts2.get(1, { force: true })()), "uno");
    assertEquals([here.texts2.peek(1), found(await here.texts2.get(1)())], [O.none, "uno"]);
  }
});

Deno.test("all shards of a key are one key to word of a change", async () => {
  const here = scene(pushed, { shards: 3 });
  for (let i = 0; i < 40; i++) right(await here.texts2.get(1)());
  for (const shard of [0, 1, 2]) {
    for (let i = 0; i < 40; i++) right(await here.texts2.get(1)());
    assertEquals(here.texts2.peek(1)._tag, "Some");
    here.feed.tell(namespace({ namespace: "text" }).slotName("1", shard));
    assertEquals(here.texts2.peek(1), O.none);
  }
});

Deno.test("layers between pass word on: other keys, hooks, observing, batches", async () => {
  const here = world();
  const feed = scriptedFeed(here.faulty.backend);
  const texts = pipe(
    sharedTexts(here, { backend: feed.backend }),
    hooks<string>({ afterLoad: (text) => `${text}!` }),
    contramapKey((name: string) => name.length),
    batch(batchIn(here)),
    observe({}),
    memoryIn(here, pushed),
  );
  for (let i = 0; i < 2; i++) assertEquals(found(await texts.get("x")()), "one!");
  assertEquals(found(await texts.get("y")()), "one!");
  assertEquals([texts.peek("x"), texts.peek("y")], [O.some(O.some("one!")), O.some(O.some("one!"))]);
  feed.tell(slotOf(1));
  assertEquals([texts.peek("x"), texts.peek("y")], [O.none, O.none]);
});

Deno.test("word is refused where nobody below can send it, or a tier between keeps it to itself", () => {
  const here = world();
  const told = sharedTexts(here, { backend: scriptedFeed(here.faulty.backend).backend });
  const wanted =
    "Cannot build the tier memory with invalidations: expected a tier below whose backend tells of changes";
  for (const below of [here.texts.store, sharedTexts(here), memoryIn(here)(told), memoryIn(here, pushed)(told)]) {
    assertThrows(() => memoryIn(here, pushed)(below), RangeError, wanted);
  }
  for (const lease of ["0ms", "forever"] as const) {
    const invalidations: Invalidations = { lease };
    assertThrows(() => memory({ capacity: 1, invalidations }), RangeError, "Cannot lease the invalidations");
  }
});

Deno.test("a tier that is closed does not listen any more", async () => {
  const here = scene({ invalidations: { lease: "1s" } });
  await warm(here, 1);
  assertEquals(here.feed.listeners.size, 1);
  await here.texts2.close();
  assertEquals(here.feed.listeners.size, 0);
});

Deno.test("B04 without a ttl an entry is fresh for 60 s", async () => {
  const here = world();
  const texts = memory({ capacity: 10, clock: here.clock })(here.texts.store);
  await texts.get(1)();
  await here.clock.advance(59_999);
  assert(O.isSome(texts.peek(1)));
  await here.clock.advance(1);
  assert(O.isNone(texts.peek(1)));
  assertThrows(() => memory({ capacity: 10, grace: "1s" }), RangeError, "grace without ttl");
});

Deno.test("B06 a room tells what is in its tiers, wherever they stand, and empties them and switches them off", async () => {
  const here = world();
  const room = memoryRoom();
  const made = memoryIn(here, { room, maxBytes: 1_000, sizeOf: () => 10 });
  const [one, other] = [
    batch(batchIn(here))(made(here.texts.store)),
    made(world().texts.store),
  ];
  await one.getMany([1, 7])();
  await here.clock.advance(5);
  assertEquals(room.size(), { slots: 2, bytes: 18 });
  assertEquals(room.inspect().map(({ key, state, age }) => [key, state, age as number]), [[1, "value", 5], [
    7,
    "absent",
    5,
  ]]);
  here.texts.hold("loads");
  const loading = one.get(2)();
  await turn();
  assertEquals(room.inspect().at(-1)?.state, "loading");
  room.flush();
  assertEquals(room.size().slots, 0);
  here.texts.flow("loads");
  for (const { release } of here.texts.loads) await release();
  assertEquals(found(await loading), "two");
  assertEquals(one.peek(2), O.none);
  room.turn("off");
  await one.get(1)();
  right(await one.put(1, "uno")());
  assertEquals([room.size().slots, found(await one.get(1)())], [0, "uno"]);
  // A tier that comes later is off as well.
  const late = made(world().texts.store);
  await late.get(1)();
  assertEquals(late.peek(1), O.none);
  room.turn("on");
  await late.get(1)();
  assertEquals(late.peek(1), O.some(O.some("one")));
  await late.close();
  await one.get(1)();
  assertEquals(one.peek(1), O.some(O.some("uno")));
  await other.close();
});
