/**
 * What may go wrong in a world. Each is granted by name, as often as it is named.
 *
 * - `evict`: the backend drops a slot; where the level is pinned, one without a live lock. `flush`: it drops all of them.
 * - `expire`: a lease ends while its owner is under way, or before its write took effect at the source.
 * - `failedNotApplied`, `appliedButReportedFailed`, `appliedLate`: a cache command that its client gave up; it had no
 *   effect, had it, or will have it at any later moment. `appliedTwice`: a command is answered, and takes effect again
 *   at any later moment.
 * - `crash`: a reader or a writer stops for good.
 * - `sourceAborted`: a load fails, or a write was certainly not applied. `sourceUnknownNotApplied`,
 *   `sourceUnknownApplied`, `sourceAppliedLate`: nobody knows what became of a write; it was not applied, it was, or it
 *   will be later. A load that nobody waited for counts as the first of them.
 * - `failover`: an older copy of all slots takes over, under another identity.
 * - `laggingReplica`: a load returns an older value. No level promises anything then.
 * - `unreadable`: a stored value cannot be decoded. `unstorable`: a loaded value is not stored by the tier.
 *   `sourceUnconfirmed`: a write was applied, but a tier below did not confirm it.
 * - `connectionLost`: the connection over which a process hears of changes ends, with all that was on its way.
 *   `halfOpen`: nothing comes over it any more, and nobody says so.
 */
export type Fault =
  | "evict"
  | "flush"
  | "expire"
  | "failedNotApplied"
  | "appliedButReportedFailed"
  | "appliedLate"
  | "appliedTwice"
  | "crash"
  | "sourceAborted"
  | "sourceUnknownNotApplied"
  | "sourceUnknownApplied"
  | "sourceAppliedLate"
  | "failover"
  | "laggingReplica"
  | "unreadable"
  | "unstorable"
  | "sourceUnconfirmed"
  | "connectionLost"
  | "halfOpen";

/** The faults that the levels speak of. */
export const faults: ReadonlyArray<Fault> = [
  "evict",
  "flush",
  "expire",
  "failedNotApplied",
  "appliedButReportedFailed",
  "appliedLate",
  "appliedTwice",
  "crash",
  "sourceAborted",
  "sourceUnknownNotApplied",
  "sourceUnknownApplied",
  "sourceAppliedLate",
  "failover",
];

/**
 * What is checked in every state of a world; the folder's essay in lib/protocol defines the invariants I1 to I6. `D05` is
 * more than those ask: a value past its freshness is not returned if, when the slot last answered the read, a newer one
 * had been acknowledged. `S27`: after a write
 * that ended in any way but unknown, and whose cache commands were all answered, none of its locks is left.
 *
 * Of processes: `I2 own` and `I3 own` are I2 and I3 within one of them. `X02`: a read that begins after a write was
 * acknowledged, and after its process heard all that it was told until then, returns nothing older. `X03`: nor does one
 * that begins more than a lease of its process's connection after the acknowledgement, whatever was heard.
 */
export type Invariant = "I1" | "I2" | "I3" | "I4" | "I5" | "I6" | "D05" | "S27" | "I2 own" | "I3 own" | "X02" | "X03";

/** All invariants. */
export const invariants: ReadonlyArray<Invariant> = ["I1", "I2", "I3", "I4", "I5", "I6"];

/** All that is checked by default. */
export const checks: ReadonlyArray<Invariant> = [...invariants, "I2 own", "I3 own", "X02", "X03", "D05", "S27"];
