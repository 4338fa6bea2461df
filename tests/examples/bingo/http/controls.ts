import { pipe } from "fp-ts/lib/function.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { readName } from "../domain/name.ts";
import { refusal } from "../domain/refusal.ts";
import type { Bingo } from "../store/bingo.ts";
import { archiveExperiments, chooseWinner, deleteExperiments } from "../store/experiments.ts";
import type { Problem } from "../store/problem.ts";
import { readForm } from "./body.ts";

/** Does what a form of the page asks for, and says which of the page's messages tells that it was done. */
export function control(bingo: Bingo, request: Request): TaskEither<Problem, string> {
  return pipe(
    readForm(request),
    TE.flatMap((form) =>
      pipe(
        TE.fromEither<Problem, string>(readName("the experiment", form.get("experiment"))),
        TE.flatMap((experiment) => act(bingo, form, experiment)),
      )
    ),
  );
}

function act(bingo: Bingo, form: URLSearchParams, experiment: string): TaskEither<Problem, string> {
  const action = form.get("action") ?? "";
  const acted: Readonly<Record<string, () => TaskEither<Problem, void>>> = {
    choose: () => chooseWinner(bingo, experiment, form.get("alternative") ?? ""),
    resume: () => chooseWinner(bingo, experiment, null),
    archive: () => archiveExperiments(bingo, experiment),
    delete: () => deleteExperiments(bingo, experiment),
  };
  const run = Object.hasOwn(acted, action) ? acted[action] : undefined;
  if (run === undefined) return TE.left(refusal("Malformed", `one of ${Object.keys(acted).join(", ")}`, action));
  return pipe(run(), TE.map(() => action));
}
