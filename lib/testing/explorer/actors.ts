import { never } from "./time.ts";

/** A reader, and its read under way. Values are 0 for none, or a payload of {@linkcode payloadOf}. */
export interface Reader {
  /** A state of the reading table; `Idle`; `Crashed`; or `Above`, where its process's own machine acts. */
  readonly state: string;
  /** How many reads it began: it makes their names different. */
  readonly reads: number;
  readonly owner: string;
  readonly generation: number;
  /** When the server granted the claim of this read. */
  readonly granted: number;
  readonly found: number;
  readonly loaded: number;
  /** The newest values that this read may not fall behind: of an acknowledged write, and of a finished read. */
  readonly acknowledged: number;
  readonly seen: number;
  /** Whether a newer value than the one found had been acknowledged when the slot last answered. */
  readonly superseded: boolean;
  /** Whether its caller has the value found, and it goes on to renew it. */
  readonly answered: boolean;
  /** How often it may still wait. */
  readonly patience: number;
  /** The position of the reader whose load it waits for; -1 for none. */
  readonly waits: number;
  /** The readers, as bits, whose loads under way are known to be current at some moment since this read began. */
  readonly current: number;
  readonly above: Above | undefined;
}

/** A read in its process, above the tier that the reader's other fields are about. */
export interface Above {
  /** A state of the reading table. */
  readonly state: string;
  /** Whether the tier below was last asked by a tracked read, and whether the answer is on its way. */
  readonly tracked: boolean;
  readonly asked: boolean;
  /**
   * The newest values that this read may not fall behind: of its process's own writes, of its finished reads, of what
   * was delivered to it, and of what was acknowledged more than a lease of its connection ago.
   */
  readonly own: number;
  readonly seen: number;
  readonly delivered: number;
  readonly bounded: number;
}

/** A writer and its only write. */
export interface Writer {
  /** A state of the writing table; `Done`; or `Above`, where its process's own machine acts. */
  readonly state: string;
  /** The state of its process's machine, if there are processes. */
  readonly above: string;
  readonly token: string;
  /** Which of its transaction's attempts is under way. */
  readonly attempt: number;
  /** Whether the source refused this attempt's commit because it met another one: it may be begun anew. */
  readonly again: boolean;
  /** Which of its attempt's keys the pending effect is performed on next. */
  readonly position: number;
  /** The generations of its locks, for each key; `never` where none is known to be placed. */
  readonly placed: ReadonlyArray<number>;
  readonly confirmed: ReadonlyArray<boolean>;
  /** When its lease began. */
  readonly granted: number;
  /** What it wrote: the version; 0 as long as nothing was applied that it knows of. */
  readonly version: number;
  /** Whether its write took effect, which it may not know. */
  readonly applied: boolean;
}

/** A caller that waits for a reader's read under way. */
export interface Joiner {
  /** The reader's position; -1 if it waits for none. */
  readonly reader: number;
  /** Whether the read is known to be current at some moment since the caller joined. */
  readonly current: boolean;
  readonly acknowledged: number;
  readonly seen: number;
}

/** A reader between two reads. */
export function idle(reads: number, owner = ""): Reader {
  return {
    state: "Idle",
    reads,
    owner,
    generation: never,
    granted: never,
    found: 0,
    loaded: 0,
    acknowledged: 0,
    seen: 0,
    superseded: false,
    answered: false,
    patience: 0,
    waits: -1,
    current: 0,
    above: undefined,
  };
}

const resting: Joiner = { reader: -1, current: false, acknowledged: 0, seen: 0 };

/** A joiner that waits for nobody. */
export function rest(): Joiner {
  return resting;
}
