import type { Task } from "fp-ts/lib/Task.js";
import type { Cancel } from "../clock.ts";
import type { Level, Operation, Reply } from "../protocol/slot.ts";

/** One operation on one named slot. */
export interface Request<P, N = string> {
  /** The slot's name. */
  readonly slot: N;
  /** What is asked of it. */
  readonly operation: Operation<P>;
}

/** What bounds a call: how long the caller waits for it, the lease that its claims and locks get, and the least level. */
export interface Call {
  /** Milliseconds; what is answered later counts as `Unreachable`, and may still take effect. */
  readonly within: number;
  /** Milliseconds. */
  readonly lease: number;
  /** The level that the caller asks for; the backend's own may be more cautious. */
  readonly level: Level;
  /** Whether listeners want to be told of changes to what its looks find, where the backend can. */
  readonly watched?: boolean;
}

/** Who wants to be told of changes to slots, by whomever. */
export interface Listener<N> {
  /**
   * Milliseconds: how long word may be missing unnoticed. Infinite: only a connection that is known to have ended counts.
   */
  readonly lease: number;
  /** A slot that a watched look found may have changed since; undefined: any of them may have. */
  readonly changed: (slot: N | undefined) => void;
  /** Until when, on the backend's clock, all that happened longer than the lease ago was told; in the past: it is not. */
  readonly proven: (until: number) => void;
}

/** Performs requests, when the task is run, and answers for each. */
export interface Run<P, N = string> {
  (requests: ReadonlyArray<Request<P, N>>, call: Call): Task<ReadonlyArray<Reply<P>>>;
  /**
   * Performs one request and answers it, at once: where it is there, nobody waits for this backend. It is the same atomic
   * step, in one order with the others; it never throws. It belongs to the function and not to the backend: who makes
   * another backend of one, with a `run` that does more, has none that does less.
   */
  readonly one?: (request: Request<P, N>, call: Call) => Reply<P>;
}

/**
 * An injected effect: atomic operations on named slots.
 *
 * `P` is what the slots carry (bytes for a backend outside the process), `N` what names them. `run` performs each
 * request as one atomic {@linkcode apply}, the requests of one call in any order but each slot's in theirs, and answers
 * for each. It never rejects: `Unreachable` is a reply, and means that nobody knows.
 */
export interface Backend<P, N = string> extends AsyncDisposable {
  /** What errors and events call it. */
  readonly name: string;
  /** Performs requests, when the task is run. */
  readonly run: Run<P, N>;
  /**
   * Ends when something may have happened to a slot that another reader claimed or marked, at once if it is neither, and
   * after so many milliseconds at the latest. Who waits asks the slot again; where there is no such word, it asks often.
   */
  readonly changed?: (slot: N, within: number) => Task<void>;
  /**
   * Tells a listener of changes from now on, until it is cancelled. A hit that says `watched` is told of once, when it
   * changes, ends, or is evicted, and before anything that is read later is answered. Undefined: it cannot tell.
   */
  readonly listen?: (listener: Listener<N>) => Cancel;
  /** The level that this backend keeps at least; it may change with the server it is connected to. */
  readonly level: () => Level;
  /** Drains what is under way; afterwards every operation is `Unreachable`, because closed. */
  readonly close: () => Promise<void>;
}

/**
 * The replies of a call that nobody answered.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { unreachable } from "@lamina/cache";
 *
 * const replies = unreachable(2, "no connection");
 * assertEquals(replies.map((reply) => reply._tag === "Unreachable" && reply.reason), ["no connection", "no connection"]);
 * ```
 */
export function unreachable<P>(count: number, reason: string, cause?: unknown): ReadonlyArray<Reply<P>> {
  const reply: Reply<P> = { _tag: "Unreachable", reason, ...(cause === undefined ? {} : { cause }) };
  return Array.from({ length: count }, () => reply);
}

/** The more cautious of two levels. */
export function strictest(left: Level, right: Level): Level {
  return levels.indexOf(left) >= levels.indexOf(right) ? left : right;
}

const levels: ReadonlyArray<Level> = ["pinned", "probation", "strict"];
