/**
 * What counters and queues have in common on a Redis: scripts, each on the keys of one set, which share a hash tag.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import * as E from "fp-ts/lib/Either.js";
import type { BackendFailed } from "../../cache_error.ts";
import type { Clock } from "../../clock.ts";
import type { DurationLike } from "../../duration.ts";
import { namespace } from "../../key.ts";
import { send, whenSettled } from "./connection.ts";
import type { RedisEvent } from "./events.ts";
import { isUnknownScript, readRedirection, unreachableBy } from "./failure.ts";
import type { Node } from "./node.ts";
import { readOptions, type RedisPlace } from "./options.ts";
import { mostMoves } from "./cluster.ts";
import { type Router, routerOf } from "./router.ts";

/** Where counters or queues are kept, and how the server is reached. */
export type RedisAggregateOptions = RedisPlace & {
  /** Tells these from others: their keys begin with `lamina:<namespace>:`. Without braces, and unless told `aggregate`. */
  readonly namespace?: string;
  /** As for the backend. */
  readonly connectTimeout?: DurationLike;
  /** Told what happens to connections; what it throws is ignored. */
  readonly onEvent?: (event: RedisEvent) => void;
  /** What time-outs go by. */
  readonly clock?: Clock;
};

/** A script with what the server knows it by. */
export interface AggregateScript {
  readonly text: string;
  readonly digest: string;
}

/** A connection that runs scripts on sets of keys. */
export interface Scripting {
  /** Runs a script on the keys of a set. Nothing is sent twice, but to where a cluster says that it was not done. */
  readonly run: (
    script: AggregateScript,
    keys: ReadonlyArray<string>,
    args: ReadonlyArray<string | Buffer>,
  ) => Promise<E.Either<BackendFailed, unknown>>;
  /** The key of a part of a set: all parts of a set are in one slot of a cluster. */
  readonly keyOf: (set: string, part: string) => string;
  readonly close: () => Promise<void>;
}

/** A script, ready to be sent. */
export function scriptOf(text: string): AggregateScript {
  return { text, digest: createHash("sha1").update(text).digest("hex") };
}

/** Connects in the background; throws a RangeError if an option is refused. */
export function scripting(options: RedisAggregateOptions): Scripting {
  const { namespace: name = "aggregate", ...rest } = options;
  const { prefix } = namespace({ namespace: name });
  // They would be taken for the hash tag.
  if (/[{}]/.test(name)) {
    throw new RangeError(`Cannot name keys in a Redis: expected a namespace without braces: received ${name}`);
  }
  const settings = readOptions(rest);
  const router = routerOf(settings);
  return {
    run: (script, keys, args) =>
      new Promise((resolve) => router.whenSettled(() => begin(router, script, keys, args, resolve))),
    keyOf: (set, part) => `${prefix}{${encodeURIComponent(set)}}:${part}`,
    close: () => Promise.resolve(router.close()),
  };
}

type Resolve = (answer: E.Either<BackendFailed, unknown>) => void;

function begin(
  router: Router,
  { text, digest }: AggregateScript,
  keys: ReadonlyArray<string>,
  args: ReadonlyArray<string | Buffer>,
  resolve: Resolve,
): void {
  const key = keys[0]!;
  const words = [String(keys.length), ...keys, ...args];
  const attempt = (node: Node, moves: number, asking: boolean, command: ReadonlyArray<string | Buffer>): void => {
    const fail = (error: unknown): void => {
      if (isUnknownScript(error)) return attempt(node, moves, asking, ["EVAL", text, ...words]);
      const redirection = moves < mostMoves ? readRedirection(error, node.address.name) : undefined;
      const next = redirection === undefined ? undefined : router.follow?.(redirection, key);
      if (next === undefined || redirection === undefined) return resolve(E.left(failedBy(error)));
      attempt(next, moves + 1, redirection.once, command);
    };
    whenSettled(node.data, () => {
      // For a slot that is being moved to a node, it answers only right behind an ASKING.
      if (asking) send(node.data, ["ASKING"], () => {}, () => {});
      send(node.data, command, (reply) => resolve(E.right(reply)), fail);
    });
  };
  const node = router.route(key);
  if (typeof node === "string") return resolve(E.left({ _tag: "BackendFailed", backend: "redis", reason: node }));
  attempt(node, 0, false, ["EVALSHA", digest, ...words]);
}

function failedBy(error: unknown): BackendFailed {
  const { _tag, ...what } = unreachableBy(error);
  return { _tag: "BackendFailed", backend: "redis", ...what };
}

/** A reply that stands for an array. */
export function arrayOf(reply: unknown): ReadonlyArray<unknown> {
  return Array.isArray(reply) ? reply : [];
}

/** A count or version in a reply; 0 for nothing. */
export function numberOf(reply: unknown): number {
  return reply === null || reply === undefined ? 0 : Number(String(reply));
}

/** Text in a reply; undefined for nothing. */
export function textOf(reply: unknown): string | undefined {
  return reply === null || reply === undefined ? undefined : String(reply);
}
