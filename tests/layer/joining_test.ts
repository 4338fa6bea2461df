import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import type { Store } from "../../mod.ts";
import { batch } from "../../mod.ts";
import { allFound, found, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

/** Every way to stand a batch among the tiers. */
const stacks: Readonly<Record<string, (here: World) => Store<number, string>>> = {
  "batch": (here) => pipe(here.texts.store, batch(batchIn(here))),
  "batch over shared": (here) => pipe(sharedTexts(here), batch(batchIn(here))),
  "batch under shared": (here) => pipe(here.texts.store, batch(batchIn(here)), overShared(here)),
  "batch over memory": (here) => pipe(here.texts.store, memoryIn(here), batch(batchIn(here))),
  "batch under memory": (here) => pipe(here.texts.store, batch(batchIn(here)), memoryIn(here)),
  "batch over both": (here) => pipe(sharedTexts(here), memoryIn(here), batch(batchIn(here))),
  "batch between": (here) => pipe(sharedTexts(here), batch(batchIn(here)), memoryIn(here)),
  "batch over batch": (here) => pipe(sharedTexts(here), batch(batchIn(here)), batch(batchIn(here))),
};

function overShared(here: World): (below: Store<number, string>) => Store<number, string> {
  return (below) => sharedTexts({ ...here, texts: { ...here.texts, store: below } });
}

const reads: Readonly<Record<string, (texts: Store<number, string>) => Promise<string | undefined>>> = {
  "get": async (texts) => found(await texts.get(1)()),
  "getMany": async (texts) => allFound(await texts.getMany([2, 1])())[1],
};

const writes: Readonly<Record<string, (texts: Store<number, string>, here: World) => Promise<unknown>>> = {
  "put": async (texts) => right(await texts.put(1, "uno")()),
  "invalidate": async (texts, here) => (here.texts.rows.set(1, "uno"), right(await texts.invalidate([1])())),
};

/** Tries something on every stack, with every read and write. */
async function everywhere(
  attempt: (
    texts: Store<number, string>,
    here: World,
    way: string,
    read: typeof reads[string],
    write: typeof writes[string],
  ) => Promise<void>,
): Promise<void> {
  for (const [stack, build] of Object.entries(stacks)) {
    for (const [reading, read] of Object.entries(reads)) {
      for (const [writing, write] of Object.entries(writes)) {
        const here = world();
        await attempt(build(here), here, `${stack}: ${reading} after ${writing}`, read, write);
      }
    }
  }
}

Deno.test("X17 I2 a read that begins after an acknowledged write gets no older load that is under way", async () => {
  await everywhere(async (texts, here, way, read, write) => {
    here.texts.hold("loads");
    const before = read(texts);
    await turn();
    await write(texts, here);
    const after = read(texts);
    await turn();
    for (let i = 0; i < here.texts.loads.length; i++) await here.texts.loads[i]!.release();
    assertEquals(await after, "uno", way);
    assertEquals(await before, "one", way);
    here.texts.flow("loads");
    assertEquals(await read(texts), "uno", way);
  });
});

Deno.test("X17 I2 nor does it when the older load ends between, or during, the write", async () => {
  await everywhere(async (texts, here, way, read, write) => {
    here.texts.hold("loads");
    const before = read(texts);
    await turn();
    const writing = write(texts, here);
    await here.texts.loads[0]!.release();
    await writing;
    here.texts.flow("loads");
    assertEquals(await read(texts), "uno", way);
    await before;
    assertEquals(await read(texts), "uno", way);
  });
});

Deno.test("X17 a look that was answered with the old value is not given to a read that begins after the write", async () => {
  await everywhere(async (texts, here, way, read, write) => {
    await read(texts);
    await here.clock.advance(60_000);
    const looks = (["look", "claim"] as const).map((operation) => here.faulty.inject(operation, "answered late"));
    const before = read(texts);
    await turn();
    await write(texts, here);
    const after = read(texts);
    await turn();
    for (const { deliver } of looks) await deliver();
    await here.clock.advance(2_000);
    assertEquals(await after, "uno", way);
    await before;
    assertEquals(await read(texts), "uno", way);
  });
});

Deno.test("X17 a fill that is confirmed late does not lend its value to a read that begins after a later write", async () => {
  for (const order of ["fill, write, answer", "write, fill"] as const) {
    const here = world();
    const texts = pipe(sharedTexts(here), batch(batchIn(here)));
    const fill = here.faulty.inject("fill", order === "write, fill" ? "held" : "answered late");
    const before = texts.get(1)();
    await turn();
    right(await texts.put(1, "uno")());
    const after = texts.get(1)();
    await turn();
    await fill.deliver();
    assertEquals([found(await before), found(await after)], ["one", "uno"], order);
  }
});

Deno.test("X17 X11 joiners that came before the fill was sent share the load, and cost no round trip", async () => {
  const here = world();
  const texts = pipe(sharedTexts(here), batch(batchIn(here)));
  here.texts.hold("loads");
  const callers: Array<Promise<string | undefined>> = [];
  for (let i = 0; i < 3; i++) {
    callers.push(texts.get(1)().then(found));
    await turn();
  }
  await here.texts.loads[0]!.release();
  assertEquals(await Promise.all(callers), ["one", "one", "one"]);
  assertEquals(here.faulty.calls.flat().map(({ operation }) => operation._tag), ["claim", "fill"]);
});

Deno.test("X17 a read that comes while the fill is on its way asks for itself, and needs no load", async () => {
  const here = world();
  const texts = pipe(sharedTexts(here), batch(batchIn(here)));
  const fill = here.faulty.inject("fill", "answered late");
  const first = texts.get(1)();
  await turn();
  const late = texts.get(1)();
  await turn();
  await fill.deliver();
  assertEquals([found(await first), found(await late), here.texts.loads.length], ["one", "one", 1]);
});

Deno.test("X17 a load whose fill was refused or not confirmed is not shared with reads that began after it", async () => {
  for (const fault of ["not applied", "applied, reported failed"] as const) {
    const here = world();
    const texts = pipe(sharedTexts(here), batch(batchIn(here)));
    here.texts.hold("loads");
    const first = texts.get(1)();
    await turn();
    here.texts.rows.set(1, "uno");
    const joiner = texts.get(1)();
    await turn();
    here.faulty.inject("fill", fault);
    await here.texts.loads[0]!.release();
    here.texts.flow("loads");
    await here.clock.advance(10_000);
    for (const load of here.texts.loads) await load.release();
    assertEquals(found(await first), "one", fault);
    const shared = found(await joiner);
    assertEquals(shared, fault === "not applied" ? "uno" : "one", fault);
  }
});

Deno.test("X17 a read that begins after another node's write gets no older load of its own node", async () => {
  const here = world();
  const node = sharedTexts(here);
  for (const build of [stacks["batch over shared"]!, stacks["batch under shared"]!, stacks["batch over batch"]!]) {
    here.texts.rows.set(1, "one");
    await node.invalidate([1])();
    here.texts.hold("loads");
    here.texts.loads.length = 0;
    const other = build(here);
    const before = other.get(1)();
    await turn();
    right(await node.put(1, "uno")());
    const after = other.get(1)();
    await turn();
    here.texts.flow("loads");
    for (const load of here.texts.loads) await load.release();
    assertEquals([found(await before), found(await after)], ["one", "uno"]);
  }
});
