import { assert, assertEquals } from "@std/assert";
import type { Invalidations, SharedOptions, Store } from "../../../mod.ts";
import { duration } from "../../../mod.ts";
import { type ScriptedFeed, scriptedFeed } from "../../support/feed.ts";
import { found, right } from "../../support/results.ts";
import { memoryIn, sharedTexts, type World, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

type Epoch = NonNullable<SharedOptions<string>["epoch"]>;

/** A node: its own memory tier and its own shared tier, on what all nodes share. */
interface Node {
  readonly store: Store<number, string>;
  readonly feed: ScriptedFeed;
}

function nodeIn(here: World, epoch: Epoch, invalidations: Invalidations = "none"): Node {
  const feed = scriptedFeed(here.faulty.backend);
  const below = sharedTexts(here, { backend: feed.backend, epoch, onBusy: "wait", probe: "look" });
  return { store: memoryIn(here, { onBusy: "wait", ttl: "1h", invalidations })(below), feed };
}

/** Rows that were changed behind the store's back. */
function change({ texts }: World): void {
  for (const [key, text] of [...texts.rows]) texts.rows.set(key, text.toUpperCase());
}

/** Lets everything that was put off happen, in virtual time. */
async function done<A>({ clock }: World, task: Promise<A>): Promise<A> {
  let ended = false;
  void task.then(() => ended = true);
  for (let i = 0; i < 100 && !ended; i++) await clock.advance(100);
  return await task;
}

/** The first read may make the epoch, the second find what was filled. */
async function warm({ store }: Node, ...keys: ReadonlyArray<number>): Promise<void> {
  for (let i = 0; i < 3; i++) for (const key of keys) right(await store.get(key)());
  for (const key of keys) assertEquals(store.peek(key)._tag, "Some");
}

const leased: Epoch = { lease: "1s" };

for (const mode of ["hard", "soft"] as const) {
  Deno.test(`D26 X06 once a ${mode} clear is acknowledged no memory tier of any node serves what was before`, async () => {
    const here = world();
    const [one, other] = [nodeIn(here, leased), nodeIn(here, leased)];
    await warm(one, 1, 2);
    await warm(other, 1);
    change(here);
    let acknowledged = false;
    const clearing = other.store.invalidateAll({ mode })().then((end) => (acknowledged = true, end));
    await here.clock.advance(900);
    assertEquals(acknowledged, false);
    await here.clock.advance(200);
    right(await clearing);
    assertEquals([one.store.peek(1)._tag, other.store.peek(1)._tag], ["None", "None"]);
    if (mode === "soft") {
      // Served while one renews it, and no longer.
      const stale = right((await one.store.entries([1])())[0]!);
      assertEquals([stale.value, stale.verdict._tag], [{ _tag: "Some", value: "one" }, "Stale"]);
      for (let i = 0; i < 3; i++) {
        for (const key of [1, 2]) for (const { store } of [one, other]) await store.get(key)();
      }
      await turn();
    }
    for (const { store } of [one, other]) {
      assertEquals([found(await store.get(1)()), found(await store.get(2)())], ["ONE", "TWO"]);
    }
  });

  for (const epoch of [leased, "every read"] as const) {
    const name = epoch === leased ? "leased" : epoch;
    Deno.test(`D26 X06 what a node loads while another clears is not kept in its memory: ${mode}, ${name}`, async () => {
      const here = world();
      const [one, other] = [nodeIn(here, epoch), nodeIn(here, epoch)];
      await warm(one, 3);
      here.texts.hold("loads");
      const [single, many] = [one.store.get(1)(), one.store.getMany([2, 3])()];
      await turn();
      change(here);
      right(await done(here, other.store.invalidateAll({ mode })()));
      here.texts.flow("loads");
      for (const { release } of here.texts.loads) await release();
      assertEquals(found(await single), "one");
      right(await many);
      for (let i = 0; i < (mode === "soft" ? 4 : 1); i++) {
        for (const key of [1, 2, 3]) right(await one.store.get(key)());
        await turn();
      }
      for (const { store } of [one, other]) {
        for (const [key, text] of [[1, "ONE"], [2, "TWO"], [3, "THREE"]] as const) {
          assertEquals(found(await store.get(key)()), text, `${key}`);
        }
      }
    });
  }
}

Deno.test("D26 with a leased epoch one shared read a lease and process does for all hits of that moment", async () => {
  const here = world();
  const one = nodeIn(here, leased);
  await warm(one, 1, 2, 3);
  await here.clock.advance(1_000);
  here.faulty.calls.length = 0;
  assertEquals(one.store.peek(1)._tag, "None");
  const reads = Array.from({ length: 100 }, (_, i) => one.store.get(1 + i % 3)());
  assertEquals(new Set((await Promise.all(reads)).map(found)), new Set(["one", "two", "three"]));
  assertEquals(here.faulty.calls.map((requests) => requests.map(({ slot }) => slot)), [
    ["lamina:text:epoch:hard", "lamina:text:epoch:soft"],
  ]);
  await here.clock.advance(999);
  assertEquals([one.store.peek(1)._tag, here.faulty.calls.length], ["Some", 1]);
});

Deno.test("a read that waits for the epoch keeps to its deadline and its signal", async () => {
  const here = world();
  const one = nodeIn(here, leased);
  await warm(one, 1);
  await here.clock.advance(1_000);
  here.faulty.inject(({ slot }) => slot.includes(":epoch:"), "held");
  const leaving = new AbortController();
  const reads = [
    one.store.get(1, { deadline: duration("50ms") })(),
    one.store.get(1, { signal: leaving.signal })(),
  ];
  await turn();
  leaving.abort();
  assertEquals((await reads[1])?._tag, "Left");
  await here.clock.advance(50);
  const late = await reads[0];
  assert(late?._tag === "Left" && late.left._tag === "TimedOut");
});

Deno.test("where the epoch cannot be read, reads pass the memory tier", async () => {
  const here = world();
  const one = nodeIn(here, leased);
  await warm(one, 1);
  await here.clock.advance(1_000);
  change(here);
  here.faulty.down("not applied");
  assertEquals([one.store.peek(1)._tag, found(await one.store.get(1)())], ["None", "ONE"]);
  here.faulty.down(undefined);
  assertEquals(found(await one.store.get(1)()), "one");
});

Deno.test("what was kept before any epoch could be read is gone with the first one", async () => {
  const here = world();
  const one = nodeIn(here, "every read");
  here.faulty.down("not applied");
  right(await one.store.get(1)());
  assertEquals(one.store.peek(1)._tag, "Some");
  change(here);
  here.faulty.down(undefined);
  right(await done(here, nodeIn(here, "every read").store.invalidateAll()()));
  assertEquals([found(await one.store.get(2)()), found(await one.store.get(1)())], ["TWO", "ONE"]);
});

Deno.test("D26 where each read reads the epoch, a memory tier follows what its process has last read", async () => {
  const here = world();
  const [one, other] = [nodeIn(here, "every read"), nodeIn(here, "every read")];
  await warm(one, 1, 2);
  change(here);
  right(await done(here, other.store.invalidateAll()()));
  // By itself it hears of nothing.
  assertEquals(one.store.peek(1)._tag, "Some");
  assertEquals(found(await one.store.get(3)()), "THREE");
  assertEquals([one.store.peek(1)._tag, one.store.peek(2)._tag], ["None", "None"]);
});

Deno.test("X06 an old epoch that is answered after the new one brings nothing back", async () => {
  const here = world();
  const [one, other] = [nodeIn(here, "every read"), nodeIn(here, "every read")];
  await warm(one, 1);
  right(await other.store.get(2)());
  // Both the epoch and the entry of 2 are answered late.
  const held = [0, 1, 2].map(() => here.faulty.inject("look", "answered late"));
  const old = one.store.get(2)();
  await turn();
  change(here);
  right(await done(here, other.store.invalidateAll()()));
  for (let i = 0; i < 2; i++) assertEquals(found(await one.store.get(3)()), "THREE");
  for (const { deliver } of held) await deliver();
  assertEquals(found(await old), "two");
  // The old one is not believed again: what is kept since is kept.
  assertEquals([one.store.peek(2)._tag, one.store.peek(3)._tag], ["None", "Some"]);
  assertEquals(found(await one.store.get(2)()), "TWO");
});

for (const epoch of [leased, "every read"] as const) {
  Deno.test(`D26 X06 word of the epoch's own slot is heard at once: ${JSON.stringify(epoch)}`, async () => {
    const here = world();
    const [one, other] = [nodeIn(here, epoch, "pushed"), nodeIn(here, epoch)];
    right(await other.store.get(3)());
    // Of an epoch that it made itself no word comes until it was read.
    right(await one.store.get(1)());
    await here.clock.advance(1_000);
    await warm(one, 1, 2);
    const late = here.faulty.inject(({ slot }) => slot === "lamina:text:0:3", "answered late");
    const reading = one.store.get(3)();
    await turn();
    change(here);
    const clearing = other.store.invalidateAll()();
    await turn();
    one.feed.tell("lamina:text:epoch:hard");
    assertEquals([one.store.peek(1)._tag, one.store.peek(2)._tag], ["None", "None"]);
    await late.deliver();
    right(await done(here, clearing));
    right(await reading);
    assertEquals(one.store.peek(3)._tag, "None");
    for (const [key, text] of [[1, "ONE"], [3, "THREE"]] as const) {
      assertEquals(found(await one.store.get(key)()), text);
    }
  });
}

Deno.test("word of an entry is not word of the epoch", async () => {
  const here = world();
  const one = nodeIn(here, "every read", "pushed");
  await warm(one, 1, 2);
  one.feed.tell("lamina:text:0:1");
  assertEquals([one.store.peek(1)._tag, one.store.peek(2)._tag], ["None", "Some"]);
});

Deno.test("an entry under an epoch that nobody tells of is not kept by a tier that is told", async () => {
  const here = world();
  const one = nodeIn(here, "every read", "pushed");
  right(await one.store.get(1)());
  one.feed.watching = false;
  right(await one.store.get(1)());
  assertEquals(one.store.peek(1)._tag, "None");
  one.feed.watching = true;
  right(await one.store.get(1)());
  assertEquals(one.store.peek(1)._tag, "Some");
});
