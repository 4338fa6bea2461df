import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";

/** What the demo was asked to do. */
export interface Settings {
  readonly seconds: number;
  readonly workers: number;
  readonly writeRatio: number;
  readonly seed: number;
  /** How many cities there are; undefined for all. */
  readonly cities: number | undefined;
  /** The server of the shared tier; undefined for the embedded SQLite backend. */
  readonly redis: string | undefined;
  /** What the same traffic is run through as well. */
  readonly beside: "nothing" | "cache-aside";
}

/** What is done unless flags say otherwise: with `--naive` as well the whole job ends within half a minute. */
export const defaults: Settings = {
  seconds: 6,
  workers: 4,
  writeRatio: 0.2,
  seed: 1,
  cities: undefined,
  redis: undefined,
  beside: "nothing",
};

/** A flag with a value. */
interface Flag<A> {
  readonly wanted: string;
  readonly help: string;
  /** Reads the value; undefined if it is not what is wanted. */
  readonly read: (text: string) => A | undefined;
}

const flags = {
  seconds: { ...number(1, 600), help: `how long the traffic lasts; ${defaults.seconds} by default` },
  workers: { ...whole(1, 32), help: `how many worker processes there are; ${defaults.workers} by default` },
  "write-ratio": { ...number(0, 1), help: `the share of renames; ${defaults.writeRatio} by default` },
  seed: { ...whole(0, 2 ** 32 - 1), help: `what the traffic is drawn from; ${defaults.seed} by default` },
  cities: { ...whole(1, 171_000), help: "how many of the cities are used; all of them by default" },
  redis: { wanted: "a url like redis://host:6379", help: "the shared tier is this Redis, not SQLite", read: readUrl },
} satisfies Readonly<Record<string, Flag<unknown>>>;

/** The names of the flags, for help and errors. */
const names = [...Object.keys(flags), "naive", "help"].map((name) => `--${name}`);

/** What `--help` prints. */
export const help: string =
  `Runs real traffic of several processes through memory → shared → source, then compares every cached
slot of every tier with the source: the exit code is 0 if none is stale, 1 otherwise.

Usage: deno task demo [flags]

${
    [
      ...Object.entries(flags).map(([name, flag]) => [`--${name} <value>`, `${flag.help} (${flag.wanted})`]),
      ["--naive", "the same traffic through an ordinary cache-aside as well, to compare"],
      ["--help", "this text"],
    ].map(([name, text]) => `  ${name!.padEnd(24)}${text}`).join("\n")
  }
`;

/** Reads the arguments of the command line; an error says what was expected and what was received. */
export function parseArguments(args: ReadonlyArray<string>): Either<string, Settings | "help"> {
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = split(args[i]!);
    if (name === "help" || name === "naive") {
      if (inline !== undefined) return refused(`--${name} without a value`, args[i]);
      values.set(name, "");
    } else if (name !== undefined && Object.hasOwn(flags, name)) {
      const value = inline ?? args[++i];
      if (values.has(name)) return refused(`--${name} once`, "it again");
      if (value === undefined) return refused(`${flags[name as keyof typeof flags].wanted} after --${name}`, undefined);
      values.set(name, value);
    } else {
      return refused(`one of ${names.join(", ")}`, args[i]);
    }
  }
  return values.has("help") ? E.right("help") : settingsOf(values);
}

function split(argument: string): readonly [name: string | undefined, value: string | undefined] {
  const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument);
  return [match?.[1], match?.[2]];
}

function settingsOf(values: ReadonlyMap<string, string>): Either<string, Settings> {
  for (const [name, flag] of Object.entries(flags)) {
    const text = values.get(name);
    if (text !== undefined && flag.read(text) === undefined) {
      return refused(`${flag.wanted} after --${name}`, withoutPassword(text));
    }
  }
  const given = <A>(name: string, { read }: Flag<A>): A | undefined => read(values.get(name) ?? "");
  return E.right({
    seconds: given("seconds", flags.seconds) ?? defaults.seconds,
    workers: given("workers", flags.workers) ?? defaults.workers,
    writeRatio: given("write-ratio", flags["write-ratio"]) ?? defaults.writeRatio,
    seed: given("seed", flags.seed) ?? defaults.seed,
    cities: given("cities", flags.cities),
    redis: given("redis", flags.redis),
    beside: values.has("naive") ? "cache-aside" : "nothing",
  });
}

function number(least: number, most: number): Omit<Flag<number>, "help"> {
  return {
    wanted: `a number from ${least} to ${most}`,
    read: (text) => {
      const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

function whole(least: number, most: number): Omit<Flag<number>, "help"> {
  const { read } = number(least, most);
  return {
    wanted: `a whole number from ${least} to ${most}`,
    read: (text) => /^\d+$/.test(text) ? read(text) : undefined,
  };
}

function readUrl(text: string): string | undefined {
  return /^rediss?:\/\/./.test(text) && URL.canParse(text) ? text : undefined;
}

function withoutPassword(text: string): string {
  return text.replace(/^(\w*:)?.*@/s, "$1//…@");
}

function refused(expected: string, received: string | undefined): Either<string, never> {
  const what = received === undefined ? "nothing" : JSON.stringify(received);
  return E.left(`Cannot start the demo: expected ${expected}: received ${what}`);
}
