import type { Ending, ServingOptions } from "./serving.ts";
import { abandon, finish } from "./serving.ts";

/** What the middleware uses of Hono's context. */
export interface HonoContext {
  /** The request. */
  readonly req: { readonly raw: Request };
  /** The answer, once the handlers have run. */
  res: Response;
  /** What a handler threw, which Hono has answered already. */
  readonly error: Error | undefined;
  /** Keeps a variable for the handlers. */
  set(name: string, value: unknown): void;
}

/** How a request in Hono ends, and what its variable is called. */
export interface HonoOptions extends ServingOptions {
  /** The name of the variable that holds the scope, `"scope"` by default. */
  readonly name?: string;
}

/**
 * Middleware for Hono that gives every request a scope of its own, as the variable `scope`.
 *
 * It ends as under {@linkcode serving}: after the answer, and without storing anything when a handler threw.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { promises, requests, source } from "@lamina/cache";
 * import { honoScope } from "@lamina/cache/http";
 * import { Hono } from "hono";
 *
 * let loads = 0;
 * const load = async (ids: ReadonlyArray<number>) => (loads++, ids.map((id) => `user ${id}`));
 * const manager = requests({ users: source({ load }) });
 *
 * const app = new Hono<{ Variables: { scope: ReturnType<typeof manager.begin> } }>();
 * app.use(honoScope(() => manager.begin()));
 * app.get("/:id", async (context) => {
 *   const users = promises(context.get("scope").stores.users);
 *   const id = Number(context.req.param("id"));
 *   return context.json([await users.get(id), await users.get(id)]);
 * });
 *
 * const answer = await app.request("/42");
 * assertEquals(await answer.json(), ["user 42", "user 42"]);
 * assertEquals(loads, 1);
 * ```
 */
export function honoScope<R extends Ending>(
  begin: (request: Request) => R | Promise<R>,
  options: HonoOptions = {},
): (context: HonoContext, next: () => Promise<void>) => Promise<void> {
  const { name = "scope" } = options;
  return async (context, next) => {
    const scope = await begin(context.req.raw);
    context.set(name, scope);
    try {
      await next();
    } catch (error) {
      abandon(scope);
      throw error;
    }
    if (context.error !== undefined) return abandon(scope);
    const answer = await finish(scope, context.res, options);
    if (answer !== context.res) context.res = answer;
  };
}
