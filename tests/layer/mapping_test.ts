import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import { contramapKey, mapValue } from "../../mod.ts";
import { withoutRejections } from "../support/rejections.ts";
import { allFound, found, left, right } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";

/** A number that stands as text below; NaN and Infinity have no text. */
const NumberFromText = new t.Type<number, string, unknown>(
  "NumberFromText",
  (value): value is number => typeof value === "number",
  (text, context) => {
    if (text === "throw") throw new Error("decode");
    return Number.isNaN(Number(text)) ? t.failure(text, context) : t.success(Number(text));
  },
  (value) => {
    if (!Number.isFinite(value)) throw new Error("encode");
    return String(value);
  },
);

Deno.test("a store under other keys reads, writes, clears and peeks the same entries", async () => {
  const here = world();
  const texts = memoryIn(here)(here.texts.store);
  const named = contramapKey((name: string) => name.length)(texts);
  assertEquals(found(await named.get("a")()), "one");
  assertEquals(named.peek("b"), O.some(O.some("one")));
  right(await named.put("xx", "dos")());
  assertEquals([found(await texts.get(2)()), found(await named.get("yy")())], ["dos", "dos"]);
  here.texts.rows.set(2, "changed behind");
  right(await named.invalidate(["zz"])());
  assertEquals(allFound(await named.getMany(["aa", "a", "bb"])()), ["changed behind", "one", "changed behind"]);
  right(await named.remove("x")());
  assertEquals(found(await texts.get(1)()), undefined);
});

Deno.test("X18 keys that are known only after a write are mapped as well", async () => {
  const here = world();
  const texts = sharedTexts(here);
  const named = contramapKey((name: string) => name.length)(texts);
  await named.get("four")();
  const insert =
    () => () => (here.texts.rows.set(4, "quattro"), Promise.resolve({ _tag: "Right" as const, right: "four" }));
  right(await named.mutate([], insert, { alsoWritten: (name) => [name] })());
  assertEquals(found(await texts.get(4)()), "quattro");
});

Deno.test("a key function that throws refuses that key, reads the others, and writes nothing", async () => {
  await withoutRejections(async () => {
    const here = world();
    const named = contramapKey((name: string) => {
      if (name === "") throw new Error("no name");
      return name.length;
    })(memoryIn(here)(here.texts.store));
    assertEquals(left(await named.get("")())._tag, "KeyRefused");
    assertEquals(named.peek(""), O.none);
    assertEquals((await named.entries(["a", "", "bb"])()).map(({ _tag }) => _tag), ["Right", "Left", "Right"]);
    for (const write of [named.put("", "x"), named.remove(""), named.invalidate(["a", ""])]) {
      const { outcome, error } = left(await write());
      assertEquals([outcome, error._tag], ["aborted", "KeyRefused"]);
    }
    assertEquals(here.texts.saves.length, 0);
  });
});

Deno.test("a store of other values decodes what is read and encodes what is written", async () => {
  const here = world({ 1: "1" });
  const texts = memoryIn(here)(sharedTexts(here));
  const numbers = mapValue(NumberFromText)(texts);
  assertEquals([found(await numbers.get(1)()), found(await numbers.get(2)())], [1, undefined]);
  assertEquals(numbers.peek(1), O.some(O.some(1)));
  right(await numbers.put(1, 42)());
  assertEquals([here.texts.rows.get(1), found(await texts.get(1)()), found(await numbers.get(1)())], ["42", "42", 42]);
  assertEquals(here.texts.loads.length, 2);
});

Deno.test("a value that does not decode is an error of that key alone; one that cannot be encoded is not written", async () => {
  await withoutRejections(async () => {
    const here = world({ 1: "1", 2: "no number", 3: "throw" });
    const numbers = pipe(here.texts.store, memoryIn(here), mapValue(NumberFromText));
    const [one, two, three] = await numbers.entries([1, 2, 3])();
    assertEquals(right(one!).value, O.some(1));
    for (const entry of [two!, three!]) assertEquals(left(entry)._tag, "ValueRefused");
    assertEquals(numbers.peek(2), O.none);
    const { outcome, error } = left(await numbers.put(1, NaN)());
    assertEquals([outcome, error._tag, here.texts.saves.length], ["aborted", "ValueRefused", 0]);
    assertEquals(found(await numbers.get(1)()), 1);
  });
});
