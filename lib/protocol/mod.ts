/**
 * The protocol of a coherent cache, pure: no clock, no randomness, no effects. Tiers run it, tests search it.
 *
 * **The problem.** A reader misses, loads, and writes what it loaded into the cache. Between its load and its write
 * somebody changes the source and clears the cache; the reader's write comes last, and the old value stays until its
 * time to live ends. Every cache that is filled with a plain *set* has this hole, whatever it does on writes.
 *
 * **The answer.** The place of the value, its *slot*, also holds who is at work on it. A reader leaves a *claim* before it
 * loads and replaces only its own claim by what it loaded: a compare-and-swap. A writer puts a *lock* into the slot before
 * it touches the source, which removes any claim or value, and takes it away when the write is over. So a value that was
 * loaded before or during a write is never stored after it.
 *
 * - {@linkcode apply} is the server's side: one atomic step of a slot. Backends run it, or are tested against it.
 * - {@linkcode reading} and {@linkcode writing} are the clients' side: tables whose states are the pending effects.
 * - {@linkcode run} and {@linkcode runMany} interpret the tables for one key, and for many in lock step; {@linkcode advance}
 *   does as much of one key's way as can be done at once.
 *
 * **Invariants.** Tests that defend one begin with its number.
 *
 * 1. I1, no permanent staleness: when nothing is in flight and all leases are over, a slot is unusable or equals the source.
 * 2. I2, read after write: a read that starts after a write was acknowledged, its unlock confirmed, never returns an older
 *    value.
 * 3. I3, monotonic: nor one older than any finished read returned.
 * 4. I4, no invention: only values that were written to that key.
 * 5. I5, progress: no deadlock; each operation ends within a fixed number of its own steps, or at its deadline.
 * 6. I6, recovery: when all leases are over a read fills and the next one hits.
 *
 * **Why it is as it is.**
 *
 * - *A lock is a set of tokens, one for each writer under way.* With one mark for all, the first writer's unlock deletes
 *   the second writer's lock: monotonic reads break with two writers, two readers, and no fault at all.
 * - *Each token has its own deadline.* With one time to live for the list, a dead token lives as long as others come.
 * - *The server chooses the generation* of a claim or lock when it takes effect. A nonce chosen by the client is not enough
 *   where a command can take effect twice: the second effect makes the slot look as if the first were still there.
 * - *An unlock that finds its lock gone empties the slot; one that finds only other locks marks them contended.* Whatever
 *   was stored while the lock was missing may be old.
 * - *A written value is published only by a writer that was alone for the whole life of its lock.* Comparing versions does
 *   not replace that: the last one to unlock need not be the last one to commit.
 * - *Only the tier next to the source publishes*, and only its fills confirm what is current; tiers above clear.
 * - *Nobody waits for a writer.* A reader that meets a lock loads for itself, and does not store what it loaded.
 * - *A write of unknown outcome leaves its locks.* They end with their lease; until then nothing is stored, so nothing that
 *   was loaded before the write took effect survives it.
 * - *Any doubt about a claim counts as not ours, any doubt about a lock as not placed.*
 *
 * **Waiting.** A reader that meets another one's claim may wait for it, as long as its patience lasts. Woken, it asks the
 * slot again, so that it may as well be woken for nothing, or find another claim. A load of its own process it shares only
 * if that was current at some moment since it began itself: asked for, or confirmed by its fill, after that. To take
 * whatever comes breaks I2. Who waits holds no claim, so nobody waits in a circle; and without patience, waiting is
 * to load at once without filling.
 *
 * **Renewal.** An entry past its freshness stays, and one reader gets its *mark* and loads it anew. The mark is compared
 * like a claim, and a lock takes it away with the value: so a renewal can no more undo a write than a fill can. All others
 * have the old value meanwhile, the caller of the one that renews too (`Answered`), or wait. What they get is the value
 * that the slot held when it last answered them. No write came between: its lock would have taken the value. Who meets a
 * lock instead, or finds after a failed load that the mark is gone, returns nothing that it saw before. So grace is
 * for expiry only: a value that a write superseded is not served.
 *
 * **Back-off.** After a failed load a process lets the key's loads rest: it returns what the slot has (`Kept`), or the
 * failure, and takes no claim and no mark meanwhile. The mark was given back first, so others may renew.
 *
 * **Levels.** Two faults take a lock away: eviction of its slot, and a flush or restart of the server. Where no live lock
 * can be lost the level is *pinned*. Where one can, *probation* bounds what may follow: what is stored on behalf of a claim
 * or lock that was taken within one lease of the slot's birth lives no longer than that lease, since the writer whose lock
 * went with the slot's previous life may still be under way. *Strict* stores nothing in that window. After the server's
 * identity changed, every slot is on probation for one lease, and what was granted before the change stores nothing.
 *
 * **Looks wrong, is intended.**
 *
 * - A renewal's caller may be answered late with a value that was superseded since its mark was granted: that write is
 *   concurrent with the read, as it is with a hit whose answer is under way.
 * - Who waits for a load that fails fails with it, however old it is: a failure tells nothing about the value.
 * - A claim repeated by the same reader is answered `Mine`: a command may arrive twice.
 * - A lock repeated with the same token is answered with the first generation, and its deadline does not move.
 * - An unlock is repeated once when it was not answered. The second one may find nothing, and then empties a slot that was
 *   good: that costs one load.
 * - A write that was refused leaves locks that were perhaps placed to their leases. To take them back would need their
 *   generation, which nobody knows.
 * - Publishing does not look at versions, and a fill does not look at values.
 *
 * ## The read of a key
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> Looking
 *   [*] --> Claiming
 *   [*] --> Forcing
 *   [*] --> Waiting
 *   Looking --> Hit: Fresh
 *   Looking --> Anticipating: Due
 *   Looking --> Refreshing: Stale
 *   Looking --> Stale: Kept
 *   Looking --> Healing: Unreadable
 *   Looking --> Claiming: Vacant
 *   Looking --> Waiting: Busy
 *   Looking --> Bypassing: Guarded, Pass, Unreachable
 *   Claiming --> Hit: Fresh
 *   Claiming --> Anticipating: Due
 *   Claiming --> Refreshing: Stale
 *   Claiming --> Stale: Kept
 *   Claiming --> Healing: Unreadable
 *   Claiming --> Loading: Mine
 *   Claiming --> Waiting: Busy
 *   Claiming --> Bypassing: Guarded, Pass, Unreachable
 *   Healing --> Hit: Fresh
 *   Healing --> Stale: Stale
 *   Healing --> Waiting: Unreadable, Busy
 *   Healing --> Loading: Mine
 *   Healing --> Bypassing: Guarded, Pass, Unreachable
 *   Forcing --> Bypassing: Fresh, Stale, Unreadable, Busy, Guarded, Pass, Unreachable
 *   Forcing --> Loading: Mine
 *   Refreshing --> Hit: Fresh
 *   Refreshing --> Stale: Stale
 *   Refreshing --> Waiting: Awaited, Busy
 *   Refreshing --> Bypassing: Unreadable, Guarded, Pass, Unreachable
 *   Refreshing --> Renewing: Marked
 *   Refreshing --> Loading: Mine
 *   Anticipating --> Hit: Fresh, Unreachable
 *   Anticipating --> Stale: Stale
 *   Anticipating --> Waiting: Awaited, Busy
 *   Anticipating --> Bypassing: Unreadable, Guarded, Pass
 *   Anticipating --> Renewing: Marked
 *   Anticipating --> Loading: Mine
 *   Waiting --> Claiming: Woken
 *   Waiting --> Waited: Shared
 *   Waiting --> Failed: Failed
 *   Waiting --> Bypassing: Spent
 *   Loading --> Filling: Loaded
 *   Loading --> Passing: Unstorable
 *   Loading --> Releasing: Failed, Late
 *   Renewing --> Filling: Loaded
 *   Renewing --> Passing: Unstorable
 *   Renewing --> Retreating: Excused
 *   Renewing --> Releasing: Failed, Late
 *   Renewing --> Answered: Slow
 *   Bypassing --> Bypassed: Loaded, Unstorable
 *   Bypassing --> Failed: Failed, Late
 *   Filling --> Filled: Filled
 *   Filling --> Overtaken: Refused
 *   Filling --> Unfilled: Unreachable
 *   Passing --> Withheld: Released, Refused, Unreachable
 *   Releasing --> Failed: Released, Refused, Unreachable
 *   Retreating --> Stale: Released
 *   Retreating --> Failed: Refused, Unreachable
 *   Hit --> [*]
 *   Stale --> [*]
 *   Waited --> [*]
 *   Failed --> [*]
 *   Answered --> [*]
 *   Bypassed --> [*]
 *   Filled --> [*]
 *   Overtaken --> [*]
 *   Unfilled --> [*]
 *   Withheld --> [*]
 * ```
 *
 * ## The write of a set of keys
 *
 * ```mermaid
 * stateDiagram-v2
 *   [*] --> Locking
 *   Locking --> Writing: Locked
 *   Locking --> Withdrawing: Refused
 *   Writing --> Unlocking: Committed
 *   Writing --> Withdrawing: Aborted
 *   Writing --> Clearing: Unconfirmed
 *   Writing --> Unknown: Unknown
 *   Unlocking --> Committed: Confirmed
 *   Unlocking --> UnlockingAgain: Unconfirmed
 *   UnlockingAgain --> Committed: Confirmed
 *   UnlockingAgain --> Unconfirmed: Unconfirmed
 *   Clearing --> Unconfirmed: Confirmed
 *   Clearing --> ClearingAgain: Unconfirmed
 *   ClearingAgain --> Unconfirmed: Confirmed, Unconfirmed
 *   Withdrawing --> Aborted: Confirmed
 *   Withdrawing --> WithdrawingAgain: Unconfirmed
 *   WithdrawingAgain --> Aborted: Confirmed, Unconfirmed
 *   Unknown --> [*]
 *   Committed --> [*]
 *   Unconfirmed --> [*]
 *   Aborted --> [*]
 * ```
 *
 * @example A reader that was overtaken by a writer stores nothing
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { absent, apply, type At } from "@lamina/cache/protocol";
 *
 * const at: At = { now: 0, lease: 10_000, level: "pinned", identity: "", changed: -Infinity };
 * const stored = { payload: "old", age: 0, fresh: 60_000, until: 60_000 };
 *
 * const [claimed] = apply(absent, { _tag: "claim", owner: "reader" }, at);
 * const [locked] = apply(claimed, { _tag: "lock", token: "writer" }, at);
 * const [after, reply] = apply(locked, { _tag: "fill", owner: "reader", generation: 0, stored }, at);
 *
 * assertEquals(reply._tag, "Refused");
 * assertEquals(after, locked);
 * ```
 *
 * @module
 */
export * from "./diagram.ts";
export * from "./machine.ts";
export * from "./reading.ts";
export * from "./slot.ts";
export * from "./writing.ts";
