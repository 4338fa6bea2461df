import { assertEquals } from "@std/assert";
import { getOrCreate } from "../../lib/aggregate/mod.ts";
import { localLocks } from "../../lib/lock/mod.ts";
import { memory } from "../../lib/layer/memory.ts";
import type { Store } from "../../lib/store.ts";
import { source } from "../../lib/source/source.ts";
import { left, right } from "../support/results.ts";
import { createdIn, entitiesIn, filesIn } from "./entities.ts";
import { inFolder } from "../support/folder.ts";
import { together } from "./support.ts";

const times = 25;
const entities = Array.from({ length: times }, (_, i) => `entity ${i}`);

interface Made {
  readonly _tag: "Right";
  readonly right: { readonly value: string; readonly created: boolean };
}

/** Each entity was created by one process, and all processes got that one. */
function judge(said: ReadonlyArray<unknown>): void {
  const made = said as ReadonlyArray<ReadonlyArray<Made>>;
  for (let i = 0; i < times; i++) {
    const answers = made.map((each) => each[i]!);
    assertEquals(answers.map(({ _tag }) => _tag), ["Right", "Right", "Right", "Right"], JSON.stringify(answers));
    assertEquals(answers.filter(({ right }) => right.created).length, 1, `created ${i}`);
    assertEquals(new Set(answers.map(({ right }) => right.value.split(" ").at(-1))).size, 1);
  }
  assertEquals(made.map((each) => each.length), [times, times, times, times]);
}

Deno.test("B22 four processes that create the same entities at once create each once, by a transaction", () =>
  inFolder(async (folder) => {
    const path = `${folder}/entities.sqlite`;
    await entitiesIn(path).close();
    judge(await together(4, "create", () => [path, times, null]));
    assertEquals(createdIn(path), entities);
  }));

Deno.test("B22 four processes that create the same entities at once create each once, under a lock", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/locks`);
    judge(await together(4, "create", () => [`${folder}/entities`, times, `${folder}/locks`]));
    const lines = (await Deno.readTextFile(`${folder}/entities`)).trimEnd().split("\n");
    assertEquals(lines.map((line) => line.slice(0, line.indexOf(":"))), entities);
  }));

Deno.test("the same entities are created twice by those who ask first and then put, or the tests show nothing", () =>
  inFolder(async (folder) => {
    const path = `${folder}/entities.sqlite`;
    await using store = entitiesIn(path);
    const careless = async (): Promise<void> => {
      if (right(await store.get("a")())._tag === "None") right(await store.put("a", "1")());
    };
    await Promise.all([careless(), careless()]);
    assertEquals(createdIn(path), ["a", "a"]);
  }));

Deno.test("an entity that exists is read through the tiers, and nothing is created for it", async () => {
  let loads = 0;
  const below = source({
    load: (keys: ReadonlyArray<string>) => Promise.resolve((loads++, keys.map((key) => `old ${key}`))),
    save: () => Promise.reject(new Error("nothing is to be saved")),
  });
  await using store = memory({ capacity: 10, ttl: "1m" })(below);
  const create = getOrCreate(store, { locks: localLocks() });
  const fail = () => Promise.reject(new Error("nothing is to be created"));
  for (let i = 0; i < 3; i++) assertEquals(right(await create("a", fail)()), { value: "old a", created: false });
  assertEquals(loads, 1);
});

Deno.test("an entity whose creation fails is not there, and may be created by the next", () =>
  inFolder(async (folder) => {
    await using store = filesIn(`${folder}/entities`);
    const create = getOrCreate(store, { locks: localLocks() });
    const failed = left(await create("a", () => Promise.reject(new Error("no idea")))());
    assertEquals("_tag" in failed && failed._tag, "SourceFailed");
    assertEquals(right(await create("a", () => "1")()), { value: "1", created: true });
    assertEquals(right(await create("a", () => "2")()), { value: "a: 1", created: false });
    await using transactional = entitiesIn(`${folder}/entities.sqlite`);
    const inTransaction = getOrCreate(transactional);
    const thrown = left(
      await inTransaction("a", () => {
        throw new Error("no idea");
      })(),
    );
    assertEquals("outcome" in thrown && thrown.outcome, "aborted");
    assertEquals(right(await inTransaction("a", () => "1")()).created, true);
    const unsupported = left(await getOrCreate(store)("b", () => "1")());
    assertEquals(
      "error" in unsupported && unsupported.error._tag,
      "Unsupported",
      "a source without transactions or locks",
    );
    const unnamed = getOrCreate(filesIn(`${folder}/others`) as unknown as Store<number, string>, {
      locks: localLocks(),
    });
    assertEquals("_tag" in left(await unnamed(NaN, () => "1")()), true);
  }));
