/**
 * The explorer: an exhaustive search through everything that readers, writers and a hostile environment can do to a slot.
 *
 * A test runs one interleaving, a fuzzer some of them. The explorer runs *all* of a small world: a few readers that read
 * again and again, a few writers, and faults that are granted by name, each so many times. What it runs is what ships:
 * every step of a slot is computed by {@linkcode apply}, every step of a client by the tables `reading` and `writing`. The
 * world adds only what is not decided by them: who comes next, what gets lost, what comes late or twice, who crashes.
 *
 * In every state it checks the invariants I1–I6 of the protocol, and that no expired value is returned which a write had
 * superseded when the slot was last asked (D05). A broken one comes with a shortest counterexample, as
 * numbered steps to read; one that holds, holds in all states there are. A search that meets its bound is `unfinished`,
 * and says how far it came.
 *
 * **Own protocols.** `protocol` replaces the slot function or a table, so that a backend's idea of a shortcut, or a cache
 * that you use today, can be tried in the same world before it loses an update in yours.
 *
 * **What a world is like.**
 *
 * - A read begins with its first effect and ends with its last, and a write is acknowledged with its last: that orders more
 *   pairs of operations than any other timing, so that what holds here holds for all of them.
 * - Commands that nobody waits for any more stay in flight, and take effect at any later moment: even after leases have
 *   passed.
 * - A waiting read may be woken, or give up, at any moment. What it waited for it hears as it lands: to hear it later
 *   orders fewer operations. A reader that goes on to renew after its caller was answered begins nothing else meanwhile.
 * - With `processes`, each has a slot above the shared one, and hears of changes over a connection that also carries the
 *   answers to its tracked reads, in order: each of these may take as long as it likes. A process answers from its slot
 *   at once. That its own leases run out is not explored. A crash is the whole process's.
 * - A lease passes only after its owner is done and its write has reached the source, unless `expire` is granted: then
 *   that happens to one owner. After everything has ended all leases pass, and then all lifetimes of entries.
 * - No level promises anything against `laggingReplica`; the other faults are those of the table of levels.
 *
 * **Gotchas.** Where the level is `pinned`, `evict` spares live locks: that this is so in your backend is what the level
 * says. A writer's write of several keys is one commit; invariants are each key's own. Towards other processes I2 and
 * I3 do not hold, whatever is tracked: word of a change takes its time. `X02` and `X03` say what does.
 *
 * Exhaustive search of small worlds is TLA+'s idea, shortest counterexamples by breadth-first search SPIN's.
 *
 * @module
 */
import type { Counterexample } from "./explorer/search.ts";
import { search } from "./explorer/search.ts";
import type { WorldOptions } from "./explorer/setting.ts";
import { settle } from "./explorer/setting.ts";

export { checks, type Fault, faults, type Invariant, invariants } from "./explorer/names.ts";
export type { Counterexample } from "./explorer/search.ts";
export { type Instances, type Protocol, shipped, type SlotFunction } from "./explorer/protocol.ts";
export type { WorldOptions } from "./explorer/setting.ts";

/** What an exploration found. */
export interface Exploration {
  /** Whether the invariants hold. `unfinished`: the bound was met before anything broke, which shows nothing. */
  readonly verdict: "holds" | "broken" | "unfinished";
  /** A shortest counterexample to each broken invariant, or to the first one that was found. */
  readonly broken: ReadonlyArray<Counterexample>;
  /** Whether every state was visited; a search for the first broken invariant ends where it finds it. */
  readonly complete: boolean;
  /** How many states were found. */
  readonly states: number;
  /** How many steps led from one state to another. */
  readonly transitions: number;
  /** How long it took. */
  readonly seconds: number;
  /**
   * In how many steps each reply (`unlock → Lost`), transition (`reading Loading → Late`) and fault was met: what was
   * never met was not tested.
   */
  readonly met: ReadonlyMap<string, number>;
}

/**
 * Explores a world: everything that its readers, writers and granted faults can do, in every order.
 *
 * Throws a RangeError on options out of range.
 *
 * @example The shipped protocol under a crash
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { explore } from "@lamina/cache/testing";
 *
 * const { verdict, met } = explore({ readers: 2, writers: 2, faults: ["crash"] });
 * assertEquals(verdict, "holds");
 * assertEquals(met.has("crash"), true);
 * ```
 *
 * @example A writer that only deletes the entry after its write
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { apply } from "@lamina/cache/protocol";
 * import { explore, narrate, type SlotFunction } from "@lamina/cache/testing";
 *
 * const deleteAfterwards: SlotFunction = (slot, operation, at) => {
 *   if (operation._tag === "lock") return [slot, { _tag: "Locked", generation: at.now }];
 *   if (operation._tag === "unlock") return [{ _tag: "Absent" }, { _tag: "Cleared" }];
 *   return apply(slot, operation, at);
 * };
 * const { verdict, broken } = explore({ faults: ["crash"], invariants: ["I1"], protocol: { apply: deleteAfterwards } });
 * assertEquals(verdict, "broken");
 * assertEquals(
 *   narrate(broken[0]!),
 *   `1. reader 1 claims: the claim is its own
 * 2. reader 1 loads v0
 * 3. reader 1 fills with v0: stored; the read returns v0
 * 4. writer A locks: locked
 * 5. writer A commits v1
 * 6. writer A crashes
 * I1: v0 stays in the slot, the source has v1`,
 * );
 * ```
 */
export function explore(options: WorldOptions = {}): Exploration {
  const began = performance.now();
  const setting = settle(options);
  const { broken, complete, states, transitions } = search(setting);
  const verdict = broken.length > 0 ? "broken" : complete ? "holds" : "unfinished";
  const seconds = (performance.now() - began) / 1_000;
  return { verdict, broken, complete, states, transitions, seconds, met: setting.met };
}

/**
 * A counterexample as numbered lines, the last of which says what is broken.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { narrate } from "@lamina/cache/testing";
 *
 * const text = narrate({ invariant: "I2", reason: "a read went back", steps: ["reader 1 claims", "reader 1 loads v0"] });
 * assertEquals(text, "1. reader 1 claims\n2. reader 1 loads v0\nI2: a read went back");
 * ```
 */
export function narrate({ invariant, reason, steps }: Counterexample): string {
  return [...steps.map((step, i) => `${i + 1}. ${step}`), `${invariant}: ${reason}`].join("\n");
}
