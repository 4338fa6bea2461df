import { assertEquals } from "@std/assert";
import plugin from "./architecture.ts";

type Case = readonly [file: string, source: string];

function rulesBroken([file, source]: Case): ReadonlyArray<string> {
  return Deno.lint.runPlugin(plugin, file, source).map(({ id }) => id.replace("lamina/", ""));
}

function refuses(rule: string, ...cases: ReadonlyArray<Case>): void {
  for (const each of cases) assertEquals(rulesBroken(each), [rule], each.join(": "));
}

function accepts(...cases: ReadonlyArray<Case>): void {
  for (const each of cases) assertEquals(rulesBroken(each), [], each.join(": "));
}

const importing = (file: string, ...specifiers: ReadonlyArray<string>) =>
  specifiers.map((specifier): Case => [file, `import * as X from "${specifier}";`]);

const lines = (count: number) => "x();\n".repeat(count);

Deno.test("fp-ts is imported by the full path of a file, in tests too", () => {
  refuses("fp-ts-imports", ...importing("lib/store.ts", "fp-ts", "fp-ts/Either", "npm:fp-ts@2/lib/Either.js"));
  refuses("fp-ts-imports", ["tests/store_test.ts", `import type { Either } from "fp-ts/Either";`]);
  refuses("fp-ts-imports", ["lib/store.ts", `export type F = import("fp-ts/lib/Either").Either<1, 2>;`]);
  refuses("fp-ts-imports", ["lib/store.ts", `export { left } from "fp-ts/lib/Either";`]);
  accepts(...importing("lib/store.ts", "fp-ts/lib/Either.js", "fp-ts/lib/function.js", "io-ts"));
});

Deno.test("the protocol knows fp-ts and itself only", () => {
  const file = "lib/protocol/slot.ts";
  accepts(...importing(file, "./machine.ts", "fp-ts/lib/Option.js"));
  refuses("arrows", ...importing(file, "../store.ts", "../backend/port.ts", "node:crypto", "io-ts", "@std/crypto"));
});

Deno.test("a backend knows the port, the protocol, the words and its own files", () => {
  accepts(
    ...importing("lib/backend/redis/client.ts", "../port.ts", "../../protocol/slot.ts", "../../key.ts", "./a.ts"),
  );
  accepts(...importing("lib/backend/sqlite.ts", "./sqlite_sweep.ts", "node:sqlite", "./port.ts"));
  refuses("arrows", ...importing("lib/backend/sqlite.ts", "./memory.ts", "../layer/shared.ts", "../source/loader.ts"));
  refuses("arrows", ...importing("lib/backend/port.ts", "./memory.ts", "./redis/client.ts"));
});

Deno.test("npm:redis is reached from its backend only", () => {
  accepts(...importing("lib/backend/redis/client.ts", "redis", "@redis/client"));
  accepts(...importing("lib/task/bench.ts", "redis"), ...importing("tests/servers/redis.ts", "redis"));
  refuses("arrows", ...importing("lib/layer/shared.ts", "redis", "npm:redis@6", "@redis/client"));
  refuses("arrows", ["lib/source/loader.ts", `const load = () => import("redis");`]);
});

Deno.test("node:sqlite is reached only from files named after it", () => {
  accepts(...importing("lib/source/sqlite.ts", "node:sqlite"), ...importing("lib/task/demo.ts", "node:sqlite"));
  refuses("arrows", ...importing("lib/source/loader.ts", "node:sqlite"));
});

Deno.test("npm:pg is reached from its source only", () => {
  accepts(...importing("lib/source/postgres/pool.ts", "pg"), ...importing("tests/source/postgres/support.ts", "pg"));
  refuses("arrows", ...importing("lib/source/sqlite.ts", "pg", "npm:pg@8", "pg-pool"));
});

Deno.test("npm:@opentelemetry/api is reached from its entry only, which the core does not know", () => {
  accepts(...importing("lib/otel/mod.ts", "@opentelemetry/api", "../observe/observer.ts", "../store.ts"));
  refuses("arrows", ...importing("lib/observe/observer.ts", "@opentelemetry/api", "npm:@opentelemetry/api@1"));
  refuses("arrows", ...importing("lib/otel/mod.ts", "../layer/observe.ts", "../backend/memory.ts"));
  refuses("arrows", ...importing("mod.ts", "./lib/otel/mod.ts"));
});

Deno.test("a source knows the words, what sources are made of, and its own files; an entry its source and its backend", () => {
  accepts(
    ...importing("lib/source/postgres/mod.ts", "../source.ts", "./pool.ts", "../../store.ts"),
    ...importing("lib/entry/sqlite.ts", "../backend/sqlite.ts", "../source/sqlite.ts"),
  );
  refuses("arrows", ...importing("lib/source/source.ts", "./sqlite.ts", "./postgres/mod.ts", "../layer/memory.ts"));
  refuses("arrows", ...importing("lib/source/deno_kv.ts", "./sqlite_busy.ts", "../backend/memory.ts"));
  refuses("arrows", ...importing("lib/entry/deno_kv.ts", "../source/sqlite.ts", "../backend/redis/mod.ts"));
  refuses("arrows", ...importing("mod.ts", "./lib/source/sqlite.ts", "./lib/entry/deno_kv.ts"));
});

Deno.test("a layer knows protocol, port, words and layers, and only the memory layer the memory backend", () => {
  const shared = "lib/layer/shared.ts";
  accepts(
    ...importing(
      shared,
      "../protocol/reading.ts",
      "../backend/port.ts",
      "../store.ts",
      "./batch.ts",
      "../observe/observer.ts",
    ),
  );
  accepts(...importing("lib/layer/memory.ts", "../backend/memory.ts"));
  refuses("arrows", ...importing(shared, "../backend/memory.ts", "../backend/redis/mod.ts", "../source/loader.ts"));
});

Deno.test("the surface reaches neither the backends with drivers, nor tasks, nor the kit", () => {
  accepts(...importing("mod.ts", "./lib/store.ts", "./lib/layer/shared.ts", "./lib/backend/memory.ts"));
  refuses("arrows", ...importing("mod.ts", "./lib/backend/redis/mod.ts", "./lib/backend/sqlite.ts"));
  refuses("arrows", ...importing("mod.ts", "./lib/task/demo.ts", "./lib/testing/mod.ts", "./tests/a.ts"));
  refuses("arrows", ["mod.ts", `export * from "./lib/backend/redis/mod.ts";`]);
});

Deno.test("the words do not know what is built from them", () => {
  accepts(...importing("lib/store.ts", "./duration.ts", "./codec/json.ts", "./protocol/slot.ts", "node:timers"));
  refuses("arrows", ...importing("lib/store.ts", "./layer/memory.ts", "./backend/memory.ts", "../mod.ts"));
});

Deno.test("only the tasks know the tests", () => {
  accepts(...importing("lib/task/bench.ts", "../../tests/servers/redis.ts"));
  refuses("arrows", ...importing("lib/testing/mod.ts", "../../tests/laws/a.ts"));
});

Deno.test("the Deno global stands in tasks and in files named after it", () => {
  accepts(["lib/task/demo.ts", "Deno.exit(0);"], ["lib/backend/deno_kv.ts", "Deno.openKv();"]);
  accepts(["lib/store.ts", "const Deno = 1; f({ Deno });"], ["tests/a_test.ts", "Deno.test();"]);
  refuses("deno-globals", ["lib/testing/mod.ts", "Deno.test();"], ["lib/store.ts", "globalThis.Deno.exit();"]);
  refuses("deno-globals", ["lib/store.ts", "type A = Deno.Reader;"]);
});

Deno.test("legacy names of fp-ts are not used", () => {
  const use = (name: string) => `import * as E from "fp-ts/lib/Either.js"; E.${name}(f);`;
  for (const name of ["chain", "chainFirst", "chainW", "fold", "mapLeft", "bimap", "orElseFirst"]) {
    refuses("fp-ts-names", ["lib/store.ts", use(name)]);
  }
  refuses("fp-ts-names", ["lib/store.ts", `import { chain } from "fp-ts/lib/Option.js";`]);
  accepts(["lib/store.ts", use("flatMap")], ["lib/store.ts", use("match")], ["lib/store.ts", "x.fold(); x.chain();"]);
});

Deno.test("hot code tests _tag instead of flatMap and tap", () => {
  const source = `import * as TE from "fp-ts/lib/TaskEither.js"; TE.flatMap(f);`;
  refuses("fp-ts-names", ["lib/protocol/machine.ts", source], ["lib/backend/memory.ts", source]);
  accepts(["lib/layer/shared.ts", source], ["lib/backend/memory.ts", source.replace("flatMap", "map")]);
});

Deno.test("files and functions stay short", () => {
  accepts(["lib/a.ts", lines(220)], ["tests/a.ts", lines(400)], ["lib/a.ts", `function f() {\n${lines(43)}}`]);
  refuses("size", ["lib/a.ts", lines(221)], ["mod.ts", lines(221)], ["lib/task/demo.ts", lines(221)]);
  refuses("size", ["lib/a.ts", `function f() {\n${lines(44)}}`], ["lib/a.ts", `g(() => {\n${lines(44)}});`]);
});

Deno.test("exported functions are declarations with a written return type", () => {
  accepts(["lib/a.ts", "export function f(): void {}"], ["lib/a.ts", "const f = () => 1; export const a = f();"]);
  refuses("exported-functions", ["lib/a.ts", "export function f() {}"], [
    "lib/a.ts",
    "export const f = (): void => {};",
  ]);
  refuses("exported-functions", ["lib/a.ts", "export default function f() {}"]);
});
