import type * as t from "io-ts";
import { clip, toPath } from "../codec/fault.ts";

/** Something in a configuration that cannot be used. Secrets and the options of backends never stand in it. */
export interface Mistake {
  /** The steps from the configuration to it. */
  readonly path: ReadonlyArray<string | number>;
  /** What could be used. */
  readonly expected: string;
  /** What was found. */
  readonly received: string;
}

/**
 * Says a {@linkcode Mistake} in a sentence.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { showMistake } from "@lamina/cache";
 *
 * const mistake = { path: ["regions", "short", "tiers", 0], expected: "an object", received: "7" };
 * assertEquals(showMistake(mistake), "Cannot configure .regions.short.tiers[0]: expected an object: received 7");
 * ```
 */
export function showMistake({ path, expected, received }: Mistake): string {
  return `Cannot configure ${path.length === 0 ? "regions" : toPath(path)}: expected ${expected}: received ${received}`;
}

/** The mistakes that a type found; each of its errors says what was expected by the name of the innermost type. */
export function mistakesOf(errors: t.Errors): ReadonlyArray<Mistake> {
  return errors.map(({ context, value, message }) => ({
    path: context.slice(1).map(({ key }, i) => Array.isArray(context[i]!.actual) ? Number(key) : key),
    expected: context[context.length - 1]!.type.name,
    received: message ?? describe(value),
  }));
}

/** What was found, shortly. */
function describe(value: unknown): string {
  switch (typeof value) {
    case "undefined":
      return "nothing";
    case "string":
      return JSON.stringify(clip(value));
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}

/** What was expected and what was received, as a refusal while options are checked says it. */
export function refusalOf(error: unknown): { readonly expected: string; readonly received: string } {
  const message = error instanceof Error ? error.message : String(error);
  const match = /^(?:Cannot [^:]*: )*(?:expected )?(.*): received (.*)$/s.exec(message);
  if (match === null) return { expected: "options that can be used", received: `a refusal: ${clip(message)}` };
  return { expected: clip(match[1]!), received: clip(match[2]!) };
}
