/**
 * A stand-in for `@std/assert` on machines that cannot reach JSR: the same signatures over node:assert, for what the
 * tests use and nothing else. Where the two differ node:assert is the stricter one (0 and -0, prototypes), so what
 * passes here passes on the real package.
 *
 * @module
 */
import node from "node:assert";

// deno-lint-ignore no-explicit-any
type Constructor<T> = abstract new (...args: any[]) => T;

/** What a failed assertion throws. */
export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(`Failed assertion${msg ? `: ${msg}` : "."}`);
}

/** Expects a truthy value. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Expects a falsy value. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is false | 0 | 0n | "" | null | undefined {
  if (expr) throw new AssertionError(msg);
}

/** Expects two values to be equal in depth. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  expecting(() => node.deepStrictEqual(actual, expected), msg);
}

/** Expects two values not to be equal in depth. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  expecting(() => node.notDeepStrictEqual(actual, expected), msg);
}

/** Expects the same value or the same reference. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  expecting(() => node.strictEqual(actual, expected), msg);
}

/** Expects neither null nor undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === null || actual === undefined) refuse(`Expected actual: "${actual}" to not be null or undefined`, msg);
}

/** Expects a string that the expression matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) refuse(`Expected actual: "${actual}" to match: "${expected}"`, msg);
}

/** Expects a string that contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) refuse(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

/** Expects two numbers no further apart than the tolerance, or by default a ten-millionth of the expected one. */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  const allowed = tolerance ?? (expected === 0 ? 1e-7 : Math.abs(expected * 1e-7));
  if (Object.is(actual, expected) || Math.abs(expected - actual) <= allowed) return;
  refuse(`Expected actual: "${actual}" to be close to "${expected}": delta is greater than "${allowed}"`, msg);
}

/** Expects the first to be the second or more. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) refuse(`Expect ${actual} >= ${expected}`, msg);
}

/** Expects the first to be the second or less. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) refuse(`Expect ${actual} <= ${expected}`, msg);
}

/** Expects an instance of a class. */
export function assertInstanceOf<T extends Constructor<unknown>>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    refuse(`Expected object to be an instance of "${expectedType.name}" but was ${describe(actual)}`, msg);
  }
}

/** Expects a call that throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: Constructor<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMessage?: Constructor<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    return expected(error, classOrMessage, msgIncludes, msg);
  }
  refuse("Expected function to throw", typeof classOrMessage === "string" ? classOrMessage : msg);
}

/** Expects a promise that rejects, and returns what it rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: Constructor<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMessage?: Constructor<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const note = typeof classOrMessage === "string" ? classOrMessage : msg;
  let answer: PromiseLike<unknown>;
  try {
    answer = fn();
  } catch {
    refuse("Function throws when expected to reject", note);
  }
  try {
    await answer;
  } catch (error) {
    return expected(error, classOrMessage, msgIncludes, msg);
  }
  refuse("Expected function to reject", note);
}

function expected(
  error: unknown,
  wanted: Constructor<Error> | string | undefined,
  part?: string,
  msg?: string,
): unknown {
  if (wanted === undefined || typeof wanted === "string") return error;
  if (!(error instanceof Error)) refuse("A non-Error object was thrown", msg);
  const actual = error.constructor.name;
  if (!(error instanceof wanted)) refuse(`Expected "${wanted.name}" but was "${actual}"`, msg);
  if (part && !error.message.includes(part)) {
    refuse(`Expected error message to include "${part}", but got "${error.message}"`, msg);
  }
  return error;
}

function expecting(check: () => void, msg?: string): void {
  try {
    check();
  } catch (error) {
    throw new AssertionError(msg ? `${(error as Error).message}: ${msg}` : (error as Error).message);
  }
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value === "object" ? `"${value.constructor?.name}"` : `"${typeof value}"`;
}

function refuse(reason: string, msg?: string): never {
  throw new AssertionError(msg ? `${reason}: ${msg}` : reason);
}
