import type { Refusal } from "../domain/refusal.ts";
import { refusal } from "../domain/refusal.ts";

/** A path with parameters, `/api/experiments/:name`, and what answers there to each method. */
export type Routes<H> = Readonly<Record<string, Readonly<Partial<Record<Method, H>>>>>;

/** The methods that mean something here. */
export type Method = "GET" | "POST" | "DELETE";

/** Who answers a request. */
export type Found<H> =
  | { readonly _tag: "Found"; readonly handler: H; readonly parameters: Readonly<Record<string, string>> }
  | { readonly _tag: "Refused"; readonly refusal: Refusal; readonly allow: string | undefined };

/** Finds who answers a method on a path. */
export function find<H>(routes: Routes<H>, method: string, path: string): Found<H> {
  for (const [pattern, methods] of Object.entries(routes)) {
    const parameters = match(pattern.split("/"), path.split("/"));
    if (parameters === undefined) continue;
    const allow = Object.keys(methods).join(", ");
    // A HEAD is a GET whose body the server leaves out.
    const handler = methods[(method === "HEAD" ? "GET" : method) as Method];
    if (handler !== undefined) return { _tag: "Found", handler, parameters };
    return { _tag: "Refused", refusal: refusal("NotAllowed", `one of ${allow}`, method), allow };
  }
  const expected = `one of ${Object.keys(routes).join(" ")}`;
  return { _tag: "Refused", refusal: refusal("Unknown", expected, path), allow: undefined };
}

function match(
  pattern: ReadonlyArray<string>,
  path: ReadonlyArray<string>,
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== path.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const given = decode(path[i]!);
    if (given === undefined || !part.startsWith(":") && part !== given) return undefined;
    if (part.startsWith(":")) parameters[part.slice(1)] = given;
  }
  return parameters;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
