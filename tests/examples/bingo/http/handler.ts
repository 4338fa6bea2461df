import { pipe } from "fp-ts/lib/function.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { serving } from "../../../../lib/http/mod.ts";
import { refusal } from "../domain/refusal.ts";
import type { Jobs } from "../jobs.ts";
import { overviewPage, refusalPage } from "../page/page.ts";
import type { Bingo, Page } from "../store/bingo.ts";
import { readOverview } from "../store/overview.ts";
import type { Problem } from "../store/problem.ts";
import { api } from "./api.ts";
import { control } from "./controls.ts";
import { json, page as html, problem, seeOther, statusOf } from "./respond.ts";
import { find } from "./router.ts";

/** The service over HTTP. Every request has a scope of its own, so that it reads each value once. */
export function handlerOf(bingo: Bingo, jobs: Jobs): (request: Request) => Promise<Response> {
  const routes = api(bingo, jobs);
  return serving(() => bingo.begin(), async (request, page) => {
    if (isForeign(request)) return problem(refusal("Foreign", "a request of this site", request.headers.get("origin")));
    const { pathname } = new URL(request.url);
    if (pathname === "/" || pathname === "/control") return await forPeople(bingo, request, page, pathname);
    const found = find(routes, request.method, pathname);
    if (found._tag === "Refused") {
      return problem(found.refusal, found.allow === undefined ? {} : { allow: found.allow });
    }
    const answer = await found.handler({ request, page, parameters: found.parameters })();
    return answer._tag === "Left" ? problem(answer.left) : json(answer.right ?? { done: true });
  });
}

/** The page, and its forms. */
async function forPeople(bingo: Bingo, request: Request, page: Page, path: "/" | "/control"): Promise<Response> {
  const allow = path === "/" ? ["GET", "HEAD"] : ["POST"];
  if (!allow.includes(request.method)) {
    return problem(refusal("NotAllowed", `one of ${allow.join(", ")}`, request.method), { allow: allow.join(", ") });
  }
  const answer = path === "/"
    ? await pipe(show(bingo, request, page), TE.map((markup) => html(markup)))()
    : await pipe(control(bingo, request), TE.map((done) => seeOther(`/?done=${done}`)))();
  return answer._tag === "Left" ? html(explained(answer.left), statusOf(answer.left)) : answer.right;
}

function show(bingo: Bingo, request: Request, page: Page): TE.TaskEither<Problem, string> {
  const { searchParams } = new URL(request.url);
  const shelf = searchParams.get("shelf") === "archived" ? "archived" : "live";
  return pipe(
    readOverview(bingo, page, shelf),
    TE.map((overview) => overviewPage(overview, searchParams.get("done"))),
  );
}

function explained(problem: Problem): string {
  return "expected" in problem
    ? refusalPage(problem.expected, problem.received)
    : refusalPage("the database and the shared tier to answer, so please try again", problem.reason);
}

/** Another site's page must not do anything here in the name of whoever looks at it. Programs do not say where they are. */
function isForeign(request: Request): boolean {
  if (request.method === "GET" || request.method === "HEAD") return false;
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  const origin = request.headers.get("origin");
  return origin !== null && origin !== new URL(request.url).origin;
}
