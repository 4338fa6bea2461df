import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import type { Backend, CacheError, Entries, Entry, Store, Write } from "../../../mod.ts";
import { fromVerbs, memory, memoryBackend, shared, source } from "../../../mod.ts";
import { systemClock } from "../../../lib/clock.ts";
import type { Run } from "../../../lib/backend/port.ts";
import type { Reply } from "../../../lib/protocol/slot.ts";
import { turn } from "../../support/turn.ts";

type Answer = E.Either<CacheError, Entry<string>>;
type One = NonNullable<Entries<number, string>["one"]>;

const names = () => source<number, string>({ load: (keys) => Promise.resolve(keys.map(String)), save: async () => {} });

/** A memory backend that answers later, as one outside of the process does, and may be changed. */
function remote(change: (reply: Reply<Uint8Array>) => Reply<Uint8Array> = (reply) => reply): Backend<Uint8Array> {
  const inner = memoryBackend<Uint8Array>({ capacity: 100 });
  const run: Run<Uint8Array> = (requests, call) => async () => (await inner.run(requests, call)()).map(change);
  return { ...inner, run };
}

const outside = (backend: Backend<Uint8Array>) => shared({ backend, name: "foreign", codec: t.string, ttl: "1m" });

const tiers: Readonly<Record<string, () => (below: Store<number, string>) => Store<number, string>>> = {
  "in memory": () => memory({ capacity: 10, ttl: "1m" }),
  "at once": () => outside(memoryBackend({ capacity: 10 })),
  "later": () => outside(remote()),
};

for (const [name, tier] of Object.entries(tiers)) {
  Deno.test(`what a layer below answers that is no entry is an error of the key, and nobody waits for it (${name})`, async () => {
    for (const wrong of [undefined, null, {}, { _tag: "Right" }, { _tag: "Left" }, "Right"]) {
      const answer = wrong as unknown as Answer;
      const all: Entries<number, string> = (keys) => () => Promise.resolve(keys.map(() => answer));
      const one: One = (_key, _options, hear) => queueMicrotask(() => hear(answer));
      for (const entries of [all, Object.assign(all.bind(undefined), { one })]) {
        await using store = tier()(fromVerbs({ ...names(), entries }));
        for (let i = 0; i < 2; i++) {
          const read = await store.get(1)();
          assertEquals(read._tag === "Left" && read.left._tag, "LoaderFault");
        }
        assertEquals((await store.getMany([1, 2])())._tag, "Left");
      }
    }
  });

  Deno.test(`a layer below that answers twice, at once, or throws, is heard once, and closing waits for no more (${name})`, async () => {
    const answer = (await names().entries([1])())[0]!;
    const ways: ReadonlyArray<One> = [
      (_key, _options, hear) => queueMicrotask(() => (hear(answer), hear(answer))),
      (_key, _options, hear) => (hear(answer), hear(answer)),
      (_key, _options, hear) => {
        hear(answer);
        throw new Error("after its answer");
      },
    ];
    for (const one of ways) {
      const right = names();
      const entries = Object.assign(right.entries.bind(undefined), { one });
      const store = tier()(fromVerbs({ ...right, entries }));
      assertEquals(await store.get(1)(), E.right(O.some("1")));
      // What was counted twice would make this look idle.
      let isLoaded = false;
      const slow = Promise.withResolvers<void>();
      const below = fromVerbs({
        ...right,
        entries: Object.assign(right.entries.bind(undefined), {
          one: ((key, options, hear) =>
            key === 1 ? one(key, options, hear) : void slow.promise.then(() => {
              isLoaded = true;
              right.entries.one!(key, options, hear);
            })) satisfies One,
        }),
      });
      const other = tier()(below);
      await other.get(1)();
      const read = other.get(2)();
      await turn();
      const closing = other.close().then(() => isLoaded);
      slow.resolve();
      assertEquals([await read, await closing], [E.right(O.some("2")), true]);
    }
  });

  Deno.test(`a write that does not say what became of it is unknown, and its locks stay (${name})`, async () => {
    for (const keys of [[1], [1, 2]]) {
      for (const wrong of [undefined, {}, { _tag: "Left" }, { _tag: "Left", left: { outcome: "perhaps" } }, 1]) {
        await using store = tier()(names());
        const write = (() => Promise.resolve(wrong)) as unknown as Write<void>;
        const done = await store.mutate(keys, () => write)();
        assertEquals(done._tag === "Left" && done.left.outcome, "unknown");
        const [read] = await store.entries([1])();
        assertEquals(read?._tag === "Right" && read.right.verdict.because, "Guarded");
      }
    }
  });

  Deno.test(`what a writer says is written, and is no list, is not published (${name})`, async () => {
    await using store = tier()(names());
    const written = (() => undefined) as unknown as () => ReadonlyArray<O.Option<string>>;
    assertEquals(await store.mutate([1], () => () => Promise.resolve(E.right("done")), { written })(), E.right("done"));
    assertEquals(await store.get(1)(), E.right(O.some("1")));
  });
}

Deno.test("a lock without a generation, which nobody could take back, is none: the source is not touched", async () => {
  const change = (reply: Reply<Uint8Array>): Reply<Uint8Array> =>
    reply._tag === "Locked" ? { _tag: "Locked" } as Reply<Uint8Array> : reply;
  for (const keys of [[1], [1, 2]]) {
    await using store = outside(remote(change))(names());
    let touched = 0;
    const done = await store.mutate(keys, () => () => Promise.resolve(E.right(touched++)))();
    assertEquals([done._tag === "Left" && done.left.outcome, touched], ["aborted", 0]);
  }
});

Deno.test("a backend that cannot say its level fails the read that asks for it, and no more", async () => {
  let isBroken = false;
  const level = (): "pinned" => {
    if (isBroken) throw new Error("no level");
    return "pinned";
  };
  const inner = memoryBackend<Uint8Array>({ capacity: 10 });
  for (const backend of [{ ...inner, level }, { ...remote(), level }]) {
    isBroken = false;
    const store = outside(backend)(names());
    await store.get(1)();
    isBroken = true;
    const failed = await store.entries([1])().then(() => "answered", String);
    assertEquals(failed, "Error: no level");
    isBroken = false;
    assertEquals(await store.get(1)(), E.right(O.some("1")));
    await store.close();
  }
});

Deno.test("appointments are kept after one of their length that threw", async () => {
  const seen: Array<string> = [];
  const caught = (event: ErrorEvent): void => {
    event.preventDefault();
    seen.push(event.message);
  };
  addEventListener("error", caught);
  await new Promise<void>((resolve) => {
    systemClock.after(3, () => {
      throw new Error("thrown");
    });
    systemClock.after(3, () => (seen.push("kept"), resolve()));
  });
  removeEventListener("error", caught);
  assertEquals([seen.length, seen[1]], [2, "kept"]);
});
