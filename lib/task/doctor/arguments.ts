import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import { diagnosisOptions, type DoctorOptions } from "../../backend/redis/doctor/options.ts";
import type { DurationLike } from "../../duration.ts";

/** What the doctor was asked to do. */
export type Asked = DoctorOptions & { readonly as: "text" | "json" };

const flags: Readonly<Record<string, readonly [wanted: string, help: string]>> = {
  redis: ["a url like redis://host:6379", "the server, or any node of a cluster; needed"],
  namespace: ["a name", "where the protocol is tried on a key of its own; doctor by default"],
  lease: ["a duration like 10s", "the longest lease of your tiers; 10s by default"],
  "wait-replicas": ["a whole number", "how many replicas your locks wait for; 0 by default"],
  keys: ["a whole number", "how many keys of each server are looked at; 100000 by default"],
};

/** What `--help` prints. */
export const help: string =
  `Looks whether a Redis is fit for a shared tier: its version, policy, replicas, clock and tracking, whether the
protocol's steps work there, and what stands in its keys. The exit code is 1 if something breaks a promise.

Usage: deno task doctor --redis <url> [flags]

${
    [
      ...Object.entries(flags).map(([name, [wanted, text]]) => [`--${name} <value>`, `${text} (${wanted})`]),
      ["--json", "everything that was read and found, for a program"],
      ["--help", "this text"],
    ].map(([name, text]) => `  ${name!.padEnd(24)}${text}`).join("\n")
  }
`;

/** Reads the arguments of the command line; an error says what was expected and what was received. */
export function parseArguments(args: ReadonlyArray<string>): Either<string, Asked | "help"> {
  const values = new Map<string, string>();
  for (let i = 0; i < args.length; i++) {
    const [, name = "", inline] = /^--([a-z-]+)(?:=(.*))?$/s.exec(args[i]!) ?? [];
    if (name === "help") return E.right("help");
    if (values.has(name)) return refused(`--${name} once`, "it again");
    if (name === "json" && inline === undefined) values.set(name, "");
    else if (Object.hasOwn(flags, name)) {
      const value = inline ?? args[++i];
      if (value === undefined) return refused(`${flags[name]![0]} after --${name}`, "nothing");
      values.set(name, value);
    } else return refused(`one of ${names.join(", ")}`, JSON.stringify(withoutPassword(args[i]!)));
  }
  const url = values.get("redis");
  return url === undefined ? refused("--redis with a url", "nothing") : optionsOf(url, values);
}

const names = [...Object.keys(flags), "json", "help"].map((name) => `--${name}`);

function optionsOf(url: string, values: ReadonlyMap<string, string>): Either<string, Asked> {
  const whole = (name: string): number | undefined => {
    const text = values.get(name);
    return text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  };
  const [namespace, lease] = [values.get("namespace"), values.get("lease")];
  const [waitReplicas, mostKeys] = [whole("wait-replicas"), whole("keys")];
  const options: DoctorOptions = {
    url,
    ...(namespace === undefined ? {} : { namespace }),
    ...(lease === undefined ? {} : { lease: lease as DurationLike }),
    ...(waitReplicas === undefined ? {} : { waitReplicas }),
    ...(mostKeys === undefined ? {} : { mostKeys }),
  };
  // The doctor's own checks, without asking anybody.
  return E.map((): Asked => ({ ...options, as: values.has("json") ? "json" : "text" }))(
    E.tryCatch(() => diagnosisOptions(options), (error) => error instanceof Error ? error.message : String(error)),
  );
}

function withoutPassword(text: string): string {
  return text.replace(/^(\w*:)?.*@/s, "$1//…@");
}

function refused(expected: string, received: string): Either<string, never> {
  return E.left(`Cannot start the doctor: expected ${expected}: received ${received}`);
}
