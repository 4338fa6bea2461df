import { assert, assertEquals, assertThrows } from "@std/assert";
import * as O from "fp-ts/lib/Option.js";
import {
  localSwitch,
  type Mode,
  type SharedOptions,
  source,
  type Store,
  tierSwitch,
  type TierSwitchControl,
} from "../../../mod.ts";
import type { Attempt } from "../../../lib/source/transaction.ts";
import { heldWrite } from "../../support/held_write.ts";
import { found, left, right } from "../../support/results.ts";
import { memoryIn, sharedTexts, type World, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";
import { redisServersTest } from "../../servers/redis.ts";

/** A hold before off takes 1.1 s of these, and one before on 12.1 s. */
const usual: Partial<SharedOptions<string>> = { switch: { poll: "1s" }, epoch: "every read" };

function controlOf({ faulty: { backend }, clock }: World): TierSwitchControl {
  return tierSwitch({ backend, name: "text", clock });
}

/** Lets time pass, while the tier is used. */
async function pass({ clock }: World, texts: Store<number, string>, milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 100) {
    void texts.get(3)();
    await clock.advance(100);
  }
}

/** A store that is on. */
async function switchedOn(here: World, options: Partial<SharedOptions<string>> = {}): Promise<Store<number, string>> {
  const texts = sharedTexts(here, { ...usual, ...options });
  await pass(here, texts, 13_000);
  assertEquals(await modeIn(here), "on");
  return texts;
}

async function modeIn(here: World): Promise<Mode | undefined> {
  const status = right(await controlOf(here).status());
  return status._tag === "Some" ? status.value.mode : undefined;
}

async function turned(here: World, texts: Store<number, string>, wish: Mode): Promise<void> {
  right(await controlOf(here).turn(wish)());
  await pass(here, texts, wish === "on" ? 13_000 : 2_000);
  assertEquals(await modeIn(here), wish);
}

/** What the tier asked of slots of entries. */
function askedOf({ faulty }: World): ReadonlyArray<string> {
  return faulty.calls.flat().filter(({ slot }) => /:\d(\{\})?:/.test(slot)).map(({ operation }) => operation._tag);
}

Deno.test("S32 in drain nobody reads the tier or fills it, and writes still lock, and publish nothing", async () => {
  const here = world();
  const texts = await switchedOn(here);
  const behind = sharedTexts(here, usual);
  assertEquals(found(await texts.get(1)()), "one");
  await turned(here, texts, "drain");
  here.faulty.calls.length = 0;
  const loads = here.texts.loads.length;
  for (const store of [texts, behind]) {
    const entry = right((await store.entries([1])())[0]!);
    assertEquals([entry.verdict._tag, entry.verdict.because], ["Bypassed", "Pass"]);
    right(await store.getMany([1, 2])());
  }
  assertEquals([here.texts.loads.length - loads, askedOf(here)], [4, []]);
  right(await texts.put(1, "uno")());
  assertEquals(askedOf(here), ["lock", "unlock"]);
  assertEquals(here.faulty.slots().filter(([name, slot]) => name.endsWith(":1") && slot._tag === "Held"), []);
});

Deno.test("S32 off asks the backend for nothing but the switch, and what was cached before is dead afterwards", async () => {
  const here = world();
  const texts = await switchedOn(here);
  right(await texts.getMany([1, 2])());
  await turned(here, texts, "off");
  here.faulty.calls.length = 0;
  right(await texts.put(1, "uno")());
  right(
    await texts.mutate([1, 2], () => () => Promise.resolve({ _tag: "Right", right: 7 }), { alsoWritten: () => [3] })(),
  );
  right(await texts.invalidate([1])());
  assertEquals([found(await texts.get(1)()), askedOf(here)], ["uno", []]);
  assertEquals(here.faulty.slots().filter(([name, slot]) => name.endsWith(":1") && slot._tag === "Held").length, 1);
  await turned(here, texts, "on");
  assertEquals(found(await texts.get(1)()), "uno");
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "HitShared");
});

Deno.test("S32 a transaction locks its keys when it is on or in drain, and not when it is off", async () => {
  const here = world();
  const { rows } = here.texts;
  const seen: Array<ReadonlyArray<string>> = [];
  const attempt: Attempt<number, string> = {
    get: (key) => Promise.resolve(rows.get(key)),
    put: (key, value) => Promise.resolve(void rows.set(key, value)),
    remove: (key) => Promise.resolve(void rows.delete(key)),
    commit: () => Promise.resolve(void seen.push([...askedOf(here)])),
    rollback: () => Promise.resolve(),
  };
  const origin = source<number, string>({
    load: (keys) => Promise.resolve(keys.map((key) => rows.get(key))),
    transaction: { begin: () => Promise.resolve(attempt) },
    clock: here.clock,
  });
  const texts = await switchedOn({ ...here, texts: { ...here.texts, store: origin } });
  for (const [mode, asked] of [["on", ["lock"]], ["drain", ["lock"]], ["off", []]] as const) {
    if (mode !== "on") await turned(here, texts, mode);
    here.faulty.calls.length = 0;
    right(await texts.transact((tx) => tx.put(1, mode))());
    assertEquals([seen.at(-1), rows.get(1)], [asked, mode]);
  }
  await turned(here, texts, "on");
  assertEquals(found(await texts.get(1)()), "off");
});

Deno.test("S32 a load under way when drain begins is returned, and fills nothing; its claim is given back", async () => {
  const here = world();
  const texts = await switchedOn(here);
  here.texts.hold("loads");
  const reading = texts.entries([1])();
  await turn();
  right(await controlOf(here).turn("drain")());
  await here.clock.advance(2_000);
  await here.texts.loads.at(-1)!.release();
  here.texts.flow("loads");
  const entry = right((await reading)[0]!);
  assertEquals([entry.value, entry.verdict._tag], [O.some("one"), "Unfilled"]);
  assertEquals(here.faulty.slots().filter(([name, slot]) => name.endsWith(":1") && slot._tag !== "Void"), []);
});

Deno.test("S32 a switch that cannot be read is drain, for whoever cannot read it, once its poll's lease is over", async () => {
  const here = world();
  const texts = await switchedOn(here);
  assertEquals(found(await texts.get(1)()), "one");
  here.faulty.down("not applied");
  here.texts.rows.set(1, "uno");
  await here.clock.advance(900);
  assertEquals(found(await texts.get(1)()), "uno");
  // What it knew is over: it is asked again, in vain, and then nothing but the switch is asked for.
  await here.clock.advance(200);
  here.faulty.calls.length = 0;
  assertEquals(found(await texts.get(1)()), "uno");
  assertEquals(askedOf(here), []);
  assertEquals(left(await texts.put(1, "dos")()).outcome, "aborted");
  here.faulty.down(undefined);
  await pass(here, texts, 1_000);
  assertEquals(await modeIn(here), "on");
  assertEquals(found(await texts.get(1)()), "one", "nobody wrote through the cache");
});

Deno.test("S32 a switch that was lost begins in drain, and is on after its holds, under a new epoch", async () => {
  const here = world();
  const texts = await switchedOn(here);
  await turned(here, texts, "off");
  here.faulty.restart();
  assertEquals(right(await controlOf(here).status()), O.none);
  await pass(here, texts, 11_000);
  assertEquals(await modeIn(here), "drain");
  await pass(here, texts, 3_000);
  assertEquals(await modeIn(here), "on");
});

Deno.test("S32 a write that locked nothing ends with its lease, for which the way back to on waits", async () => {
  const here = world();
  const texts = await switchedOn(here);
  await turned(here, texts, "off");
  const slow = heldWrite(() => {});
  const writing = texts.mutate([1], slow.write)();
  await turn();
  right(await controlOf(here).turn("on")());
  await pass(here, texts, 9_100);
  assertEquals([left(await writing).outcome, await modeIn(here)], ["unknown", "drain"]);
});

Deno.test("S32 a process whose lease is longer than the switch knows locks on, until all agree on it", async () => {
  const here = world();
  const texts = await switchedOn(here);
  await turned(here, texts, "off");
  const longer = sharedTexts(here, { ...usual, lease: "30s" });
  here.faulty.calls.length = 0;
  right(await longer.put(1, "uno")());
  assertEquals(askedOf(here), ["lock", "unlock"]);
  await pass(here, longer, 2_000);
  here.faulty.calls.length = 0;
  right(await longer.put(1, "dos")());
  assertEquals([askedOf(here), await modeIn(here)], [[], "off"]);
  right(await controlOf(here).turn("on")());
  await pass(here, texts, 30_000);
  assertEquals(await modeIn(here), "drain");
  await pass(here, texts, 5_000);
  assertEquals(await modeIn(here), "on");
});

Deno.test("S32 a switch of this process alone is drain at once and on at once, and off is no more than drain", async () => {
  const here = world();
  const own = localSwitch();
  const [texts, others] = [sharedTexts(here, { switch: own }), sharedTexts(here, { switch: localSwitch() })];
  right(await others.get(1)());
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "HitShared");
  for (const mode of ["drain", "off"] as const) {
    own.turn(mode);
    assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "Bypassed");
    right(await texts.put(1, `by one in ${mode}`)());
    assertEquals(found(await others.get(1)()), `by one in ${mode}`);
  }
  own.turn("on");
  assertEquals(right((await texts.entries([1])())[0]!).verdict._tag, "HitShared");
});

Deno.test("S32 a switch that all are told of needs no server to be off, and holds each step for as long as it says", async () => {
  const here = world();
  const own = localSwitch({ within: "5s", clock: here.clock });
  const texts = sharedTexts(here, { switch: own, epoch: "every read" });
  right(await texts.get(1)());
  here.faulty.down("not applied");
  own.turn("off");
  for (const [after, outcome] of [[0, "aborted"], [5_400, "aborted"], [200, undefined]] as const) {
    await here.clock.advance(after);
    const done = await texts.put(1, "uno")();
    assertEquals(done._tag === "Left" ? done.left.outcome : undefined, outcome);
  }
  here.faulty.down(undefined);
  own.turn("on");
  // One cannot be too early, nor turned off again on the way as if nothing had been.
  for (const [after, tag] of [[16_400, "Bypassed"], [200, "Bypassed"], [0, "Filled"], [0, "HitShared"]] as const) {
    await here.clock.advance(after);
    const entry = right((await texts.entries([1])())[0]!);
    assertEquals([entry.value, entry.verdict._tag], [O.some("uno"), tag], `${after}`);
  }
});

Deno.test("S32 a tier that is built while others are still being told holds each step as those before it do", async () => {
  const here = world();
  const switches = [0, 1].map(() => localSwitch({ within: "5s", clock: here.clock }));
  const built = (at: number) => sharedTexts(here, { switch: switches[at]!, epoch: "every read" });
  const other = built(1);
  right(await other.get(1)());
  switches[0]!.turn("off");
  right(await built(0).put(1, "uno")());
  assertEquals(found(await other.get(1)()), "uno");
  switches[1]!.turn("off");
  await here.clock.advance(5_600);
  switches[0]!.turn("on");
  const late = built(0);
  right(await late.get(1)());
  right(await other.put(1, "dos")());
  assertEquals(found(await late.get(1)()), "dos");
  // What was told long ago is over, and one that was never turned begins where it is.
  await here.clock.advance(16_600);
  const later = built(0);
  right(await later.get(1)());
  await here.clock.advance(0);
  assertEquals(right((await later.entries([1])())[0]!).verdict._tag, "Filled");
  switches[1]!.turn("on");
  switches[1]!.turn("off");
  await here.clock.advance(5_600);
  here.faulty.calls.length = 0;
  right(await built(1).put(1, "tres")());
  assertEquals(here.faulty.calls.length, 0);
});

Deno.test("S32 a read through a tier in memory does not wait for the epoch of a tier that is off", async () => {
  const here = world();
  const own = localSwitch({ within: "100ms", clock: here.clock });
  const texts = memoryIn(here)(sharedTexts(here, { switch: own }));
  right(await texts.get(1)());
  own.turn("off");
  await here.clock.advance(1_200);
  here.faulty.down("held");
  for (const keys of [[1], [1], [1, 2]]) {
    let done = false;
    void texts.entries(keys)().then((entries) => (entries.forEach(right), done = true));
    await here.clock.advance(1);
    assertEquals(done, true);
  }
  await here.clock.advance(10_000);
  assertEquals(here.clock.pending(), 0);
});

Deno.test("S32 the switch of an operator: status, turning, and waiting until it is there", async () => {
  const here = world();
  const control = controlOf(here);
  assertEquals(right(await control.status()), O.none);
  assertEquals(right(await control.turn("off")()), { mode: "drain", wish: "off", held: 0 as never });
  const reaching = control.reached("1m")();
  await here.clock.advance(2_000);
  assertEquals(right(await reaching).mode, "off");
  assertEquals(right(await control.turn("off")()).mode, "off");
  // Nobody is there to bring it on.
  right(await control.turn("on")());
  const waiting = control.reached("20s")();
  await here.clock.advance(21_000);
  assertEquals(right(await waiting), { mode: "drain", wish: "on", held: 20_000 as never });
  here.faulty.down("not applied");
  assertEquals(left(await control.status())._tag, "BackendFailed");
  const turning = control.turn("off")();
  await here.clock.advance(20_000);
  assertEquals(left(await turning)._tag, "BackendFailed");
});

Deno.test("options of switches that cannot be are refused where they are made", () => {
  const here = world();
  const refusal = (make: () => unknown): string => assertThrows(make, RangeError).message;
  assertEquals(
    refusal(() => sharedTexts(here, { switch: {}, epoch: "none" })),
    "Cannot switch the tier text: expected an epoch, since what was cached before it was off is dead afterwards: received none",
  );
  assertEquals(
    refusal(() => sharedTexts(here, { switch: { poll: "0ms" } })),
    "Cannot switch the tier text: expected a poll above zero: received 0ms",
  );
  for (const wrong of ["off ", "OFF", undefined, 0]) {
    const ending = `expected "on", "drain" or "off": received ${JSON.stringify(wrong)}`;
    assert(refusal(() => controlOf(here).turn(wrong as Mode)).endsWith(ending));
    assert(refusal(() => localSwitch().turn(wrong as Mode)).endsWith(ending));
  }
  assert(refusal(() => localSwitch({ within: "forever" })).includes("received forever"));
  assert(refusal(() => tierSwitch({ backend: here.faulty.backend, name: "a:b" })).includes("Namespace"));
});

Deno.test("a switched tier that is closed leaves nothing behind, also in the middle of a step", async () => {
  const here = world();
  const texts = sharedTexts(here, { switch: {} });
  right(await texts.get(1)());
  await here.clock.advance(12_200);
  void texts.get(1)();
  await turn();
  const closing = texts.close();
  await here.clock.advance(6_000);
  await closing;
  assertEquals(here.clock.pending(), 0);
});

redisServersTest(
  "S32 a young server, which keeps nothing for longer than a lease, is told until it keeps it",
  async (start) => {
    const { url } = await start("--maxmemory-policy", "allkeys-lru", "--maxmemory", "100mb");
    await using backend = redisBackend({ url });
    const control = tierSwitch({ backend, name: "young", lease: "1s", poll: "50ms" });
    right(await control.turn("off")());
    assertEquals(right(await control.reached("10s")()).mode, "off");
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    const status = right(await control.status());
    assertEquals(status._tag === "Some" && status.value.mode, "off");
  },
);
