import * as E from "fp-ts/lib/Either.js";
import type { Deadline, Write, WriteFailure } from "../../mod.ts";
import { turn } from "./turn.ts";

/** A write around which a test mutates: it is under way until the test says what became of it. */
export interface HeldWrite {
  readonly write: (within: Deadline) => Write<void, Error>;
  /** The deadlines that it was begun with; none as long as it has not. */
  readonly begun: ReadonlyArray<Deadline>;
  readonly commit: () => Promise<void>;
  /** Ends it without applying it, with that outcome. */
  readonly fail: (outcome: WriteFailure<Error>["outcome"]) => Promise<void>;
  /** Applies it, and ends it with that outcome. */
  readonly lose: (outcome: WriteFailure<Error>["outcome"]) => Promise<void>;
}

/** A held write that does `apply` when it takes effect. */
export function heldWrite(apply: () => void): HeldWrite {
  const begun: Array<Deadline> = [];
  let end: (done: E.Either<WriteFailure<Error>, void>) => void = () => {};
  const ended = new Promise<E.Either<WriteFailure<Error>, void>>((resolve) => end = resolve);
  const failed = (outcome: WriteFailure<Error>["outcome"]) => E.left({ outcome, error: new Error(outcome) });
  return {
    write: (within) => () => (begun.push(within), ended),
    begun,
    commit: () => (apply(), end(E.right(undefined)), turn()),
    fail: (outcome) => (end(failed(outcome)), turn()),
    lose: (outcome) => (apply(), end(failed(outcome)), turn()),
  };
}
