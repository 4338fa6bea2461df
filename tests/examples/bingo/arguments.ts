import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";

/** How the service is started. */
export interface Arguments {
  /** 0 for one that is free. */
  readonly port: number;
  /** The Redis that all processes share; undefined for files beside the database. */
  readonly redis: string | undefined;
  /** The folder of the database; undefined for one that is removed at the end. */
  readonly data: string | undefined;
  readonly seed: "sample data" | "nothing";
  /** Who runs the jobs: timers of this process, or somebody else, over HTTP. */
  readonly jobs: "timers" | "elsewhere";
}

interface Flag<A> {
  readonly wanted: string;
  readonly help: string;
  /** Reads the value; undefined if it is not what is wanted. */
  readonly read: (text: string) => A | undefined;
}

const flags = {
  port: {
    wanted: "a number from 0 to 65535",
    help: "the port on 127.0.0.1, 8787 by default; 0 for a free one",
    read: (text: string) => /^\d{1,5}$/.test(text) && Number(text) < 65_536 ? Number(text) : undefined,
  },
  redis: {
    wanted: "a url like redis://host:6379",
    help: "where counts, identities and cached values are shared; files in the folder by default",
    read: (text: string) => /^rediss?:\/\/./.test(text) && URL.canParse(text) ? text : undefined,
  },
  data: {
    wanted: "a folder",
    help: "the folder of the database, made if it is not there; one that is removed at the end by default",
    read: (text: string) => text === "" ? undefined : text,
  },
} satisfies Readonly<Record<string, Flag<unknown>>>;

/** What `--help` prints. */
export const help: string = `An A/B-testing service: experiments, participations and conversions over HTTP, and a page.

Usage: deno task bingo [flags]

${
  [
    ...Object.entries(flags).map(([name, flag]) => [`--${name} <value>`, `${flag.help} (${flag.wanted})`]),
    ["--seed", "sample experiments with two days of counts, if there are no experiments"],
    ["--no-timers", "the jobs are run by somebody else, who posts to /api/jobs"],
    ["--help", "this text"],
  ].map(([name, text]) => `  ${name!.padEnd(18)}${text}`).join("\n")
}
`;

const names = [...Object.keys(flags), "seed", "no-timers", "help"].map((name) => `--${name}`).join(", ");

/** Reads the arguments of the command line; an error says what was expected and what was received. */
export function parseArguments(given: ReadonlyArray<string>): Either<string, Arguments | "help"> {
  const values = new Map<string, string>();
  for (let i = 0; i < given.length; i++) {
    const [, name, inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(given[i]!) ?? [];
    const isSwitch = name === "seed" || name === "no-timers" || name === "help";
    if (name === undefined || !isSwitch && !Object.hasOwn(flags, name)) return refused(`one of ${names}`, given[i]);
    if (values.has(name)) return refused(`--${name} once`, "it again");
    if (isSwitch && inline !== undefined) return refused(`--${name} without a value`, given[i]);
    const value = isSwitch ? "" : inline ?? given[++i];
    if (!isSwitch) {
      const { wanted, read } = flags[name as keyof typeof flags];
      if (value === undefined || read(value) === undefined) {
        return refused(`${wanted} after --${name}`, value && withoutPassword(value));
      }
    }
    values.set(name, value ?? "");
  }
  if (values.has("help")) return E.right("help");
  const read = <A>(name: string, flag: Flag<A>): A | undefined => {
    const text = values.get(name);
    return text === undefined ? undefined : flag.read(text);
  };
  return E.right({
    port: read("port", flags.port) ?? 8_787,
    redis: read("redis", flags.redis),
    data: read("data", flags.data),
    seed: values.has("seed") ? "sample data" : "nothing",
    jobs: values.has("no-timers") ? "elsewhere" : "timers",
  });
}

function withoutPassword(text: string): string {
  return text.replace(/^(\w*:)?.*@/s, "$1//…@");
}

function refused(expected: string, received: string | undefined): Either<string, never> {
  const what = received === undefined ? "nothing" : JSON.stringify(received);
  return E.left(`Cannot start bingo: expected ${expected}: received ${what}`);
}
