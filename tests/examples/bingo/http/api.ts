import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { readDefinition } from "../domain/definition.ts";
import { bot, isBot } from "../domain/identity.ts";
import { longestIdentity, readName } from "../domain/name.ts";
import type { Refusal } from "../domain/refusal.ts";
import { refusal } from "../domain/refusal.ts";
import { alternativeOf } from "../domain/sticky.ts";
import type { Jobs } from "../jobs.ts";
import type { Bingo, Page } from "../store/bingo.ts";
import { archiveExperiments, chooseWinner, createExperiments, deleteExperiments } from "../store/experiments.ts";
import { readOverview } from "../store/overview.ts";
import { readIdentity, takeConversion, takePart } from "../store/participation.ts";
import type { Problem } from "../store/problem.ts";
import { unavailable } from "../store/problem.ts";
import { readJson } from "./body.ts";
import type { Routes } from "./router.ts";

/** What answers a request: something to be sent as JSON, or why not. */
export type Handler = (asked: Asked) => TaskEither<Problem, unknown>;

/** A request, with what its handler needs. */
export interface Asked {
  readonly request: Request;
  readonly parameters: Readonly<Record<string, string>>;
  readonly page: Page;
}

/** The service over HTTP, for programs. */
export function api(bingo: Bingo, jobs: Jobs): Routes<Handler> {
  return {
    "/api/experiments": {
      GET: ({ request, page }) => pipe(readShelfName(request), TE.flatMap((shelf) => readOverview(bingo, page, shelf))),
      POST: ({ request }) =>
        pipe(
          readJson(request),
          TE.flatMapEither(readDefinition),
          TE.flatMap((definition) => createExperiments(bingo, definition)),
        ),
    },
    "/api/experiments/:name": {
      GET: ({ page, parameters: { name = "" } }) => readOne(bingo, page, name),
      DELETE: ({ parameters: { name = "" } }) => deleteExperiments(bingo, name),
    },
    "/api/experiments/:name/archive": { POST: ({ parameters: { name = "" } }) => archiveExperiments(bingo, name) },
    "/api/experiments/:name/winner": {
      POST: ({ request, parameters: { name = "" } }) =>
        pipe(
          readJson(request),
          TE.flatMapEither(({ alternative }) => readName("the winning alternative", alternative)),
          TE.flatMap((alternative) => chooseWinner(bingo, name, alternative)),
        ),
      DELETE: ({ parameters: { name = "" } }) => chooseWinner(bingo, name, null),
    },
    "/api/participations": {
      POST: (asked) =>
        pipe(
          readWho(asked, "experiment"),
          TE.flatMap(({ identity, name }) => takePart(bingo, asked.page, name, identity)),
        ),
    },
    "/api/conversions": {
      POST: (asked) =>
        pipe(
          readWho(asked, "conversion"),
          TE.flatMap(({ identity, name }) => takeConversion(bingo, asked.page, name, identity)),
        ),
    },
    "/api/identities/:identity": {
      GET: ({ page, parameters: { identity = "" } }) => showIdentity(bingo, page, identity),
    },
    "/api/jobs/:job": { POST: ({ parameters: { job = "" } }) => runJob(jobs, job) },
  };
}

function readShelfName(request: Request): TaskEither<Refusal, "live" | "archived"> {
  const shelf = new URL(request.url).searchParams.get("shelf") ?? "live";
  return shelf === "live" || shelf === "archived"
    ? TE.right(shelf)
    : TE.left(refusal("Malformed", `shelf "live" or "archived"`, shelf));
}

function readOne(bingo: Bingo, page: Page, name: string): TaskEither<Problem, unknown> {
  return pipe(
    readOverview(bingo, page, "live"),
    TE.flatMapEither(({ tests }) =>
      E.fromNullable<Problem>(refusal("Unknown", "the name of an experiment", name))(
        tests.find(({ canonical }) => canonical === name),
      )
    ),
  );
}

/** Who does something. */
interface Who {
  readonly identity: string;
  /** The name of what is done. */
  readonly name: string;
}

/** Reads who does something; bots are one identity. */
function readWho({ request }: Asked, field: "experiment" | "conversion"): TaskEither<Problem, Who> {
  const isOne = isBot(request.headers.get("user-agent"));
  const read = (body: Readonly<Record<string, unknown>>): Either<Problem, Who> =>
    pipe(
      readName(`the ${field}`, body[field]),
      E.bindTo("name"),
      E.bind("identity", () => isOne ? E.right(bot) : readName("the identity", body["identity"], longestIdentity)),
    );
  return pipe(readJson(request), TE.flatMapEither(read));
}

function showIdentity(bingo: Bingo, page: Page, id: string): TaskEither<Problem, unknown> {
  return pipe(
    TE.fromEither<Problem, string>(readName("the identity", id, longestIdentity)),
    TE.flatMap(() => readIdentity(bingo, page, id)),
    TE.map(({ live, identity }) => ({
      identity: id,
      experiments: live.all.filter((experiment) => identity.experiments[experiment.id] !== undefined).map((each) => ({
        experiment: each.name,
        alternative: alternativeOf(each, id).name,
        step: identity.experiments[each.id],
      })),
    })),
  );
}

function runJob(jobs: Jobs, name: string): TaskEither<Problem, unknown> {
  const job = Object.hasOwn(jobs, name) ? jobs[name as keyof Jobs] : undefined;
  if (job === undefined) return TE.left(refusal("Unknown", `one of ${Object.keys(jobs).join(", ")}`, name));
  return pipe(job, TE.mapError((error): Problem => unavailable(error)));
}
