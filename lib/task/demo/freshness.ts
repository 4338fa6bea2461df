/** When a rename was acknowledged to the worker that made it. Times are Date.now, which all processes share. */
interface Acknowledged {
  readonly worker: number;
  readonly version: number;
  readonly at: number;
}

/** A read: which version a worker got, and when it asked. */
export interface SeenRead {
  readonly worker: number;
  readonly id: number;
  readonly version: number;
  readonly begun: number;
}

/** The judge of reads: whether each returned what it was promised. */
export interface Freshness {
  readonly acknowledged: (worker: number, id: number, version: number, at: number) => void;
  readonly read: (read: SeenRead) => void;
  /** Says that a worker has told all its acknowledgements up to a moment. */
  readonly told: (worker: number, until: number) => void;
  /** How many reads were judged. */
  readonly judged: () => number;
  /** How many of them were older than their bound allows. */
  readonly tooOld: () => number;
  /** How many wait for what other workers have not told yet. */
  readonly waiting: () => number;
}

/**
 * Judges reads by the acknowledgements of all workers.
 *
 * A read is too old if its version was superseded by a rename that was acknowledged before the read began: at all if
 * its own worker made the rename, and by more than `bound` milliseconds if another one did. It is judged once every
 * worker has told all that can matter to it, so that the order in which reports arrive makes no difference.
 */
export function judgeFreshness(workers: number, bound: number): Freshness {
  const renames = new Map<number, Array<Acknowledged>>();
  const until = new Array<number>(workers).fill(-Infinity);
  const counts = { judged: 0, tooOld: 0 };
  let waiting: Array<SeenRead> = [];

  // Whoever told of the read had told of its own renames before.
  const isReady = ({ begun, worker }: SeenRead) =>
    until.every((moment, other) => other === worker || moment >= begun - bound);
  const judge = (read: SeenRead): void => {
    counts.judged += 1;
    if (isTooOld(renames.get(read.id) ?? [], read, bound)) counts.tooOld += 1;
  };

  return {
    acknowledged: (worker, id, version, at) => {
      const known = renames.get(id);
      const one = { worker, version, at };
      if (known === undefined) renames.set(id, [one]);
      else insert(known, one);
    },
    read: (read) => void (isReady(read) ? judge(read) : waiting.push(read)),
    told: (worker, moment) => {
      until[worker] = moment;
      const before = waiting;
      waiting = [];
      for (const read of before) isReady(read) ? judge(read) : waiting.push(read);
    },
    judged: () => counts.judged,
    tooOld: () => counts.tooOld,
    waiting: () => waiting.length,
  };
}

/** Keeps renames in the order of their versions; most come in it. */
function insert(renames: Array<Acknowledged>, one: Acknowledged): void {
  let at = renames.length;
  while (at > 0 && renames[at - 1]!.version > one.version) at--;
  renames.splice(at, 0, one);
}

function isTooOld(renames: ReadonlyArray<Acknowledged>, read: SeenRead, bound: number): boolean {
  for (let i = renames.length - 1; i >= 0 && renames[i]!.version > read.version; i--) {
    const { worker, at } = renames[i]!;
    if (at + (worker === read.worker ? 0 : bound) < read.begun) return true;
  }
  return false;
}
