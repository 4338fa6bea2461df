import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { CacheError } from "../../mod.ts";
import { contramapKey, prefetch, request, shared, source } from "../../mod.ts";
import { allFound, found, left } from "../support/results.ts";
import { memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

Deno.test("a prefetch asks the tiers of several stores and types once each, and is done once per request", async () => {
  const here = world();
  const texts = pipe(sharedTexts(here), memoryIn(here));
  const lengths = pipe(
    source({ load: (keys: ReadonlyArray<string>) => Promise.resolve(keys.map((key) => key.length)) }),
    shared({ backend: here.faulty.backend, name: "length", codec: t.number, ttl: "10m", clock: here.clock }),
  );
  await texts.get(1)();
  const looks = () =>
    here.faulty.calls.flatMap((requests) => {
      const names = requests.filter(({ operation }) => operation._tag === "look").map(({ slot }) => slot);
      return names.length === 0 ? [] : [names];
    });
  here.faulty.calls.length = 0;
  await using page = request();
  const [two, one] = await prefetch(page, [texts, [2, 1, 9]], [lengths, ["four", "a"]])();
  const typed: Same<typeof one, Either<CacheError, ReadonlyArray<Option<number>>>> = true;
  assertEquals([typed, allFound(one), allFound(two)], [true, [4, 1], ["two", "one", undefined]]);
  // What the instance tier holds is left out.
  const asked = [["lamina:length:0:'a", "lamina:length:0:'four"], ["lamina:text:0:2", "lamina:text:0:9"]];
  assertEquals(looks().map((names) => names.toSorted()).sort(), asked);
  const calls = here.faulty.calls.length;
  await prefetch(page, [texts, [1, 2, 9]], [lengths, ["a", "four"]])();
  assertEquals(found(await page.scope(lengths).get("four")()), 4);
  assertEquals(here.faulty.calls.length, calls);
});

Deno.test("a prefetch of nothing asks nothing, and its types are checked", async () => {
  const here = world();
  await using page = request();
  assertEquals(await prefetch(page)(), []);
  assertEquals(allFound((await prefetch(page, [here.texts.store, []])())[0]), []);
  const wrong = () =>
    // @ts-expect-error the keys of texts are numbers
    prefetch(page, [here.texts.store, ["one"]]);
  assertEquals([typeof wrong, here.texts.loads.length], ["function", 0]);
});

Deno.test("each store of a prefetch answers for itself: one that fails does not fail the others", async () => {
  const here = world();
  await using page = request();
  const broken = contramapKey((key: string) => Number(key))(here.texts.store);
  const other = world();
  here.texts.hold("loads");
  const both = prefetch(page, [broken, ["1"]], [other.texts.store, [1]])();
  await turn();
  await here.texts.loads[0]!.fail("down");
  const [first, second] = await both;
  assertEquals([left(first)._tag, allFound(second)], ["SourceFailed", ["one"]]);
});
