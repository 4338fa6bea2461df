import type { Either } from "fp-ts/lib/Either.js";
import type { ContractCase } from "./backend_contract.ts";

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

/** What a kind of port is tried with. */
export interface PortTrials<P> {
  readonly make: () => Promise<P>;
  /** Plays a sequence of so many steps on a port and on its model. */
  readonly playOne: (port: P, seed: number, steps: number) => Promise<void>;
  readonly checkClosed: () => Promise<void>;
  /** Makes a task and does not run it, then looks whether anything was done. */
  readonly checkLazy: (port: P) => Promise<void>;
}

/** The cases of a port's contract. */
export function casesOf<P extends AsyncDisposable>(
  name: string,
  { make, playOne, checkClosed, checkLazy }: PortTrials<P>,
  { sequences = 300, stepsPerSequence = 25, seed = 1 }: PortOptions,
): ReadonlyArray<ContractCase> {
  return [
    {
      name: `${name} answers ${sequences} sequences as its model does`,
      run: async () => {
        await using port = await make();
        for (let i = 0; i < sequences; i++) await playOne(port, seed + i, stepsPerSequence);
      },
    },
    { name: `${name} fails every step, because closed, once it is closed`, run: checkClosed },
    {
      name: `${name} does nothing before its task is run`,
      run: async () => {
        await using port = await make();
        await checkLazy(port);
      },
    },
  ];
}
