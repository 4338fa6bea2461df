import type { Invalidations } from "../../layer/memory.ts";
import type { Level } from "../../protocol/slot.ts";

/** Through what a worker's tier is reached. */
export type Through =
  | {
    readonly kind: "redis";
    readonly url: string;
    readonly waitReplicas: number;
    /** How a memory tier above hears of other processes; undefined: there is none. */
    readonly invalidations?: Invalidations;
    /** For how many milliseconds a process goes by the tier's switch, where it has one. */
    readonly poll?: number;
  }
  | { readonly kind: "sqlite"; readonly path: string }
  /** The primary that sentinels name. */
  | { readonly kind: "sentinels"; readonly nodes: ReadonlyArray<string>; readonly waitReplicas: number }
  | { readonly kind: "cache-aside"; readonly url: string };

/** What a worker process is told when it is started. */
export interface WorkerSettings {
  readonly name: string;
  /** Where it writes down what it does. */
  readonly journal: string;
  readonly truth: string;
  readonly through: Through;
  /** Milliseconds; the source's commit may take a third of it, a call of the backend a quarter. */
  readonly lease: number;
  /** What the tier asks for at least. */
  readonly level: Level;
  readonly clients: number;
  readonly role: "reads and writes" | "reads";
  /** How many milliseconds there are between two turns of the tier's switch by this worker; it turns none unless told. */
  readonly turns?: number;
}

/**
 * Where a worker kills itself, by the same signal as anybody else would send: the next write that gets there. Before a
 * slow commit things can happen to the write's lock; it is a write of the quiet key, on which no later one follows.
 */
export type CrashPoint = "between lock and commit" | "between commit and unlock" | "after a slow commit";

/** For how many milliseconds a memory tier goes by what it heard: what a lost word of a change may cost at most. */
export const memoryLease = 400;

/** The namespace of the slots. */
export const namespace = "faults";

/** What every key holds at first. */
export const initialValue = "initial";

/** How many keys there are: few, so that clients meet. */
export const keys = 5;

/** The key that nobody writes but who is told to, so that what is wrong with it stays wrong. */
export const quietKey: string = keyName(keys - 1);

/** How much of the lease a slow commit takes: less than the third that it may. */
export const slowCommit = 0.25;

/** The name of a key. */
export function keyName(index: number): string {
  return `k${index}`;
}
