import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { Aliased, Duration, Store } from "../../mod.ts";
import { alias, memory, scope, shared, source, writing } from "../../mod.ts";
import type { FaultyBackend } from "../support/faulty_backend.ts";
import { faultyBackend } from "../support/faulty_backend.ts";
import { heldWrite } from "../support/held_write.ts";
import { allFound, found, left, right } from "../support/results.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { turn } from "../support/turn.ts";

interface User {
  readonly name: string;
}
const User: t.Type<User, unknown, unknown> = t.type({ name: t.string });

interface People extends Aliased<string, number, User> {
  readonly clock: VirtualClock;
  readonly rows: Map<number, User>;
  readonly users: Store<number, User>;
  readonly keys: Store<string, number>;
  readonly faulty: FaultyBackend;
  readonly loads: { users: number; keys: number };
}

/** Users by id and by name, with both tiers in front of each. */
function people(over: (users: Store<number, User>) => Store<number, User> = (users) => users): People {
  const clock = virtualClock();
  const faulty = faultyBackend(clock);
  const rows = new Map<number, User>([[1, { name: "ada" }], [2, { name: "grace" }]]);
  const loads = { users: 0, keys: 0 };
  const idOf = (name: string) => [...rows].find(([, user]) => user.name === name)?.[0];
  const common = { backend: faulty.backend, ttl: "10m", onBusy: "bypass", clock } as const;
  const users = over(pipe(
    source({
      load: (ids: ReadonlyArray<number>) => (loads.users++, Promise.resolve(ids.map((id) => rows.get(id)))),
      save: (changes) =>
        Promise.resolve(changes.forEach(({ key, value }) => {
          if (O.isSome(value)) rows.set(key, value.value);
          else rows.delete(key);
        })),
      clock,
    }),
    shared({ ...common, name: "user", codec: User }),
    memory({ capacity: 100, ttl: "60s", onBusy: "bypass", clock }),
  ));
  const keys = pipe(
    source({
      load: (names: ReadonlyArray<string>) => (loads.keys++, Promise.resolve(names.map(idOf))),
      clock,
    }),
    shared({ ...common, name: "user by name", codec: t.number }),
    memory({ capacity: 100, ttl: "60s", onBusy: "bypass", clock }),
  );
  const aliased = alias({ keys, namesOf: (user: User) => [user.name], clock })(users);
  return { clock, rows, users, keys, faulty, loads, ...aliased };
}

const rename = ({ rows }: People, id: number, name: string) => () => void rows.set(id, { name });

Deno.test("P15 a value is looked up by its name, both steps cached, in the order asked, absent names too", async () => {
  const { byName, loads } = people();
  const asked = ["grace", "nobody", "ada", "grace"];
  const expected = [{ name: "grace" }, undefined, { name: "ada" }, { name: "grace" }];
  assertEquals(allFound(await byName.getMany(asked)()), expected);
  assertEquals(allFound(await byName.getMany(asked)()), expected);
  assertEquals(loads, { users: 1, keys: 1 });
  assertEquals(byName.peek("ada"), O.some(O.some({ name: "ada" })));
  assertEquals([byName.peek("nobody"), byName.peek("unasked")], [O.some(O.none), O.none]);
});

Deno.test("P15 a value by its name is as old as the older of the two steps, and lives as long as the shorter", async () => {
  const here = people();
  right(await here.keys.get("ada")());
  await here.clock.advance(20_000);
  const [byKey] = await here.users.entries([1])();
  assertEquals(Number(right(byKey!).fresh), 60_000);
  const steps: Array<number> = [];
  const noting = <K, V>(store: Store<K, V>): Store<K, V> => ({
    ...store,
    entries: (keys, options) => async () => {
      const found = await store.entries(keys, options)();
      steps.push(...found.map((each) => right(each).asOf));
      return found;
    },
  });
  const { byName } = alias({ keys: noting(here.keys), namesOf: ({ name }: User) => [name] })(noting(here.users));
  const { age, fresh, until, asOf } = right((await byName.entries(["ada"])())[0]!);
  assertEquals([age, fresh, until].map(Number), [20_000, 40_000, 40_000]);
  assertEquals([steps.length, asOf], [2, Math.min(...steps)]);
});

Deno.test("P15 a name that leads to a value of another name, also at the source, has no value", async () => {
  const here = people();
  const wrong = source({ load: (names: ReadonlyArray<string>) => Promise.resolve(names.map(() => 1)) });
  const { byName } = alias({ keys: wrong, namesOf: ({ name }: User) => [name] })(here.users);
  assertEquals(allFound(await byName.getMany(["ada", "grace"])()), [{ name: "ada" }, undefined]);
});

Deno.test("P15 a write that changes the name guards the old and the new one while it is under way", async () => {
  for (const told of ["intended", "not told"] as const) {
    const here = people();
    await here.byName.getMany(["ada", "lovelace", "grace"])();
    const renaming = heldWrite(rename(here, 1, "lovelace"));
    const value = [O.some({ name: "lovelace" })];
    const writing = here.byKey.mutate([1], renaming.write, told === "intended" ? { intended: value } : {})();
    await turn();
    const locked = here.faulty.slots().filter(([, { _tag }]) => _tag === "Locked").map(([name]) => name).sort();
    assertEquals(locked, [
      "lamina:user by name:0:'ada",
      ...told === "intended" ? ["lamina:user by name:0:'lovelace"] : [],
      "lamina:user:0:1",
    ]);
    await renaming.commit();
    right(await writing);
    assertEquals(allFound(await here.byName.getMany(["ada", "lovelace", "grace"])()), [
      undefined,
      { name: "lovelace" },
      { name: "grace" },
    ]);
    assertEquals(here.faulty.slots().some(([, { _tag }]) => _tag === "Locked"), false);
  }
});

Deno.test("P15 a put, a remove and an insert are seen under every name at once", async () => {
  const here = people();
  await here.byName.getMany(["ada", "lovelace", "hopper"])();
  right(await here.byKey.put(1, { name: "lovelace" })());
  assertEquals(allFound(await here.byName.getMany(["ada", "lovelace"])()), [undefined, { name: "lovelace" }]);
  right(await here.byKey.put(3, { name: "hopper" })());
  assertEquals(found(await here.byName.get("hopper")()), { name: "hopper" });
  right(await here.byKey.remove(1)());
  assertEquals(found(await here.byName.get("lovelace")()), undefined);
  // Two swap their names.
  const swap = writing(() => Promise.resolve((rename(here, 2, "hopper")(), rename(here, 3, "grace")())));
  right(await here.byKey.mutate([2, 3], swap)());
  assertEquals(allFound(await here.byName.getMany(["grace", "hopper"])()), [{ name: "grace" }, { name: "hopper" }]);
  const [two, three] = right(await here.keys.getMany(["hopper", "grace"])());
  assertEquals([two, three], [O.some(2), O.some(3)]);
});

Deno.test("P15 two writers who rename one value at once leave no name that leads astray", async () => {
  const here = people();
  const [first, second] = [heldWrite(rename(here, 1, "b")), heldWrite(rename(here, 1, "c"))];
  const writings = [here.byKey.mutate([1], first.write)(), here.byKey.mutate([1], second.write)()];
  await turn();
  await first.commit();
  right(await writings[0]!);
  // Between the two the name b is the right one, and is cached: the second writer does not know of it.
  assertEquals(found(await here.byName.get("b")()), { name: "b" });
  assertEquals(O.toUndefined(right(await here.keys.get("b")())), 1);
  await second.commit();
  right(await writings[1]!);
  const names = ["ada", "b", "c"];
  assertEquals(allFound(await here.byName.getMany(names)()), [undefined, undefined, { name: "c" }]);
  assertEquals(right(await here.keys.get("b")()), O.none);
});

Deno.test("P15 a write whose names cannot be read, or not be locked, is aborted and the source is not touched", async () => {
  const here = people();
  const renaming = heldWrite(rename(here, 1, "b"));
  const lockOfName = here.faulty.inject(
    ({ slot, operation }) => operation._tag === "lock" && slot.includes("by name"),
    "not applied",
  );
  const failure = left(await here.byKey.mutate([1], renaming.write)());
  await lockOfName.deliver();
  assertEquals([failure.outcome, (failure.error as { _tag: string })._tag], ["aborted", "LockNotPlaced"]);
  const broken = alias({
    keys: here.keys,
    namesOf: (_user: User): ReadonlyArray<string> => {
      throw new Error("no names");
    },
  })(here.users);
  assertEquals(left(await broken.byKey.mutate([1], renaming.write)()).outcome, "aborted");
  assertEquals([renaming.begun, here.rows.get(1)], [[], { name: "ada" }]);
  assertEquals(here.faulty.slots().some(([, { _tag }]) => _tag === "Locked"), false);
});

Deno.test("P15 new names that cannot be read back are reported as unconfirmed", async () => {
  const here = people();
  let reads = 0;
  const failing: Store<number, User> = {
    ...here.users,
    entries: (keys, options) => () => {
      const error = { _tag: "SourceFailed" as const, cause: "down" };
      return ++reads === 2
        ? Promise.resolve(keys.map(() => ({ _tag: "Left" as const, left: error })))
        : here.users.entries(keys, options)();
    },
  };
  const { keys } = here;
  const strict = pipe(
    source({ load: (names: ReadonlyArray<string>) => Promise.resolve(names.map(() => 1)) }),
    shared({
      backend: here.faulty.backend,
      name: "strict",
      codec: t.number,
      ttl: "1m",
      onUnconfirmed: "fail",
      clock: here.clock,
    }),
  );
  for (const [store, outcome] of [[keys, "Right"], [strict, "Left"]] as const) {
    reads = 0;
    const { byKey } = alias({ keys: store, namesOf: (user: User) => [user.name] })(failing);
    const renamed = await byKey.mutate([1], writing(() => Promise.resolve(rename(here, 1, "c")())))();
    assertEquals([renamed._tag, here.rows.get(1)], [outcome, { name: "c" }]);
    if (renamed._tag === "Left") assertEquals(renamed.left.outcome, "unconfirmed");
  }
});

Deno.test("reads by name end with the caller's deadline, and writes by name say what to do instead", async () => {
  const here = people((users) => ({ ...users, entries: () => () => new Promise(() => {}) }));
  const reading = here.byName.get("ada", { deadline: 50 as Duration })();
  await here.clock.advance(50);
  assertEquals(left(await reading)._tag, "TimedOut");
  const writes = [
    await here.byName.put("ada", { name: "b" })(),
    await here.byName.remove("ada")(),
    await here.byName.invalidate(["ada"])(),
    await here.byName.invalidateAll()(),
    await here.byName.transact(() => () => Promise.reject(new Error("never begun")))(),
  ];
  for (const write of writes) {
    const { outcome, error } = left(write);
    assertEquals([outcome, (error as { _tag: string })._tag], ["aborted", "Unsupported"]);
  }
});

Deno.test("names work over the scope of a request, which sees its own renaming", async () => {
  const here = people();
  const mine = { users: scope(here.users), keys: scope(here.keys) };
  const { byKey, byName } = alias({ keys: mine.keys, namesOf: (user: User) => [user.name] })(mine.users);
  assertEquals(allFound(await byName.getMany(["ada", "b"])()), [{ name: "ada" }, undefined]);
  right(await byKey.put(1, { name: "b" })());
  assertEquals(allFound(await byName.getMany(["ada", "b"])()), [undefined, { name: "b" }]);
});
