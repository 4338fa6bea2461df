import { assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import { defaults, help, parseArguments, type Settings } from "../../lib/task/demo/arguments.ts";

const settings = (given: Partial<Settings>) => E.right({ ...defaults, ...given });
const refused = (reason: string) => E.left(`Cannot start the demo: ${reason}`);

Deno.test("without arguments the demo runs by its defaults", () => {
  assertEquals(parseArguments([]), settings({}));
});

Deno.test("flags take their value after a space or an equals sign, in any order", () => {
  const args = ["--redis", "redis://127.0.0.1:6379", "--seconds=2.5", "--workers", "2", "--write-ratio=0", "--naive"];
  assertEquals(
    parseArguments([...args, "--seed", "7", "--cities=300"]),
    settings({
      redis: "redis://127.0.0.1:6379",
      seconds: 2.5,
      workers: 2,
      writeRatio: 0,
      beside: "cache-aside",
      seed: 7,
      cities: 300,
    }),
  );
});

Deno.test("help wins over other flags that are known, and names each flag", () => {
  assertEquals(parseArguments(["--workers", "none", "--help"]), E.right("help"));
  for (const name of ["seconds", "workers", "write-ratio", "seed", "cities", "redis", "naive", "help"]) {
    assertEquals(help.includes(`--${name} `), true, name);
  }
});

Deno.test("an unknown flag is refused with the flags that there are", () => {
  const flags = "--seconds, --workers, --write-ratio, --seed, --cities, --redis, --naive, --help";
  for (const unknown of ["--worker", "-w", "4", "", "--constructor", "--Seed=1"]) {
    assertEquals(parseArguments([unknown]), refused(`expected one of ${flags}: received ${JSON.stringify(unknown)}`));
  }
});

Deno.test("a value out of bounds is refused with its bounds", () => {
  const whole = "expected a whole number from 1 to 32 after --workers";
  for (const bad of ["0", "33", "2.5", "-1", "four", "", "1e1", "0x4", " 4"]) {
    assertEquals(parseArguments(["--workers", bad]), refused(`${whole}: received ${JSON.stringify(bad)}`));
  }
  const ratio = "expected a number from 0 to 1 after --write-ratio";
  assertEquals(parseArguments(["--write-ratio=1.1"]), refused(`${ratio}: received "1.1"`));
  assertEquals(parseArguments(["--write-ratio=NaN"]), refused(`${ratio}: received "NaN"`));
});

Deno.test("a missing, unwanted or repeated value is refused", () => {
  assertEquals(
    parseArguments(["--seed"]),
    refused("expected a whole number from 0 to 4294967295 after --seed: received nothing"),
  );
  assertEquals(parseArguments(["--naive=yes"]), refused('expected --naive without a value: received "--naive=yes"'));
  assertEquals(parseArguments(["--seed=1", "--seed=1"]), refused('expected --seed once: received "it again"'));
});

Deno.test("a url that is none of a Redis is refused without its password", () => {
  const expected = "expected a url like redis://host:6379 after --redis";
  assertEquals(parseArguments(["--redis", "localhost"]), refused(`${expected}: received "localhost"`));
  assertEquals(parseArguments(["--redis", "http://a:secret@b"]), refused(`${expected}: received "http://…@b"`));
});
