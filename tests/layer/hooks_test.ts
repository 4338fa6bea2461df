import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import type { Hooks, Store } from "../../mod.ts";
import { fromVerbs, hooks, scope, writing } from "../../mod.ts";
import { heldWrite } from "../support/held_write.ts";
import { allFound, found, left, right } from "../support/results.ts";
import type { World } from "../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";

interface Text {
  readonly text: string;
  /** Derived: nobody stores it. */
  readonly length: number;
}

interface Counted extends Hooks<string, Text> {
  readonly ran: { before: number; after: number };
}

/** Hooks that trim a text, refuse an empty one, and add its length. */
function counted(): Counted {
  const ran = { before: 0, after: 0 };
  return {
    ran,
    beforeStore: ({ text }) => {
      ran.before++;
      return text.trim() === "" ? E.left("a text is empty") : E.right(text.trim());
    },
    afterLoad: (text) => {
      ran.after++;
      return { text, length: text.length };
    },
  };
}

const tiers = (here: World): Store<number, string> => pipe(sharedTexts(here), memoryIn(here));
const textOf = (text: string): Text => ({ text, length: -1 });

Deno.test("P11 B10 after-load runs on each read, cached or fresh, and nothing of what it adds is stored", async () => {
  const here = world();
  const below = tiers(here);
  const made = counted();
  const texts = hooks(made)(below);
  for (const read of [1, 2, 3]) {
    assertEquals(found(await texts.get(1)()), { text: "one", length: 3 });
    assertEquals(made.ran.after, read);
  }
  assertEquals(allFound(await texts.getMany([1, 3, 9])()), [
    { text: "one", length: 3 },
    { text: "three", length: 5 },
    undefined,
  ]);
  assertEquals(texts.peek(1), O.some(O.some({ text: "one", length: 3 })));
  assertEquals([below.peek(1), below.peek(9), texts.peek(9)], [O.some(O.some("one")), O.some(O.none), O.some(O.none)]);
  assertEquals([found(await sharedTexts(here).get(1)()), here.texts.loads.length], ["one", 2]);
});

Deno.test("P11 B10 before-store normalises a value once, and takes off what was derived", async () => {
  const here = world();
  const made = counted();
  const texts = hooks(made)(tiers(here));
  right(await texts.put(1, { text: "  uno ", length: 99 })());
  assertEquals([made.ran.before, here.texts.rows.get(1)], [1, "uno"]);
  assertEquals(found(await texts.get(1)()), { text: "uno", length: 3 });
  right(await texts.remove(1)());
  assertEquals(found(await texts.get(1)()), undefined);
});

Deno.test("P11 before-store refuses a value before any effect", async () => {
  const here = world();
  const texts = hooks(counted())(tiers(here));
  const refusal = {
    outcome: "aborted" as const,
    error: { _tag: "ValueRefused" as const, tier: "hooks", reason: "a text is empty" },
  };
  assertEquals(left(await texts.put(1, textOf(" "))()), refusal);
  const write = heldWrite(() => {});
  assertEquals(left(await texts.mutate([1], write.write, { intended: [O.some(textOf(""))] })()), refusal);
  const throwing = hooks<string>({
    beforeStore: () => {
      throw new Error("with the value in its message");
    },
  })(tiers(here));
  assertEquals(left(await throwing.put(1, "x")()).error, {
    _tag: "ValueRefused",
    tier: "hooks",
    reason: "the beforeStore hook threw",
  });
  assertEquals([write.begun, here.texts.saves, here.faulty.calls], [[], [], []]);
});

Deno.test("an after-load hook that throws is an error of that key alone", async () => {
  const here = world();
  const texts = hooks<string>({
    afterLoad: (text) => {
      if (text === "two") throw new Error("two");
      return text.toUpperCase();
    },
  })(tiers(here));
  const entries = await texts.entries([1, 2])();
  assertEquals(entries.map(({ _tag }) => _tag), ["Right", "Left"]);
  assertEquals(left(await texts.get(2)())._tag, "ValueRefused");
  assertEquals([texts.peek(1), texts.peek(2)], [O.some(O.some("ONE")), O.none]);
});

Deno.test("I2 what a write through hooks leaves in the tiers is what the source has, in whatever way it was said", async () => {
  const here = world();
  const texts = hooks(counted())(tiers(here));
  const say = writing(() => Promise.resolve(here.texts.rows.set(1, "as stored")).then(() => {}));
  right(await texts.mutate([1], say, { written: () => [O.some(textOf(" as said "))] })());
  assertEquals(found(await texts.get(1)()), { text: "as stored", length: 9 });
  const trimming = hooks<string>({ beforeStore: (text) => E.right(text.trim()) })(tiers(here));
  const sayAgain = writing(() => Promise.resolve(here.texts.rows.set(2, "as stored")).then(() => {}));
  right(await trimming.mutate([2], sayAgain, { written: () => [O.some(" as said ")] })());
  assertEquals(found(await trimming.get(2)()), "as stored");
  // A layer above that makes its puts of save and mutate.
  const above = fromVerbs({ ...texts });
  right(await above.put(1, textOf(" above "))());
  assertEquals([here.texts.rows.get(1), found(await above.get(1)())?.text], ["above", "above"]);
  assertEquals(left(await above.put(1, textOf(" "))()).error._tag, "ValueRefused");
});

Deno.test("hooks above a scope see its values, and the scope remembers what is stored", async () => {
  const here = world();
  const mine = scope(tiers(here), { clock: here.clock });
  const texts = hooks(counted())(mine);
  right(await texts.put(1, textOf(" uno "))());
  assertEquals(mine.peek(1), O.some(O.some("uno")));
  assertEquals([found(await texts.get(1)()), here.texts.loads.length], [{ text: "uno", length: 3 }, 0]);
});

Deno.test("without any hook nothing changes", async () => {
  const here = world();
  const texts = hooks<string>({})(tiers(here));
  assertEquals(found(await texts.get(1)()), "one");
  right(await texts.put(1, "uno")());
  assertEquals(found(await texts.get(1)()), "uno");
});
