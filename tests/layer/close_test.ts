import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import type { Store } from "../../mod.ts";
import { batch, memoryBackend, nullBackend } from "../../mod.ts";
import { heldWrite } from "../support/held_write.ts";
import { withoutRejections } from "../support/rejections.ts";
import { found, left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

const stacks: Readonly<Record<string, (here: World) => Store<number, string>>> = {
  "source": (here) => here.texts.store,
  "shared": (here) => sharedTexts(here),
  "memory": (here) => memoryIn(here)(here.texts.store),
  "everything": (here) => pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here))),
};

/** The error tags that every operation of a store ends with; "ok" for those that do not. */
async function everyOperation(texts: Store<number, string>): Promise<ReadonlyArray<string>> {
  const reads = [await texts.get(1)(), await texts.getMany([1, 2])(), ...await texts.entries([1])()];
  const write = heldWrite(() => {});
  const writes = [
    await texts.put(1, "x")(),
    await texts.remove(1)(),
    await texts.invalidate([1])(),
    await texts.mutate([1], write.write)(),
  ];
  assertEquals(write.begun, []);
  return [
    ...reads.map((read) => read._tag === "Left" ? read.left._tag : "ok"),
    ...writes.map((done) => done._tag === "Left" ? (done.left.error as { _tag: string })._tag : "ok"),
  ];
}

Deno.test("X19 closing drains what is under way; afterwards every operation answers closed", async () => {
  await withoutRejections(async () => {
    for (const [stack, build] of Object.entries(stacks)) {
      const here = world();
      const texts = build(here);
      right(await texts.get(3)());
      here.texts.hold("loads");
      const reading = texts.get(1)();
      const renaming = heldWrite(() => here.texts.rows.set(2, "dos"));
      const writing = texts.mutate([2], renaming.write)();
      await turn();
      let closed = false;
      const closing = texts.close().then(() => closed = true);
      await turn();
      assertEquals(closed, false, stack);
      await renaming.commit();
      await here.texts.loads.at(-1)!.release();
      await closing;
      assertEquals(found(await reading), "one", stack);
      right(await writing);
      assertEquals(await everyOperation(texts), Array.from({ length: 7 }, () => "Closed"), stack);
      assertEquals(texts.peek(3)._tag, "None", stack);
      await texts.close();
      assertEquals(here.clock.pending(), 0, stack);
    }
  });
});

Deno.test("X19 closing waits for fills and unlocks that are still on their way", async () => {
  for (const operation of ["claim", "fill", "lock", "unlock"] as const) {
    const here = world();
    const texts = sharedTexts(here);
    const held = here.faulty.inject(operation, "held");
    const all = [texts.get(1)(), texts.put(2, "dos")()];
    await turn();
    let closed = false;
    const closing = texts.close().then(() => closed = true);
    await turn();
    assertEquals(closed, false, operation);
    await held.deliver();
    await closing;
    for (const done of await Promise.all(all)) right<unknown, unknown>(done);
    assertEquals(here.faulty.slots().filter(([, { _tag }]) => _tag !== "Held"), [], operation);
  }
});

Deno.test("X19 an answer that comes after its read gave up does not make a closing store forget another read", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const claim = here.faulty.inject("claim", "held");
  const early = texts.get(1)();
  await here.clock.advance(1_000);
  assertEquals(found(await early), "one");
  await claim.deliver();
  here.texts.hold("loads");
  const reading = texts.get(2)();
  await turn();
  let closed = false;
  const closing = texts.close().then(() => closed = true);
  await turn();
  const fill = here.faulty.inject("fill", "held");
  await here.texts.loads.at(-1)!.release();
  assertEquals(closed, false);
  await fill.deliver();
  await closing;
  assertEquals(found(await reading), "two");
});

Deno.test("X19 while a store closes nothing new begins", async () => {
  for (const [stack, build] of Object.entries(stacks)) {
    const here = world();
    const texts = build(here);
    here.texts.hold("loads");
    const reading = texts.get(1)();
    await turn();
    const closing = texts.close();
    assertEquals(await everyOperation(texts), Array.from({ length: 7 }, () => "Closed"), stack);
    await here.texts.loads[0]!.release();
    await closing;
    assertEquals(found(await reading), "one", stack);
  }
});

Deno.test("X19 X13 closing waits for what does not end no longer than its deadline", async () => {
  await withoutRejections(async () => {
    for (const [stack, build] of Object.entries(stacks)) {
      const here = world();
      const texts = build(here);
      here.texts.hold("loads");
      const reading = texts.get(1)();
      await turn();
      let closed = false;
      void texts.close().then(() => closed = true);
      await here.clock.advance(20_000);
      assertEquals(closed, true, stack);
      await here.clock.advance(10_000);
      assertEquals(left(await reading)._tag, "TimedOut", stack);
    }
  });
});

Deno.test("X19 a store closes at the end of its scope, and takes the layers below with it", async () => {
  const here = world();
  const below = sharedTexts(here);
  {
    await using texts = pipe(below, memoryIn(here), batch(batchIn(here)));
    right(await texts.get(1)());
  }
  assertEquals(left(await below.get(1)())._tag, "Closed");
  assertEquals(left(await here.texts.store.get(1)())._tag, "Closed");
});

Deno.test("X19 a backend that was closed under a tier is one that cannot be reached", async () => {
  await withoutRejections(async () => {
    const here = world();
    for (const backend of [memoryBackend<Uint8Array>({ capacity: 10, clock: here.clock }), nullBackend()]) {
      const texts = sharedTexts(here, { backend });
      right(await texts.get(1)());
      await backend.close();
      assertEquals(found(await texts.get(1)()), "one");
      const { outcome, error } = left(await texts.put(1, "uno")());
      assertEquals([outcome, error._tag], ["aborted", "LockNotPlaced"]);
      assertEquals(here.texts.saves.length, 0);
    }
  });
});
