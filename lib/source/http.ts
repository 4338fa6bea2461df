import * as O from "fp-ts/lib/Option.js";
import type { Deadline } from "../deadline.ts";
import type { Change, Store } from "../store.ts";
import type { SourceOptions } from "./source.ts";
import { source } from "./source.ts";

/** A source behind an HTTP API with a resource for each key. */
export interface HttpSource<K, V> extends Pick<SourceOptions<K, V>, "commit" | "loadTimeout" | "clock"> {
  /** The resource of a key: an address, or a whole request where a header is needed. */
  readonly at: (key: K) => string | URL | Request;
  /** Reads the value out of a successful response; what it throws fails that key. */
  readonly read: (response: Response, key: K) => PromiseLike<V>;
  /** The request that makes a change; without it the source is read-only, and writes go through `mutate`. */
  readonly change?: (change: Change<K, V>) => Request;
  /** How many loads of one batch are under way at once: 6 unless told, as many as a browser opens to one host. */
  readonly concurrency?: number;
  /** What requests are made with: the global `fetch` unless told. */
  readonly fetch?: (request: Request) => Promise<Response>;
}

/** The cause of a `SourceFailed`, where a response says that something went wrong. */
export interface ResponseError extends Error {
  /** The status of the response. */
  readonly status: number;
}

/**
 * The store of the resources of an HTTP API, to stack tiers on.
 *
 * A load of a resource that is not there (404, 410) finds none; any other response without success, and none at all,
 * fails that key, and the others not. A save that is refused (4xx) is `aborted`, and a removal of what is not there is
 * done. After any other response, and where the connection broke, nobody knows whether it was applied: `unknown`.
 *
 * Throws a RangeError if the concurrency is no positive whole number.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { httpSource, promises } from "@lamina/cache";
 *
 * const answers = new Map([["/users/1", new Response('{"name":"Ada"}')]]);
 * await using users = promises(httpSource({
 *   at: (id: number) => `https://api.example/users/${id}`,
 *   read: async (response): Promise<{ name: string }> => await response.json(),
 *   fetch: async ({ url }) => answers.get(new URL(url).pathname) ?? new Response(null, { status: 404 }),
 * }));
 * assertEquals(await users.getMany([1, 2]), [{ name: "Ada" }, undefined]);
 * ```
 *
 * **Gotchas**
 * - A server cannot be stopped: a save that was sent in time may be applied after the deadline. If that is possible for
 *   longer than a lease lasts, only the ttl bounds for how long an old value may be seen.
 */
export function httpSource<K, V>(options: HttpSource<K, V>): Store<K, V> {
  const { at, read, change, concurrency = 6, fetch = globalThis.fetch, ...rest } = options;
  if (!(Number.isInteger(concurrency) && concurrency > 0)) {
    throw new RangeError(
      `Cannot make an HTTP source: expected a positive whole concurrency: received ${JSON.stringify(concurrency)}`,
    );
  }
  const load = async (key: K, signal: AbortSignal): Promise<V | undefined | Error> => {
    try {
      const response = await fetch(new Request(at(key), { signal }));
      if (response.ok) return await reading(response, () => read(response, key));
      await response.body?.cancel();
      return isMissing(response) ? undefined : errorOf(response);
    } catch (cause) {
      return cause instanceof Error ? cause : new Error("Cannot load from an HTTP API", { cause });
    }
  };
  return source<K, V>({
    ...rest,
    load: (keys, { signal }) => inTurn(keys, concurrency, (key) => load(key, signal)),
    ...(change === undefined ? {} : { save: savingBy(change, fetch) }),
    outcomeOf: (error) => isRefusal(error) ? "aborted" : "unknown",
  });
}

/** What nobody reads to its end would keep the connection busy. */
async function reading<V>(response: Response, read: () => PromiseLike<V>): Promise<V> {
  try {
    return await read();
  } finally {
    if (!response.bodyUsed) await response.body?.cancel();
  }
}

function savingBy<K, V>(
  requestOf: (change: Change<K, V>) => Request,
  fetch: (request: Request) => Promise<Response>,
): (changes: ReadonlyArray<Change<K, V>>, within: Deadline) => Promise<void> {
  return async (changes, within) => {
    for (const [index, change] of changes.entries()) {
      const response = await send(requestOf(change), within, fetch);
      await response.body?.cancel();
      if (response.ok || O.isNone(change.value) && isMissing(response)) continue;
      // What came before it in the same save was applied, so the save as a whole was not refused.
      throw index === 0 ? errorOf(response) : new Error("Cannot save all changes", { cause: errorOf(response) });
    }
  };
}

function send(
  request: Request,
  within: Deadline,
  fetch: (request: Request) => Promise<Response>,
): Promise<Response> {
  return fetch(new Request(request, { signal: within.signal }));
}

/** Runs something for each key, so many at once, and answers in the order of the keys. */
async function inTurn<K, A>(
  keys: ReadonlyArray<K>,
  atOnce: number,
  run: (key: K) => Promise<A>,
): Promise<ReadonlyArray<A>> {
  const answers: Array<A> = [];
  const rest = keys.entries();
  const work = async (): Promise<void> => {
    for (const [index, key] of rest) answers[index] = await run(key);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, keys.length) }, work));
  return answers;
}

function isMissing({ status }: Response): boolean {
  return status === 404 || status === 410;
}

function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error) || !("status" in error) || typeof error.status !== "number") return false;
  return error.status >= 400 && error.status < 500;
}

/** Without the address, which may contain what is not for everybody. */
function errorOf({ status, statusText }: Response): ResponseError {
  const said = statusText === "" ? String(status) : `${status} ${statusText}`;
  return Object.assign(new Error(`Cannot use the response: expected success: received ${said}`), { status });
}
