/** A length of time in milliseconds. The brand keeps bare numbers, whose unit nobody can see, from compiling. */
export type Duration = number & { readonly Duration: "ms" };

/** A length of time as options accept it: a number with its unit, `"forever"`, or a {@linkcode Duration}. */
export type DurationLike =
  | `${number}ms`
  | `${number}s`
  | `${number}m`
  | `${number}h`
  | `${number}d`
  | "forever"
  | Duration;

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a {@linkcode DurationLike}; `"forever"` is infinite.
 *
 * Throws a RangeError if the text is no number with a unit, or if it is negative.
 *
 * @example A duration is a number of milliseconds
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duration } from "@lamina/cache";
 *
 * assertEquals<number>(duration("1.5s"), 1500);
 * ```
 */
export function duration(like: DurationLike): Duration {
  if (like === "forever") return Infinity as Duration;
  const milliseconds = typeof like === "number" ? like : parse(like);
  if (!(milliseconds >= 0)) {
    throw new RangeError(
      `Cannot read a duration: expected "forever" or a non-negative number with a unit (ms, s, m, h, d), such as "250ms": received ${
        typeof like === "string" ? JSON.stringify(like) : String(like)
      }`,
    );
  }
  return milliseconds as Duration;
}

/**
 * A duration of so many milliseconds, for lengths that are computed.
 *
 * Throws a RangeError if it is negative or no number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duration, milliseconds } from "@lamina/cache";
 *
 * assertEquals(milliseconds(60 * 1000), duration("1m"));
 * ```
 */
export function milliseconds(length: number): Duration {
  return duration(length as Duration);
}

function parse(like: unknown): number {
  if (typeof like !== "string") return NaN;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(like);
  return match === null ? NaN : Number(match[1]) * units[match[2]!]!;
}

/**
 * Says a duration with the largest unit that keeps it whole, for messages.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { duration, showDuration } from "@lamina/cache";
 *
 * assertEquals(["90s", "120s", "1.5s", "forever"].map((each) => showDuration(duration(each as "90s"))), [
 *   "90s",
 *   "2m",
 *   "1500ms",
 *   "forever",
 * ]);
 * ```
 */
export function showDuration(length: Duration): string {
  if (length === Infinity) return "forever";
  for (const unit of ["d", "h", "m", "s"]) {
    if (length >= units[unit]! && length % units[unit]! === 0) return `${length / units[unit]!}${unit}`;
  }
  return `${length}ms`;
}
