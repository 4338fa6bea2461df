import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals, assertThrows } from "@std/assert";
import type { DurationLike, SharedOptions, Store } from "../mod.ts";
import { batch, compose, duration, memory, memoryBackend, promises, shared, showCacheError, source } from "../mod.ts";
import { withoutRejections } from "./support/rejections.ts";
import { allFound, found, left, right } from "./support/results.ts";
import { memoryIn, sharedTexts, world } from "./support/stack.ts";

const backend = memoryBackend<Uint8Array>({ capacity: 10 });
const good = { backend, name: "text", codec: t.string, ttl: "1m" } as const;

/** What is thrown while options are checked, before any effect. */
function refusal(build: () => unknown): string {
  const error = assertThrows(build, RangeError);
  return (error as RangeError).message;
}

Deno.test("a duration that is no number with a unit is refused, and the message says what was received", () => {
  for (const wrong of ["-5s", "5", "5 s", "", "ms", "1e3s", "5S", "NaNms", "Infinitys", null, undefined, NaN, -1, {}]) {
    const message = refusal(() => duration(wrong as DurationLike));
    const received = typeof wrong === "string" ? `"${wrong}"` : String(wrong);
    assertEquals(
      message,
      `Cannot read a duration: expected "forever" or a non-negative number with a unit (ms, s, m, h, d), such as "250ms": received ${received}`,
    );
  }
});

Deno.test("a duration that is wrong is refused where the layer is described, in every option", () => {
  const wrong = "-1s" as DurationLike;
  const builds: ReadonlyArray<() => unknown> = [
    () => memory({ capacity: 1, ttl: wrong }),
    () => memory({ capacity: 1, ttl: "1s", lease: wrong }),
    () => shared({ ...good, ttl: wrong }),
    () => shared({ ...good, lease: wrong }),
    () => shared({ ...good, timeout: wrong }),
    () => batch({ maxSize: 1, window: wrong }),
    () => source({ load: () => Promise.resolve([]), commit: wrong }),
    () => source({ load: () => Promise.resolve([]), loadTimeout: wrong }),
  ];
  for (const build of builds) assertEquals(refusal(build).endsWith('received "-1s"'), true);
});

Deno.test("X13 what something waits for must end: no lease, timeout or window is forever", () => {
  for (
    const build of [
      () => memory({ capacity: 1, ttl: "forever", lease: "forever" }),
      () => shared({ ...good, lease: "forever" }),
      () => shared({ ...good, timeout: "forever" }),
      () => batch({ maxSize: 1, window: "forever" }),
    ]
  ) {
    assertEquals(refusal(build).endsWith("expected a duration that ends: received forever"), true);
  }
});

Deno.test("a bound that is no positive whole number is refused, and the message says what was received", () => {
  for (const wrong of [0, -1, 1.5, NaN, Infinity]) {
    assertEquals(
      refusal(() => memory({ capacity: wrong, ttl: "1m" })),
      `Cannot make a memory backend: expected a positive whole capacity: received ${wrong}`,
    );
    assertEquals(
      refusal(() => batch({ maxSize: wrong })),
      `Cannot build a batch: expected a positive whole maxSize: received ${wrong}`,
    );
  }
  for (const wrong of [0, -1, NaN]) {
    const build = () => memory({ capacity: 1, maxBytes: wrong, ttl: "1m" });
    assertEquals(refusal(build), `Cannot make a memory backend: expected positive maxBytes: received ${wrong}`);
  }
  for (const wrong of [-1, 1.5, 257, NaN]) {
    const build = () => shared({ ...good, shards: wrong });
    assertEquals(refusal(build), `Cannot build the tier text: expected 0 to 256 shards: received ${wrong}`);
    assertEquals(refusal(() => shared({ ...good, shards: { now: 1, before: wrong } })).includes("256 shards"), true);
  }
});

Deno.test("a namespace that is empty, too long or ambiguous is refused", () => {
  for (const wrong of ["", "a:b", "x".repeat(65), undefined, 7]) {
    const message = refusal(() => shared({ ...good, name: wrong as string }));
    assertEquals(message.endsWith(`received ${JSON.stringify(wrong)}`), true, message);
  }
});

Deno.test("a codec that is none is refused with a TypeError that says what was received", () => {
  const error = assertThrows(() => shared({ ...good, codec: "text" as never }), TypeError);
  assertEquals(error.message.endsWith("received string"), true, error.message);
});

Deno.test("a lease that does not cover the source's commit is refused when the layer is built", () => {
  const slow = source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(String)), commit: "9s" });
  for (const layer of [memory({ capacity: 1, ttl: "1m" }), shared({ ...good })]) {
    assertEquals(refusal(() => layer(slow)).endsWith("the source's commit timeout of 9s: received 10s"), true);
  }
  const layers = compose(memory({ capacity: 1, ttl: "1m", lease: "30s" }), memory({ capacity: 1, ttl: "1m" }));
  assertEquals(refusal(() => layers(slow)).includes("memory"), true);
  memory({ capacity: 1, ttl: "1m", lease: "10001ms" })(slow);
});

Deno.test("a grace, a load timeout, a refresh or a wait that makes no sense is refused when the layer is built", () => {
  const wrong: ReadonlyArray<readonly [Partial<SharedOptions<string>>, string]> = [
    [
      { ttl: undefined as never, grace: "1m" },
      "expected a ttl, after which the grace begins: received grace without ttl",
    ],
    [{ lease: "10s", loadTimeout: { hard: "11s" } }, "of at least the hard load timeout: received a lease of 10s"],
    ...[0, 1, -0.1, 1.1, NaN].map((ahead) =>
      [{ refresh: { ahead } }, `between 0 and 1 to refresh ahead: received ${ahead}`] as const
    ),
    [{ onBusy: { wait: "forever" } }, "wait for another's load: expected a duration that ends: received forever"],
  ];
  for (const [options, message] of wrong) {
    for (
      const build of [
        () => shared({ ...good, ...options }),
        () => memory({ capacity: 1, ttl: "1m", ...options } as never),
      ]
    ) {
      assertEquals(refusal(build).endsWith(message), true, refusal(build));
    }
  }
});

const cycle: Array<unknown> = [];
cycle.push(cycle);
const noKeys: Readonly<Record<string, unknown>> = {
  "NaN": NaN,
  "a cycle": cycle,
  "a function": () => 1,
  "a symbol": Symbol("s"),
  "an instance": new URL("http://a.b"),
  "NaN inside": { page: NaN },
};

Deno.test("a key that cannot be encoded is refused by every operation; nothing is loaded, saved, locked or cached", async () => {
  await withoutRejections(async () => {
    for (const [kind, key] of Object.entries(noKeys)) {
      const here = world();
      const stacks: ReadonlyArray<Store<unknown, string>> = [
        sharedTexts(here) as unknown as Store<unknown, string>,
        memoryIn(here)(here.texts.store) as unknown as Store<unknown, string>,
        pipe(here.texts.store, memoryIn(here), batch({ maxSize: 9 })) as unknown as Store<unknown, string>,
      ];
      for (const texts of stacks) {
        assertEquals(left(await texts.get(key)())._tag, "KeyRefused", kind);
        assertEquals(left(await texts.getMany([1, key])())._tag, "KeyRefused", kind);
        const entries = await texts.entries([1, key, 2])();
        assertEquals(entries.map(({ _tag }) => _tag), ["Right", "Left", "Right"], kind);
        assertEquals(texts.peek(key)._tag, "None", kind);
        for (const write of [texts.put(key, "x"), texts.remove(key), texts.invalidate([1, key])]) {
          const { outcome, error } = left(await write());
          assertEquals([outcome, error._tag], ["aborted", "KeyRefused"], kind);
          assertEquals(showCacheError(error).startsWith("Cannot encode the key: "), true);
        }
      }
      assertEquals([here.texts.saves.length, here.texts.loads.flatMap(({ keys }) => keys).includes(key as number)], [
        0,
        false,
      ]);
      assertEquals(here.faulty.calls.flat().filter(({ operation }) => operation._tag === "lock"), []);
    }
  });
});

Deno.test("a value that the codec refuses is not written, and is returned but not cached when it was loaded", async () => {
  const here = world({ 1: "one", 2: 2 as unknown as string });
  const texts = memoryIn(here)(sharedTexts(here));
  const { outcome, error } = left(await texts.put(1, 5 as unknown as string)());
  assertEquals([outcome, error._tag], ["aborted", "ValueRefused"]);
  assertEquals(
    showCacheError(error),
    "Cannot store the value in text: shape: at the value: expected string, received number",
  );
  assertEquals([here.texts.saves.length, here.faulty.calls.length], [0, 0]);
  assertEquals(found(await texts.get(1)()), "one");

  const below = sharedTexts(here);
  for (let i = 0; i < 2; i++) assertEquals(found(await below.get(2)()), 2 as unknown as string);
  assertEquals(here.texts.loads.filter(({ keys }) => keys.includes(2)).length, 2);
  assertEquals(here.events.map(({ _tag }) => _tag), ["Unstorable"]);
});

Deno.test("a loader that returns the wrong number of rows caches nothing, and a loader put right is asked again", async () => {
  const here = world();
  let broken = true;
  const load = (keys: ReadonlyArray<number>) => Promise.resolve(broken ? ["one"] : keys.map(String));
  const texts = memoryIn(here)(
    sharedTexts({ ...here, texts: { ...here.texts, store: source({ load, clock: here.clock }) } }),
  );
  const error = left(await texts.getMany([1, 2])());
  assertEquals(
    showCacheError(error),
    "The loader broke its contract: expected 2 results, one for each key: received 1",
  );
  broken = false;
  assertEquals(allFound(await texts.getMany([1, 2])()), ["1", "2"]);
});

Deno.test("a ttl function that throws, or returns no duration, stores nothing and loses nothing", async () => {
  for (
    const ttl of [
      () => {
        throw new Error("ttl");
      },
      () => "soon" as never,
      () => undefined as never,
      () => -5 as never,
    ]
  ) {
    const here = world();
    const texts = sharedTexts(here, { ttl });
    for (let i = 0; i < 2; i++) assertEquals(found(await texts.get(1)()), "one");
    right(await texts.put(1, "uno")());
    assertEquals(found(await texts.get(1)()), "uno");
  }
});

Deno.test("no error tells a value, also where a promise rejects with it", async () => {
  const here = world();
  const cache = promises(sharedTexts(here));
  const secret = { password: "hunter2" };
  const error = await cache.put(1, secret as unknown as string).then(() => undefined, (cause: Error) => cause);
  assertEquals(error?.name, "CacheWriteError");
  assertEquals(JSON.stringify([error?.message, error]).includes("hunter2"), false);
});
