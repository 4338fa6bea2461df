import { assertEquals } from "@std/assert";
import * as TE from "fp-ts/lib/TaskEither.js";
import * as t from "io-ts";
import { batch, cached, type CachedEntry, cachedMany, memory, memoryBackend, shared } from "../../mod.ts";

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

/** Says at compile time that something is so; at run time there is nothing left to show. */
function holds<A extends true>(yes: A): void {
  assertEquals(yes, true);
}

interface User {
  readonly name: string;
}
const User: t.Type<User, unknown, unknown> = t.type({ name: t.string });
const backend = memoryBackend<Uint8Array>({ capacity: 10 });
const near = memory({ capacity: 10, ttl: "1m" });

const loadUser = (id: number, lang: "de" | "en" = "en"): Promise<User | undefined> =>
  Promise.resolve({ name: `${lang} ${id}` });

Deno.test("D23 a cached function keeps the types of its arguments and of its result", async () => {
  await using user = cached(loadUser, { layer: near });
  holds<Same<Parameters<typeof user>, Parameters<typeof loadUser>>>(true);
  holds<Same<ReturnType<typeof user>, Promise<User | undefined>>>(true);
  holds<Same<Parameters<typeof user.get>, Parameters<typeof loadUser>>>(true);
  holds<Same<ReturnType<typeof user.entry>, Promise<CachedEntry<User | undefined>>>>(true);
  assertEquals(await user(1, "de"), { name: "de 1" });
  const wrong = (): void => {
    // @ts-expect-error an id is a number
    user("1");
    // @ts-expect-error no such language
    user.get(1, "fr");
    // @ts-expect-error a user has a name
    user.set([1], { title: "Ada" });
    // @ts-expect-error there is no such argument
    user.invalidate(1, "de", 2);
  };
  assertEquals(typeof wrong, "function");
});

Deno.test("values, promises and TaskEithers have the type of what they bring", async () => {
  await using plain = cached((text: string) => text.length, { layer: near });
  await using promised = cached((text: string) => Promise.resolve(text.length), { layer: near });
  await using task = cached((text: string) => TE.tryCatch(() => Promise.resolve(text.length), String), { layer: near });
  for (const length of [plain, promised, task]) {
    holds<Same<ReturnType<typeof length>, Promise<number>>>(true);
    assertEquals(await length("four"), 4);
  }
});

Deno.test("a shared tier's codec has to be one of the result, whether it stands alone or among others", async () => {
  const tier = { backend, name: "user", ttl: "1m" } as const;
  await using one = cached(loadUser, { layer: shared({ ...tier, codec: User }) });
  await using stacked = cached(loadUser, { layer: [shared({ ...tier, codec: User }), near, batch({ maxSize: 10 })] });
  assertEquals([await one(1), await stacked(1)], [{ name: "en 1" }, { name: "en 1" }]);
  // @ts-expect-error texts are no users
  cached(loadUser, { layer: shared({ ...tier, codec: t.string }) });
  // @ts-expect-error texts are no users
  cached(loadUser, { layer: [shared({ ...tier, codec: t.string })] });
});

Deno.test("a cached function of many keys keeps the types of its keys and results", async () => {
  const load = (ids: ReadonlyArray<number>): Promise<ReadonlyArray<User | undefined>> =>
    Promise.resolve(ids.map((id) => ({ name: `user ${id}` })));
  await using users = cachedMany(load, { layer: shared({ backend, name: "users", codec: User, ttl: "1m" }) });
  holds<Same<Parameters<typeof users>, [keys: ReadonlyArray<number>]>>(true);
  holds<Same<ReturnType<typeof users>, Promise<ReadonlyArray<User | undefined>>>>(true);
  await using names = cachedMany((ids: ReadonlyArray<bigint>) => Promise.resolve(ids.map(String)), { layer: near });
  holds<Same<ReturnType<typeof names>, Promise<ReadonlyArray<string>>>>(true);
  assertEquals([await users([1]), await names([2n])], [[{ name: "user 1" }], ["2"]]);
  // @ts-expect-error keys are numbers
  assertEquals(await users(["3"]), [{ name: "user 3" }]);
});
