/** The worlds that a mutant has to survive, the cheap ones first, and what else would give it away. */
import {
  explore,
  type Fault,
  faults,
  type Invariant,
  invariants,
  type Protocol,
  type WorldOptions,
} from "../../lib/testing/explorer.ts";

const but = (...lost: ReadonlyArray<Invariant>): ReadonlyArray<Invariant> =>
  invariants.filter((each) => !lost.includes(each));

const lossy: Partial<Record<Fault, ReadonlyArray<Invariant>>> = {
  flush: but("I3"),
  expire: but("I3"),
  failover: but("I2", "I3"),
};

const guarded: WorldOptions = { source: "fenced", replicas: "waited for" };

const worlds: ReadonlyArray<WorldOptions> = [
  {},
  { readers: 1, writers: 0, starts: ["Forcing"] },
  { readers: 1, writers: 0, starts: ["Forcing"], level: "probation" },
  { readers: 1, writers: 0, level: "strict" },
  { readers: 1, writers: 0, faults: ["sourceAborted", "appliedLate"] },
  { readers: 1, writers: 0, starts: ["Forcing"], faults: ["sourceAborted", "appliedLate"] },
  { readers: 1, writers: 0, faults: ["appliedTwice", "appliedTwice"] },
  { readers: 1, writers: 1, faults: ["appliedTwice", "evict"] },
  { starts: ["Looking", "Forcing"] },
  { starts: ["Looking"], faults: ["unreadable", "unreadable", "unreadable"] },
  { starts: ["Looking", "Forcing"], faults: ["crash"] },
  ...faults.map((fault): WorldOptions => ({ faults: [fault], invariants: lossy[fault] ?? invariants })),
  { source: "fenced", faults: ["expire"] },
  { faults: ["unstorable"] },
  { level: "probation", faults: ["unstorable"] },
  { starts: ["Forcing"], faults: ["unstorable"] },
  { starts: ["Forcing"], faults: ["sourceAborted"] },
  { starts: ["Looking"], writers: 1, faults: ["unreadable", "unreadable", "unstorable", "failedNotApplied"] },
  { starts: ["Forcing"], writers: 1, faults: ["unreadable", "failedNotApplied"] },
  { readers: 1, faults: ["sourceUnconfirmed", "sourceAborted", "failedNotApplied", "failedNotApplied"] },
  { faults: ["sourceAborted", "appliedButReportedFailed"] },
  { ...guarded, faults: ["failover"] },
  { level: "probation", source: "fenced", faults: ["evict"], invariants: but("I3") },
  { level: "probation", source: "fenced", faults: ["flush", "crash"], invariants: but("I3") },
  { level: "probation", starts: ["Forcing", "Claiming"], faults: ["crash"] },
  { ...guarded, level: "strict", faults: ["evict"] },
  { ...guarded, level: "strict", starts: ["Forcing", "Claiming"], writers: 1, faults: ["evict"] },
  { source: "fenced", readers: 1, faults: ["flush", "appliedTwice"], repeated: ["lock"], invariants: but("I3") },
  { source: "fenced", writers: 1, faults: ["failover", "crash"], invariants: but("I2", "I3") },
];

/** What was met in each world: its replies, transitions and faults. */
export type Meetings = ReadonlyArray<ReadonlySet<string>>;

/**
 * What betrays a protocol; undefined if nothing does. Besides broken invariants that is a reply or a transition that a
 * world should bring about and does not, or brings about and should not.
 */
export function betrayal(protocol: Partial<Protocol>, wanted: Meetings): string | undefined {
  for (const [i, world] of worlds.entries()) {
    const how = JSON.stringify(world);
    try {
      const { verdict, broken, met } = explore({ ...world, protocol });
      if (verdict !== "holds") return `${broken[0]?.invariant ?? verdict} in ${how}`;
      const missing = [...wanted[i]!].find((each) => !met.has(each));
      if (missing !== undefined) return `never ${missing} in ${how}`;
      const strange = [...met.keys()].find((each) => !wanted[i]!.has(each));
      if (strange !== undefined) return `suddenly ${strange} in ${how}`;
    } catch (error) {
      return `${error} in ${how}`;
    }
  }
  return undefined;
}

/** What the shipped protocol meets in each world. */
export function meetings(): Meetings {
  return worlds.map((world) => new Set(explore(world).met.keys()));
}
