import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Mode } from "../../layer/switch.ts";

/** What the task was asked to do. */
export interface Settings {
  /** What is wished, or only where the switches are. */
  readonly command: "status" | Mode;
  readonly redis: string;
  /** Whose switch; that of every tier on the server that has one, unless told. */
  readonly namespace: string | undefined;
  /** The lease of the tiers, in seconds. */
  readonly lease: number;
  /** How long a turned switch may take to get there, in seconds. */
  readonly wait: number;
}

/** As tiers have it unless told. */
export const defaultLease = 10;

/** Longer than the way back to `on` takes with the usual lease and poll, which is 12 seconds. */
export const defaultWait = 30;

const commands = ["status", "drain", "off", "on"] as const;

/** A flag with a value. */
interface Flag {
  readonly help: string;
  readonly wanted: string;
  readonly accepts: (text: string) => boolean;
}

const flags: Readonly<Record<string, Flag>> = {
  redis: {
    help: "the server of the tiers, or any of a cluster's",
    wanted: "a url like redis://host:6379",
    accepts: (text) => /^rediss?:\/\/./.test(text) && URL.canParse(text),
  },
  namespace: {
    help: "the name of the tiers; those of all that have a switch, unless given",
    wanted: `a name of 1 to 64 characters without ":"`,
    accepts: (text) => text !== "" && text.length <= 64 && !text.includes(":"),
  },
  lease: {
    help: `the lease of the tiers, in seconds; ${defaultLease} by default`,
    wanted: "a whole number from 1 to 3600",
    accepts: (text) => /^[1-9]\d{0,3}$/.test(text) && Number(text) <= 3_600,
  },
  wait: {
    help: `how many seconds it may take until the switch is there; ${defaultWait} by default`,
    wanted: "a whole number from 0 to 3600",
    accepts: (text) => /^\d{1,4}$/.test(text) && Number(text) <= 3_600,
  },
};

/** What `--help` prints. */
export const help: string = `Says where the switches of shared tiers are, or turns them, for all processes.

Usage: deno task cache <command> --redis <url> [flags]

  status              where each switch is, and where it is to go
  drain               reads pass the tier, nothing is filled, writes lock
  off                 through drain: writes do not lock either
  on                  through drain, with everything cached before dead

${Object.entries(flags).map(([name, flag]) => `  ${`--${name} <value>`.padEnd(20)}${flag.help}`).join("\n")}
  ${"--help".padEnd(20)}this text
`;

/** Reads the arguments of the command line; an error says what was expected and what was received. */
export function parseArguments(args: ReadonlyArray<string>): Either<string, Settings | "help"> {
  if (args.includes("--help")) return E.right("help");
  const values = new Map<string, string>();
  const words: Array<string> = [];
  for (let i = 0; i < args.length; i++) {
    const [, name = "", inline] = /^--([a-z]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (!args[i]!.startsWith("-")) words.push(args[i]!);
    else if (!Object.hasOwn(flags, name)) {
      return refused(`one of ${[...Object.keys(flags), "help"].map((known) => `--${known}`).join(", ")}`, args[i]);
    } else {
      if (values.has(name)) return refused(`--${name} once`, "it again");
      const value = inline ?? args[++i];
      const { wanted, accepts } = flags[name]!;
      if (value === undefined || !accepts(value)) return refused(`${wanted} after --${name}`, value);
      values.set(name, value);
    }
  }
  const command = commands.find((each) => each === words[0]);
  if (command === undefined) return refused(`one of ${commands.join(", ")}`, words[0]);
  if (words.length > 1) return refused("one command", words[1]);
  const redis = values.get("redis");
  if (redis === undefined) return refused("--redis <url>", undefined);
  const lease = Number(values.get("lease") ?? defaultLease);
  const wait = Number(values.get("wait") ?? defaultWait);
  return E.right({ command, redis, namespace: values.get("namespace"), lease, wait });
}

function refused(expected: string, received: string | undefined): Either<string, never> {
  const what = received === undefined ? "nothing" : JSON.stringify(received.replace(/^(\w*:)?.*@/s, "$1//…@"));
  return E.left(`Cannot use the switch: expected ${expected}: received ${what}`);
}
