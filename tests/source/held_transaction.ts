import type { Attempt, Deadline, TransactionFailure, TransactionOptions } from "../../mod.ts";

/** A source of truth with transactions, which does what the test says. */
export interface Ledger {
  readonly rows: Map<string, number>;
  /** What was done, in order: `begin`, `get a`, `put a`, `remove a`, `commit`, `rollback`. */
  readonly log: Array<string>;
  readonly deadlines: Array<Deadline>;
  /** What an operation does before its effect, by its word in the log; each entry counts for one call. */
  readonly plan: Map<string, Array<() => void | Promise<void>>>;
  readonly begin: (within: Deadline) => Promise<Attempt<string, number>>;
  readonly options: TransactionOptions<string, number>;
}

/** Why an operation of a plan fails. */
export class Failed extends Error {
  constructor(readonly as: TransactionFailure) {
    super(as);
  }
}

/** Fails as it is told. */
export function fail(as: TransactionFailure): () => void {
  return () => {
    throw new Failed(as);
  };
}

/** Never ends. */
export function hang(): Promise<void> {
  return new Promise(() => {});
}

/** A ledger with these rows; what an attempt writes can be read by others when it has committed. */
export function ledger(rows: Readonly<Record<string, number>> = {}, attempts?: number): Ledger {
  const made: Omit<Ledger, "begin" | "options"> = {
    rows: new Map(Object.entries(rows)),
    log: [],
    deadlines: [],
    plan: new Map(),
  };
  const step = async (word: string): Promise<void> => {
    made.log.push(word);
    await made.plan.get(word)?.shift()?.();
  };
  const begin = async (within: Deadline): Promise<Attempt<string, number>> => {
    made.deadlines.push(within);
    await step("begin");
    const written = new Map<string, number | undefined>();
    return {
      get: async (key) => {
        await step(`get ${key}`);
        return written.has(key) ? written.get(key) : made.rows.get(key);
      },
      put: async (key, value) => {
        await step(`put ${key}`);
        written.set(key, value);
      },
      remove: async (key) => {
        await step(`remove ${key}`);
        written.set(key, undefined);
      },
      commit: async () => {
        await step("commit");
        for (const [key, value] of written) {
          if (value === undefined) made.rows.delete(key);
          else made.rows.set(key, value);
        }
        await made.plan.get("committed")?.shift()?.();
      },
      rollback: () => step("rollback"),
      failureOf: (error) => error instanceof Failed ? error.as : "unknown",
    };
  };
  return { ...made, begin, options: attempts === undefined ? { begin } : { begin, attempts } };
}
