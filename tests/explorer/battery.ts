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
import { reached } from "./reached.ts";

const but = (...lost: ReadonlyArray<Invariant>): ReadonlyArray<Invariant> =>
  invariants.filter((each) => !lost.includes(each));

const lossy: Partial<Record<Fault, ReadonlyArray<Invariant>>> = {
  flush: but("I3"),
  expire: but("I3"),
  failover: but("I3"),
};

const guarded: WorldOptions = { source: "fenced", replicas: "waited for" };

const awaited: WorldOptions = { entries: "expired", renewal: "awaited", patience: 1 };

const waiting: ReadonlyArray<WorldOptions> = [
  { entries: "expired", starts: ["Forcing"], writers: 1 },
  { ...awaited, entries: "expiring", ahead: "sometimes", writers: 1 },
  { entries: "expired", starts: ["Looking"], writers: 1, faults: ["unreadable", "unreadable"] },
  { entries: "expiring", ahead: "sometimes", writers: 1, faults: ["failedNotApplied"] },
  { patience: 1, starts: ["Claiming", "Waiting"], written: "not said" },
  { patience: 2, starts: ["Looking", "Waiting"], writers: 1, faults: ["sourceAborted"] },
  { patience: 1, readers: 3, writers: 1, faults: ["evict"] },
  { entries: "expired", starts: ["Looking", "Claiming"] },
  { entries: "expiring", starts: ["Looking", "Claiming"], writers: 1 },
  { ahead: "sometimes", starts: ["Looking", "Claiming"] },
  { ahead: "sometimes", writers: 1, faults: ["unreadable", "unstorable", "evict"] },
  { entries: "expired", writers: 1, faults: ["unreadable", "unstorable", "evict"] },
  { ...awaited, failures: "reported", patience: 0, faults: ["sourceUnknownNotApplied"] },
  { ...awaited, failures: "reported", writers: 1, faults: ["sourceAborted"] },
  { ...awaited, writers: 1, faults: ["sourceAborted", "sourceAborted", "appliedButReportedFailed"] },
  { ...awaited, starts: ["Looking", "Claiming"], writers: 1, faults: ["sourceAborted"] },
  { ...awaited, writers: 1, faults: ["appliedTwice"] },
  { ...awaited, writers: 1, faults: ["appliedLate"] },
  { entries: "expired", level: "probation", faults: ["crash"] },
];

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
  ...waiting,
];

/** How far a world reaches: its states, and how many kinds of replies, transitions and faults are met in it. */
export type Reach = readonly [states: number, kinds: number];

/** What gives a protocol away: what it breaks, or also that it reaches more or less than is known of what ships. */
export type Judging = "what breaks" | "also what is reached";

/** What betrays a protocol in the worlds; undefined if nothing does. */
export function betrayal(protocol: Partial<Protocol>, judging: Judging): string | undefined {
  for (const [i, world] of worlds.entries()) {
    const how = JSON.stringify(world);
    try {
      const { verdict, broken, states, met } = explore({ ...world, protocol });
      if (verdict !== "holds") return `${broken[0]?.invariant ?? verdict} in ${how}`;
      const known = reached[i];
      if (judging === "what breaks" || known === undefined || known[0] === states && known[1] === met.size) continue;
      return `reach: ${states} states and ${met.size} kinds of steps, not ${known.join(" and ")}, in ${how}`;
    } catch (error) {
      return `${error} in ${how}`;
    }
  }
  return undefined;
}

/** What the shipped protocol meets in the worlds together, and how far each of them reaches. */
export function survey(): { readonly met: ReadonlySet<string>; readonly reaches: ReadonlyArray<Reach> } {
  const found = worlds.map((world) => explore(world));
  return {
    met: new Set(found.flatMap(({ met }) => [...met.keys()])),
    reaches: found.map(({ states, met }) => [states, met.size]),
  };
}
