import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BackendFailed, TimedOut } from "../cache_error.ts";
import type { Clock } from "../clock.ts";
import { late, orLate } from "../deadline.ts";
import type { Duration, DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";

/** How a port is asked: what it is called, and how long it may take. */
export interface Asking {
  readonly port: { readonly name: string };
  readonly clock: Clock;
  readonly within: Duration;
}

/** Asks a port, within a bound; one of somebody else's may throw. What is abandoned may still take effect. */
export function ask<A>(
  { port, clock, within }: Asking,
  step: () => TaskEither<BackendFailed, A>,
): TaskEither<BackendFailed | TimedOut, A> {
  return async () => {
    const asked = async (): Promise<E.Either<BackendFailed, A>> => {
      try {
        return await step()();
      } catch (cause) {
        return E.left({ _tag: "BackendFailed", backend: port.name, reason: "it rejected", cause });
      }
    };
    const answer = await orLate(clock, within, asked());
    return answer === late ? E.left({ _tag: "TimedOut", waitingFor: `an answer of ${port.name}` }) : answer;
  };
}

/** A duration above zero and below forever; anything else is refused. */
export function finite(what: string, like: DurationLike): Duration {
  const length = duration(like);
  if (!(length > 0 && length < Infinity)) throw refused(what, "a duration above zero and below forever", like);
  return length;
}

/** A whole number above zero; anything else is refused. */
export function positive(what: string, option: string, value: number): number {
  if (!(Number.isInteger(value) && value > 0)) throw refused(what, `a positive whole ${option}`, value);
  return value;
}

/** The error of an option that is out of range. */
export function refused(what: string, wanted: string, received: unknown): RangeError {
  return new RangeError(`Cannot make ${what}: expected ${wanted}: received ${JSON.stringify(received)}`);
}

/** The longest name: it stands in each key of a shared backend. */
const longestName = 200;

/** A name that is told apart from all others in every backend: lone surrogates would meet in UTF-8. */
export function isName(name: unknown): name is string {
  return typeof name === "string" && name !== "" && name.length <= longestName && name.isWellFormed();
}

/** Checks the name of a set, queue or job. */
export function named(what: string, name: string): string {
  if (!isName(name)) throw refused(what, `a name of 1 to ${longestName} well-formed characters`, name);
  return name;
}
