import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { lockFlags } from "../../../lib/task/stand_in.ts";
import { left, right } from "../../support/results.ts";
import { help, parseArguments } from "./arguments.ts";

const defaults = { port: 8_787, redis: undefined, data: undefined, seed: "nothing", jobs: "timers" } as const;

Deno.test("flags take their value after a space or an equals sign", () => {
  assertEquals(right(parseArguments([])), defaults);
  const args = ["--port=0", "--redis", "redis://127.0.0.1", "--data", "a folder", "--seed", "--no-timers"];
  assertEquals(right(parseArguments(args)), {
    port: 0,
    redis: "redis://127.0.0.1",
    data: "a folder",
    seed: "sample data",
    jobs: "elsewhere",
  });
  assertEquals(right(parseArguments(["--help"])), "help");
  for (const name of ["port", "redis", "data", "seed", "no-timers", "help"]) assert(help.includes(`--${name} `), name);
});

Deno.test("what is no flag, and a value that is none, is refused with what was expected", () => {
  const refusals: ReadonlyArray<readonly [ReadonlyArray<string>, string]> = [
    [["--prot", "1"], 'one of --port, --redis, --data, --seed, --no-timers, --help: received "--prot"'],
    [["8787"], 'received "8787"'],
    [["--constructor", "1"], 'received "--constructor"'],
    [["--port"], "a number from 0 to 65535 after --port: received nothing"],
    [["--port", "65536"], 'received "65536"'],
    [["--port", "1e3"], 'received "1e3"'],
    [["--redis", "localhost"], 'a url like redis://host:6379 after --redis: received "localhost"'],
    [["--redis", "http://user:secret@host"], 'received "http://…@host"'],
    [["--data="], 'a folder after --data: received ""'],
    [["--seed=yes"], 'expected --seed without a value: received "--seed=yes"'],
    [["--port=1", "--port=1"], 'expected --port once: received "it again"'],
  ];
  for (const [args, text] of refusals) {
    const message = left(parseArguments(args));
    assertStringIncludes(message, "Cannot start bingo: expected ");
    assertStringIncludes(message, text);
  }
});

Deno.test("with flags that are refused the service ends with code 2, and says where there is help", async () => {
  const main = decodeURIComponent(new URL("main.ts", import.meta.url).pathname);
  const run = (...args: ReadonlyArray<string>) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", ...lockFlags(), "-A", main, ...args],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
  const { code, stdout, stderr } = await run("--port", "web");
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([code, out, error], [
    2,
    "",
    'Cannot start bingo: expected a number from 0 to 65535 after --port: received "web"\nSee deno task bingo --help.\n',
  ]);
  // The folder is a file.
  const failed = await run("--port", "0", "--data", main);
  assertEquals([failed.code, new TextDecoder().decode(failed.stdout)], [1, ""]);
});
