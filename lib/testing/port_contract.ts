import type { Either } from "fp-ts/lib/Either.js";

/** How much is tried. */
export interface PortOptions {
  /** How many sequences, 300 unless told. */
  readonly sequences?: number;
  /** How many steps a sequence, 25 unless told. */
  readonly stepsPerSequence?: number;
  /** The first sequence's seed; a failure names the one to start from. */
  readonly seed?: number;
}

/** What a step answered; a failure ends the case. */
export function rightOf<A>(answer: Either<{ readonly reason: string }, A>): A {
  if (answer._tag === "Right") return answer.right;
  throw new Error(`The port differs: expected an answer: received the failure ${answer.left.reason}`);
}

/** Compares what the model and the port say, and tells the sequence so far where they differ. */
export function checkAnswers(
  seed: number,
  step: string,
  expected: unknown,
  received: unknown,
  told: ReadonlyArray<string>,
): void {
  const [wanted, got] = [JSON.stringify(expected), JSON.stringify(received)];
  if (wanted === got) return;
  const heading = `The port differs at ${step} (seed ${seed}): expected ${wanted}: received ${got}`;
  throw new Error([heading, ...told].join("\n"));
}
