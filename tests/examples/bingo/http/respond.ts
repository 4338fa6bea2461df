import type { Problem } from "../store/problem.ts";

const statuses: Readonly<Record<Problem["_tag"], number>> = {
  Malformed: 400,
  Foreign: 403,
  Unknown: 404,
  NotAllowed: 405,
  Conflict: 409,
  TooLarge: 413,
  NotJson: 415,
  Unavailable: 503,
};

const titles: Readonly<Record<Problem["_tag"], string>> = {
  Malformed: "Not understood",
  Foreign: "From another site",
  Unknown: "Not found",
  NotAllowed: "Method not allowed",
  Conflict: "Not possible as it stands",
  TooLarge: "Too large",
  NotJson: "Not JSON",
  Unavailable: "Not available now",
};

/** What every answer says: nothing of it is to be kept by caches between, guessed at, or put into another site's frame. */
const headers: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** An answer in JSON. */
export function json(body: unknown, status = 200): Response {
  return Response.json(body, { status, headers });
}

/** Why something was not done, as RFC 9457 has it: the status, what was expected, and what was received. */
export function problem(problem: Problem, more: Readonly<Record<string, string>> = {}): Response {
  const status = statusOf(problem);
  const { _tag, ...rest } = problem;
  const body = { title: titles[_tag], status, ...rest };
  const retry: Readonly<Record<string, string>> = _tag === "Unavailable" ? { "retry-after": "1" } : {};
  return Response.json(body, {
    status,
    headers: { ...headers, ...retry, ...more, "content-type": "application/problem+json" },
  });
}

/** The status of a problem. */
export function statusOf({ _tag }: Problem): number {
  return statuses[_tag];
}

/** A page. Its styles stand in it; it has no scripts, and none is run. */
export function page(markup: string, status = 200): Response {
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'; " +
    "frame-ancestors 'none'";
  const all = { ...headers, "content-type": "text/html; charset=utf-8", "content-security-policy": policy };
  return new Response(markup, { status, headers: all });
}

/** Sends the browser on to a page, so that a reload does not repeat what was done. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { ...headers, location } });
}
