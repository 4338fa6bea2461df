/**
 * One scope a request for HTTP servers: handlers for `Deno.serve` ({@linkcode serving}), middleware for Hono
 * ({@linkcode honoScope}), and {@linkcode ambient} for frameworks that pass nothing on.
 *
 * What begins a request is `requests(…).begin` of `@lamina/cache`, or `request`.
 *
 * @module
 */
export type { Scope } from "../layer/request.ts";
export type { Draft, DraftOptions, Unstored } from "../draft.ts";
export type { RequestScope } from "../request/request.ts";
export * from "./ambient.ts";
export * from "./hono.ts";
export { type Ending, serving, type ServingOptions } from "./serving.ts";
