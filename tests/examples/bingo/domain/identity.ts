import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import * as t from "io-ts";
import type { Experiment, Experiments } from "./experiment.ts";
import { isRunning } from "./experiment.ts";
import type { Refusal } from "./refusal.ts";
import { refusal } from "./refusal.ts";

/** What somebody has taken part in: the ids of experiments, and whether it has converted there. */
export interface Identity {
  readonly id: string;
  readonly experiments: Readonly<Record<string, Step>>;
}

/** How far an identity has come in an experiment. */
export type Step = "participating" | "converted";

/** How an identity is written, in the shared tier and in its row. */
export const Identity: t.Type<Identity, unknown, unknown> = t.readonly(t.type({
  id: t.string,
  experiments: t.readonly(t.record(t.string, t.union([t.literal("participating"), t.literal("converted")]))),
}));

/** Somebody who was never here. */
export function stranger(id: string): Identity {
  return { id, experiments: {} };
}

/** The identity that all bots share: a crawler would otherwise be a new participant with each page. */
export const bot = "a bot";

/** Whether a user agent says of itself that it is no person. */
export function isBot(userAgent: string | null): boolean {
  return userAgent !== null && /bot\b|bot[/;]|crawl|spider|slurp|preview|headless/i.test(userAgent);
}

/** The identity as a reader gets it: experiments that no longer exist are dropped. That is no change of it. */
export function withoutGone(identity: Identity, { all }: Experiments): Identity {
  const there = new Set(all.map(({ id }) => id));
  const kept = Object.entries(identity.experiments).filter(([id]) => there.has(id));
  return { ...identity, experiments: Object.fromEntries(kept) };
}

/**
 * What two values of one identity come to: nobody takes back a step, so that of two values, whichever came first, each
 * step of either counts.
 */
export function joined(one: Identity, other: Identity): Identity {
  const experiments: Record<string, Step> = { ...one.experiments };
  for (const [id, step] of Object.entries(other.experiments)) {
    if (experiments[id] !== "converted") experiments[id] = step;
  }
  return { ...one, experiments };
}

/** What a change of an identity comes to: its new value, and the experiments that count it. */
export interface Counted {
  readonly identity: Identity;
  readonly counted: ReadonlyArray<Experiment>;
}

/** Takes part in the experiments of a test that are still running; where it does already, nothing is counted. */
export function participate(identity: Identity, test: ReadonlyArray<Experiment>): Counted {
  const counted = test.filter((experiment) =>
    isRunning(experiment) && identity.experiments[experiment.id] === undefined
  );
  return { identity: stepped(identity, counted, "participating"), counted };
}

/** Converts in every running experiment that counts this and that the identity takes part in, once in each. */
export function convert(identity: Identity, { all }: Experiments, conversion: string): Either<Refusal, Counted> {
  const counting = all.filter((experiment) => experiment.conversion === conversion);
  if (counting.length === 0) return E.left(refusal("Unknown", "the name of a conversion", conversion));
  const joined = counting.filter(({ id }) => identity.experiments[id] !== undefined);
  if (joined.length === 0) {
    const expected = `an identity that takes part in ${counting.map(({ name }) => JSON.stringify(name)).join(" or ")}`;
    return E.left(refusal("Conflict", expected, "one that does not"));
  }
  const counted = joined.filter((experiment) =>
    isRunning(experiment) && identity.experiments[experiment.id] === "participating"
  );
  return E.right({ identity: stepped(identity, counted, "converted"), counted });
}

function stepped(identity: Identity, counted: ReadonlyArray<Experiment>, step: Step): Identity {
  if (counted.length === 0) return identity;
  const steps = Object.fromEntries(counted.map(({ id }) => [id, step]));
  return { ...identity, experiments: { ...identity.experiments, ...steps } };
}
