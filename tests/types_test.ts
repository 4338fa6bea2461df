import { flow, pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { Monoid } from "fp-ts/lib/Monoid.js";
import { assertEquals } from "@std/assert";
import type { CacheError, DurationLike, Layer, Store, Write, WriteFailure } from "../mod.ts";
import {
  batch,
  compose,
  contramapKey,
  counters,
  duration,
  getMonoid,
  identity,
  mapValue,
  memory,
  memoryBackend,
  observe,
  promises,
  shared,
  source,
} from "../mod.ts";

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
const Account = t.type({ balance: t.number });

const usersByIds = (ids: ReadonlyArray<number>): Promise<ReadonlyArray<User | undefined>> =>
  Promise.resolve(ids.map((id) => ({ name: `user ${id}` })));
const saveUsers = (): Promise<void> => Promise.resolve();
const backend = memoryBackend<Uint8Array>({ capacity: 100 });

const users = pipe(
  source({ load: usersByIds, save: saveUsers }),
  shared({ backend, name: "user", codec: User, ttl: "10m" }),
  memory({ capacity: 10_000, ttl: "60s" }),
);

Deno.test("a stack infers its key and value without an annotation", async () => {
  holds<Same<typeof users, Store<number, User>>>(true);
  const found = await users.get(42)();
  holds<Same<typeof found, Either<CacheError, Option<User>>>>(true);
  const many = await promises(users).getMany([1, 2]);
  holds<Same<typeof many, ReadonlyArray<User | undefined>>>(true);
});

Deno.test("a wrong codec errs at the codec", () => {
  pipe(
    source({ load: usersByIds, save: saveUsers }),
    shared({
      backend,
      name: "user",
      // @ts-expect-error an account is no user
      codec: Account,
      ttl: "10m",
    }),
  );
  const layer = shared({ backend, name: "user", codec: Account, ttl: "10m" });
  // @ts-expect-error a tier of accounts does not stand in front of users
  layer(source({ load: usersByIds }));
});

Deno.test("a source infers from each loader, and load and save must agree", () => {
  const rows = source({
    rows: (_ids: ReadonlyArray<string>) => Promise.resolve([{ id: "a" }]),
    keyOf: (row) => row.id,
  });
  holds<Same<typeof rows, Store<string, { id: string }>>>(true);
  source({
    load: usersByIds,
    // @ts-expect-error the changes of a save are those of the load
    save: (_changes: ReadonlyArray<{ readonly key: string; readonly value: Option<User> }>) => Promise.resolve(),
  });
  // @ts-expect-error rows need a keyOf
  source({ rows: (_ids: ReadonlyArray<string>) => Promise.resolve([{ id: "a" }]) });
});

Deno.test("a tier kept in a constant, flow and compose infer", () => {
  const near = memory({ capacity: 100, ttl: "1m" });
  const far = shared({ backend, name: "user", codec: User, ttl: "10m" });
  const origin = source({ load: usersByIds });
  const texts = source({ load: (keys: ReadonlyArray<boolean>) => Promise.resolve(keys.map(String)) });

  const [one, two] = [near(origin), near(texts)];
  holds<Same<typeof one, Store<number, User>>>(true);
  holds<Same<typeof two, Store<boolean, string>>>(true);

  const flowing = flow(far<number>, near, batch({ maxSize: 10 }));
  const flowed = flowing(origin);
  holds<Same<typeof flowed, Store<number, User>>>(true);

  const composed = compose(near, batch({ maxSize: 10 }), observe(counters()))(texts);
  holds<Same<typeof composed, Store<boolean, string>>>(true);
  const withShared = compose(far, near)(origin);
  holds<Same<typeof withShared, Store<number, User>>>(true);
  // @ts-expect-error a tier of users does not stand in front of texts
  compose(far, near)(texts);

  const monoid = getMonoid<number, User>();
  holds<Same<typeof monoid, Monoid<Layer<number, User>>>>(true);
  const both: Layer<number, User> = monoid.concat(near, identity);
  assertEquals(typeof both, "function");
});

Deno.test("other keys and other values change the type of a store", () => {
  const byText = contramapKey((text: string) => Number(text))(users);
  holds<Same<typeof byText, Store<string, User>>>(true);
  const piped = pipe(users, contramapKey((id: bigint) => Number(id)));
  holds<Same<typeof piped, Store<bigint, User>>>(true);

  const Upper = new t.Type<{ readonly upper: string }, User, unknown>(
    "Upper",
    (value): value is { readonly upper: string } => typeof value === "object",
    (value) => t.success({ upper: String(value) }),
    ({ upper }) => ({ name: upper }),
  );
  const upper = mapValue(Upper)(users);
  holds<Same<typeof upper, Store<number, { readonly upper: string }>>>(true);
});

Deno.test("a bare number as a duration does not compile; a text with a unit, and a Duration, do", () => {
  const given: ReadonlyArray<DurationLike> = ["250ms", "1.5s", "10m", "24h", "7d", "forever", duration("1s")];
  assertEquals(given.map(duration).every((length) => length > 0), true);
  // @ts-expect-error the unit of a bare number cannot be seen
  memory({ capacity: 1, ttl: 60 });
  // @ts-expect-error the unit of a bare number cannot be seen
  users.get(1, { deadline: 500 });
  // @ts-expect-error there is no such unit
  assertEquals(((): DurationLike => "3 weeks")(), "3 weeks");
});

Deno.test("a write keeps the type of its own failure, beside what the cache may report", async () => {
  type Refusal = "not the owner";
  const rename = (): Write<number, Refusal> => () => Promise.resolve({ _tag: "Right", right: 1 });
  const done = await users.mutate([42], rename)();
  holds<Same<typeof done, Either<WriteFailure<Refusal>, number>>>(true);
  if (done._tag === "Left") holds<Same<typeof done.left.error, CacheError | Refusal>>(true);

  const put = await users.put(42, { name: "Ada" })();
  holds<Same<typeof put, Either<WriteFailure<never>, void>>>(true);
  // @ts-expect-error a user has a name
  users.put(42, { title: "Ada" });
  // @ts-expect-error keys are numbers
  users.get("42");
});

Deno.test("a write around a write compiles with within, and keeps both types", async () => {
  const orders = source({ load: (ids: ReadonlyArray<string>) => Promise.resolve(ids.map((id) => id.length)) });
  const ship = (): Write<Date, "no stock"> => () => Promise.resolve({ _tag: "Right", right: new Date(0) });
  const done = await users.mutate([1], (within) => orders.mutate(["a"], ship, { within }))();
  holds<Same<typeof done, Either<WriteFailure<"no stock">, Date>>>(true);
  assertEquals(done._tag === "Right" && done.right.getTime(), 0);
});
