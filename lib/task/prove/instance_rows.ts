import { type Fault, faults, type Invariant, type WorldOptions } from "../../testing/explorer.ts";
import type { Row } from "./row.ts";

/** A world of processes, explored under some faults. It checks what it can show: other worlds check the rest. */
interface Kind {
  readonly world: WorldOptions;
  readonly checks: ReadonlyArray<Invariant>;
  readonly breaks: ReadonlyArray<Invariant>;
  readonly under?: ReadonlyArray<Fault | undefined>;
  /** What a fault breaks besides. */
  readonly also?: Readonly<Partial<Record<Fault, ReadonlyArray<Invariant>>>>;
}

const lines: ReadonlyArray<Fault | undefined> = [undefined, "connectionLost", "halfOpen"];
const each: ReadonlyArray<Fault | undefined> = [...lines, ...faults];

const alone: ReadonlyArray<Invariant> = ["I1", "I4", "I5", "I6"];
const delivered: ReadonlyArray<Invariant> = [...alone, "I2", "X02"];

/** A reader in one process, a writer in the other. */
const remote: WorldOptions = { processes: 2, readers: 1, writers: 1 };

/** A reader in each process: what one of them has read, the other need not have. */
const both: WorldOptions = { ...remote, readers: 2 };

/** Two readers in the process that does not write. */
const beside: WorldOptions = { ...remote, readers: 2, places: [0] };

/** A reader and a writer in one process. */
const own: WorldOptions = { processes: 1, readers: 1, writers: 1 };

/** What breaks towards other processes with nothing else going wrong: word of a change takes its time. */
const towards: ReadonlyArray<Kind> = [
  { world: both, checks: ["I2", "I3"], breaks: ["I2", "I3"] },
  { world: beside, checks: ["I3 own"], breaks: ["I3 own"] },
];

const kinds: Readonly<Record<string, ReadonlyArray<Kind>>> = {
  "tracking": [
    { world: remote, checks: delivered, breaks: ["I2"], under: each, also: { halfOpen: ["I1", "X02"] } },
    { world: both, checks: [...alone, "X02"], breaks: [] },
    { world: own, checks: [...alone, "I2 own"], breaks: [], under: each },
    { world: remote, checks: ["X03"], breaks: ["X03"] },
    ...towards,
  ],
  "tracking + lease": [
    { world: remote, checks: delivered, breaks: ["I2"], under: lines, also: { halfOpen: ["X02"] } },
    { world: remote, checks: [...alone, "X03"], breaks: [], under: [...lines, "crash"] },
    { world: own, checks: [...alone, "I2 own"], breaks: [], under: lines },
    ...towards,
  ],
  "ttl only": [
    { world: both, checks: [...delivered, "I3", "X03"], breaks: ["I1", "I2", "I3", "X02", "X03"] },
    { world: beside, checks: ["I3 own"], breaks: ["I3 own"] },
    { world: own, checks: [...alone, "I2 own"], breaks: [], under: [undefined, "crash"] },
  ],
};

const hearing: Readonly<Record<string, Required<WorldOptions>["hearing"]>> = {
  "tracking": "tracking",
  "tracking + lease": "tracking, leased",
  "ttl only": "nothing",
};

function rowsOf(variant: string, { world, checks, breaks, under = [undefined], also = {} }: Kind): ReadonlyArray<Row> {
  return under.map((fault): Row => ({
    variant,
    world: { ...world, hearing: hearing[variant]!, invariants: checks },
    faults: fault === undefined ? [] : [fault],
    breaks: fault === undefined ? breaks : [...breaks, ...also[fault] ?? []],
  }));
}

/** A tier in each process, above the shared one. What is said of a variant under a fault, its rows say together. */
export const instanceRows: ReadonlyArray<Row> = Object.entries(kinds).flatMap(([variant, own]) =>
  own.flatMap((kind) => rowsOf(variant, kind))
);

const larger: ReadonlyArray<Kind> = [
  { world: both, checks: [...alone, "I2 own", "X02"], breaks: [], under: ["connectionLost", "crash", "evict"] },
  { world: { ...remote, writers: 2 }, checks: [...alone, "X02"], breaks: [] },
  { world: { ...remote, writers: 2 }, checks: [...alone, "X02"], breaks: [], under: ["connectionLost"] },
  { world: { ...own, readers: 2 }, checks: [...alone, "I2 own", "I3 own"], breaks: [], under: each },
];

const largerLeased: ReadonlyArray<Kind> = [
  { world: remote, checks: [...alone, "X03"], breaks: [], under: ["evict", "flush", "appliedLate"] },
  { world: both, checks: [...alone, "X03"], breaks: [] },
  // A read that passed its process's slot, when the lease had run out, has seen more than what is served again.
  { world: remote, checks: ["I3 own", "X03"], breaks: ["I3 own"], under: ["connectionLost"] },
];

/** More readers, writers and faults than are explored in every run. */
export const largeInstanceRows: ReadonlyArray<Row> = [
  ...larger.flatMap((kind) => rowsOf("tracking", kind)),
  ...largerLeased.flatMap((kind) => rowsOf("tracking + lease", kind)),
];
