import type { Unstored } from "../draft.ts";
import type { RequestScope } from "../request/request.ts";

/** What a handler's request has to offer, so that it can be ended. */
export type Ending = Pick<RequestScope, "flush" | "discard" | "close">;

/** How a request over HTTP ends. */
export interface ServingOptions {
  /**
   * When it ends: once its handler has `answered` (default), or once the body was `sent`, or given up: for bodies that
   * read while they are sent. Drafts are stored before the answer in both cases.
   */
  readonly until?: "answered" | "sent";
  /** What is answered when drafts could not be stored, which are then dropped; a bare 500 by default. */
  readonly onUnstored?: (unstored: ReadonlyArray<Unstored>, response: Response) => Response | Promise<Response>;
}

/**
 * A handler for `Deno.serve`, or any server of web-standard requests, whose every request has a scope of its own.
 *
 * When the handler has answered, dirty drafts are stored and the scope ends. When it throws, what drafts have changed is
 * dropped, the scope ends, and the server hears of the error.
 *
 * @example One load a request, however often it reads
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, requests, source } from "@lamina/cache";
 * import { serving } from "@lamina/cache/http";
 *
 * let loads = 0;
 * const load = async (ids: ReadonlyArray<number>) => (loads++, ids.map((id) => `user ${id}`));
 * const manager = requests({ users: source({ load }) });
 *
 * const handler = serving(() => manager.begin(), async (request, { stores }) => {
 *   const users = promises(stores.users);
 *   const id = Number(new URL(request.url).pathname.slice(1));
 *   return Response.json([await users.get(id), await users.get(id)]);
 * });
 *
 * const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
 * const answer = await fetch(`http://127.0.0.1:${server.addr.port}/42`);
 * assertEquals(await answer.json(), ["user 42", "user 42"]);
 * assertEquals(loads, 1);
 * await server.shutdown();
 * ```
 */
export function serving<R extends Ending, I extends ReadonlyArray<unknown>>(
  begin: (request: Request) => R | Promise<R>,
  handler: (request: Request, scope: R, ...rest: I) => Response | Promise<Response>,
  options: ServingOptions = {},
): (request: Request, ...rest: I) => Promise<Response> {
  return async (request, ...rest) => {
    const scope = await begin(request);
    let response: Response;
    try {
      response = await handler(request, scope, ...rest);
    } catch (error) {
      abandon(scope);
      throw error;
    }
    return await finish(scope, response, options);
  };
}

/** Ends a request that failed: nothing of it is stored. */
export function abandon(scope: Ending): void {
  scope.discard();
  end(scope);
}

/** Ends a request that was answered, or lets its body do so. */
export async function finish(scope: Ending, response: Response, options: ServingOptions): Promise<Response> {
  try {
    const answer = await stored(scope, response, options.onUnstored ?? notStored);
    if (options.until === "sent" && answer.body !== null) return withEnd(answer, answer.body, () => end(scope));
    end(scope);
    return answer;
  } catch (error) {
    // Only what the caller gave can throw here.
    abandon(scope);
    throw error;
  }
}

/** The answer, once what drafts have changed is stored. */
async function stored(
  scope: Ending,
  response: Response,
  onUnstored: NonNullable<ServingOptions["onUnstored"]>,
): Promise<Response> {
  const unstored = await scope.flush();
  if (unstored.length === 0) return response;
  // Stored after all, at the end, they would make the answer untrue.
  scope.discard();
  return await onUnstored(unstored, response);
}

function notStored(_unstored: ReadonlyArray<Unstored>, response: Response): Response {
  // Nobody is going to read it.
  response.body?.cancel().catch(() => {});
  return new Response("Internal Server Error", { status: 500 });
}

/** Nobody waits for what is still under way: it was not waited for in the handler either. */
function end(scope: Ending): void {
  scope.close().catch(() => {});
}

/** The same response, whose body says when it is over. */
function withEnd(response: Response, body: ReadableStream<Uint8Array<ArrayBuffer>>, over: () => void): Response {
  const reader = body.getReader();
  const passed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: async (controller) => {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
        over();
        controller.close();
      } catch (error) {
        over();
        controller.error(error);
      }
    },
    cancel: async (reason) => {
      over();
      await reader.cancel(reason);
    },
  });
  return new Response(passed, response);
}
