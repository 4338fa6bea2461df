import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";

/** What the benchmark was asked to do. */
export interface Settings {
  /** The names of the cases; undefined for all. */
  readonly only: ReadonlyArray<string> | undefined;
  readonly rounds: number;
  /** The file for the figures as JSON. */
  readonly json: string | undefined;
  /** Whether the table in README.md is written anew. */
  readonly readme: boolean;
  /** A server to use instead of one that is started. */
  readonly redis: string | undefined;
}

/** Odd, so that a median is one of the rounds; and enough that a few disturbed ones do not move it. */
export const defaultRounds = 15;

/** A flag with a value. */
interface Flag {
  readonly help: string;
  readonly wanted: string;
  readonly accepts: (text: string) => boolean;
}

function flagsFor(cases: ReadonlyArray<string>): Readonly<Record<string, Flag>> {
  return {
    only: {
      help: "only these cases, with commas between them",
      wanted: `names out of ${cases.join(", ")}`,
      accepts: (text) => text.split(",").every((name) => cases.includes(name)),
    },
    rounds: {
      help: `how many rounds each comparison has; ${defaultRounds} by default`,
      wanted: "a whole number from 1 to 999",
      accepts: (text) => /^[1-9]\d{0,2}$/.test(text),
    },
    json: { help: "writes the figures into this file as well", wanted: "a path", accepts: (text) => text !== "" },
    redis: {
      help: "uses this server, under a prefix of its own, instead of starting one",
      wanted: "a url like redis://host:6379",
      accepts: (text) => /^rediss?:\/\/./.test(text) && URL.canParse(text),
    },
  };
}

/** What `--help` prints. */
export function helpFor(cases: ReadonlyArray<{ readonly name: string; readonly about: string }>): string {
  const flags = Object.entries(flagsFor(cases.map(({ name }) => name)));
  const lines = [
    ...flags.map(([name, { help }]) => `  ${`--${name} <value>`.padEnd(20)}${help}`),
    `  ${"--readme".padEnd(20)}writes the tables of all cases into README.md as well`,
    `  ${"--help".padEnd(20)}this text`,
  ];
  return `Measures what the tiers cost beside the least that the same thing can cost, in the same run.

Usage: deno task bench [flags]

${lines.join("\n")}

Cases:

${cases.map(({ name, about }) => `  ${name.padEnd(20)}${about}`).join("\n")}
`;
}

/** Reads the arguments of the command line; an error says what was expected and what was received. */
export function parseArguments(
  args: ReadonlyArray<string>,
  cases: ReadonlyArray<string>,
): Either<string, Settings | "help"> {
  const flags = flagsFor(cases);
  const values = new Map<string, string>();
  const readme = args.includes("--readme");
  for (let i = 0; i < args.length; i++) {
    if (args[i] === "--help") return E.right("help");
    if (args[i] === "--readme") continue;
    const [, name = "", inline] = /^--([a-z]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (!Object.hasOwn(flags, name)) {
      return refused(
        `one of ${[...Object.keys(flags), "readme", "help"].map((known) => `--${known}`).join(", ")}`,
        args[i],
      );
    }
    if (values.has(name)) return refused(`--${name} once`, "it again");
    const value = inline ?? args[++i];
    const { wanted, accepts } = flags[name]!;
    if (value === undefined || !accepts(value)) return refused(`${wanted} after --${name}`, value);
    values.set(name, value);
  }
  // A table of some cases would stand where the table of all of them belongs.
  if (readme && values.has("only")) return refused("--readme without --only", "both");
  return E.right({
    only: values.get("only")?.split(","),
    rounds: Number(values.get("rounds") ?? defaultRounds),
    json: values.get("json"),
    readme,
    redis: values.get("redis"),
  });
}

function refused(expected: string, received: string | undefined): Either<string, never> {
  const what = received === undefined ? "nothing" : JSON.stringify(received.replace(/^(\w*:)?.*@/s, "$1//…@"));
  return E.left(`Cannot start the benchmark: expected ${expected}: received ${what}`);
}
