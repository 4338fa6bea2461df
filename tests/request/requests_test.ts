import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import { assertEquals, assertThrows } from "@std/assert";
import type { Scope } from "../../mod.ts";
import { draft, memoryBackend, request, requests, shared, source } from "../../mod.ts";
import { found, left, right } from "../support/results.ts";
import { world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

/** A database session that a request has for itself. */
interface Session {
  readonly name: string;
  readonly asked: Array<number>;
}

const session = (name: string): Session => ({ name, asked: [] });

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;

Deno.test("P14 a manager made at the start carries each request's own session to the loaders", async () => {
  const tier = shared({
    backend: memoryBackend<Uint8Array>({ capacity: 100 }),
    name: "user",
    codec: t.string,
    ttl: "10m",
  });
  const here = world();
  let made = 0;
  const manager = requests({
    texts: here.texts.store,
    users: ({ name, asked }: Session) => {
      made++;
      const load = (
        ids: ReadonlyArray<number>,
      ) => (asked.push(...ids), Promise.resolve(ids.map((id) => `${id} by ${name}`)));
      return pipe(source({ load }), tier);
    },
  });
  const [one, two] = [session("one"), session("two")];
  await using first = manager.begin(one);
  await using second = manager.begin(two);
  assertEquals(made, 0);
  const users: Same<typeof first.stores.users, Scope<number, string>> = true;
  assertEquals([users, found(await first.stores.users.get(1)())], [true, "1 by one"]);
  // The tier is shared by both, the session is not.
  assertEquals([found(await second.stores.users.get(1)()), found(await second.stores.users.get(2)())], [
    "1 by one",
    "2 by two",
  ]);
  assertEquals([one.asked, two.asked, made], [[1], [2], 2]);
  // A store of the whole process has one scope in a request, by whatever way one comes to it.
  assertEquals(first.stores.texts === first.scope(here.texts.store), true);
  assertEquals(first.stores.texts === second.stores.texts, false);
  assertEquals(first.scope(first.stores.texts) === first.stores.texts, true);
  // @ts-expect-error the users need a session
  requests({ users: (_: Session) => here.texts.store }).begin();
  requests({ texts: here.texts.store }).begin();
});

Deno.test("P10 a request has a scratch space, separate from the tiers and from other requests, empty at its end", async () => {
  const here = world();
  const [first, second] = [request(), request()];
  first.scratch.set(1, "a note");
  assertEquals([second.scratch.size, found(await first.scope(here.texts.store).get(1)())], [0, "one"]);
  assertEquals([first.scratch.get(1), first.scope(here.texts.store).peek(1)], ["a note", O.some(O.some("one"))]);
  await first.close();
  await second.close();
  assertEquals(first.scratch.size, 0);
});

Deno.test("B05 the end of a request ends all of its scopes, those that are asked for later as well", async () => {
  const here = world();
  const one = request();
  const texts = one.scope(here.texts.store);
  right(await texts.get(1)());
  await one.close();
  assertEquals(left(await texts.get(1)())._tag, "Closed");
  assertEquals(left(await one.scope(world().texts.store).get(1)())._tag, "Closed");
  assertEquals(found(await here.texts.store.get(1)()), "one");
});

Deno.test("B07 a request stores the dirty drafts of all its stores, and drops them when it is told to", async () => {
  const [here, there] = [world(), world()];
  const change = async (end: "close" | "discard"): Promise<ReadonlyArray<number>> => {
    const one = request();
    for (const { texts } of [here, there]) right(draft(one.scope(texts.store), 1).set(O.some(end)));
    if (end === "discard") one.discard();
    await one.close();
    return [here.texts.saves.length, there.texts.saves.length];
  };
  assertEquals([await change("discard"), await change("close")], [[0, 0], [1, 1]]);
  const one = request();
  right(draft(one.scope(here.texts.store), 1).set(O.some("flushed")));
  here.texts.hold("saves");
  const flushing = one.flush();
  await turn();
  await here.texts.saves.at(-1)!.fail("full");
  assertEquals((await flushing).map(({ key, failure }) => [key, failure.outcome]), [[1, "unknown"]]);
});

Deno.test("options of a request that are out of range are refused before the first one begins", () => {
  assertThrows(() => request({ capacity: 0 }), RangeError, "expected a positive whole capacity: received 0");
  assertThrows(() => requests({}, { maxSize: 1.5 }), RangeError, "expected a positive whole maxSize: received 1.5");
});
