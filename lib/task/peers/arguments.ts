import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";

/** What a comparison was asked to do. */
export interface PeerSettings {
  /** The cases, and `mix`; undefined for all. */
  readonly only: ReadonlyArray<string> | undefined;
  /** The libraries; undefined for all. */
  readonly libraries: ReadonlyArray<string> | undefined;
  readonly seed: number;
  /** How many operations the mix has. */
  readonly operations: number;
}

/** Each key is written seven times or so: enough for every pair of operations to meet, and over in seconds. */
const defaultOperations = 10_000;

interface Flag {
  readonly wanted: string;
  readonly accepts: (text: string) => boolean;
}

/** Reads what follows `--peers` on the command line; an error says what was expected and what was received. */
export function parsePeerArguments(
  args: ReadonlyArray<string>,
  cases: ReadonlyArray<string>,
  libraries: ReadonlyArray<string>,
): Either<string, PeerSettings> {
  const flags: Readonly<Record<string, Flag>> = {
    only: oneOrMore([...cases, "mix"]),
    libraries: oneOrMore(libraries),
    seed: { wanted: "a whole number", accepts: (text) => /^\d{1,9}$/.test(text) },
    operations: { wanted: "a whole number from 1 to 9999999", accepts: (text) => /^[1-9]\d{0,6}$/.test(text) },
  };
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [, name = "", inline] = /^--([a-z]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (name === "peers" && inline === undefined) continue;
    if (!Object.hasOwn(flags, name)) {
      return refused(["peers", ...Object.keys(flags)].map((known) => `--${known}`).join(", "), args[i]);
    }
    if (values.has(name)) return refused(`--${name} once`, "it again");
    const value = inline ?? args[++i];
    const { wanted, accepts } = flags[name]!;
    if (value === undefined || !accepts(value)) return refused(`${wanted} after --${name}`, value);
    values.set(name, value);
  }
  return E.right({
    only: values.get("only")?.split(","),
    libraries: values.get("libraries")?.split(","),
    seed: Number(values.get("seed") ?? 1),
    operations: Number(values.get("operations") ?? defaultOperations),
  });
}

function oneOrMore(names: ReadonlyArray<string>): Flag {
  return {
    wanted: `names out of ${names.join(", ")}`,
    accepts: (text) => text.split(",").every((name) => names.includes(name)),
  };
}

function refused(expected: string, received: string | undefined): Either<string, never> {
  return E.left(`Cannot compare: expected ${expected}: received ${received ?? "nothing"}`);
}
