import type { ContractCase } from "./backend_contract.ts";
import { duration } from "../duration.ts";
import { checkClosed, checkLazy } from "./store_laws/conduct.ts";
import type { Law } from "./store_laws/laws.ts";
import { laws, perform } from "./store_laws/laws.ts";
import type { LawsMaterial, LawsOptions } from "./store_laws/options.ts";
import { eachScript, materialOf } from "./store_laws/options.ts";
import type { Material } from "./store_laws/script.ts";
import type { MakeStore } from "./store_laws/world.ts";
import { isSame, show } from "./store_laws/world.ts";

export type { LawsMaterial, LawsOptions } from "./store_laws/options.ts";
export type { MakeStore } from "./store_laws/world.ts";
export { type MakeLayer, monoidLaws } from "./store_laws/monoid.ts";

/**
 * What every store has to do, as named cases to register with a test runner: for a layer of one's own, put in front of a
 * source that the cases can see and change. Random scripts are performed on it, one step after the other; every answer
 * has to be the source's. A script that fails is shortened and told.
 *
 * - `getMany(ks)[i]` is `get(ks[i])`, in order, with duplicates; and adding the layer changes no answer.
 * - After a committed write every read answers as the source does; an aborted write changes nothing; one of unknown outcome
 *   is as it is in the source once its leases are over. A read after `invalidate` reads the source. All of that holds of
 *   transactions as well, of the store alone and of several stores.
 * - "No such key", an empty value and not knowing are three things. `peek` never disagrees with `get`.
 * - Nothing happens before a task is run; nothing rejects; once closed, everything answers `Closed`.
 *
 * What happens when several do something at once, or when something fails, is not shown by it: see {@linkcode simulate}.
 *
 * @example A layer that remembers, and forgets what is written
 * ```ts
 * import { assertRejects } from "@std/assert";
 * import { fromVerbs, type Layer, memory } from "@lamina/cache";
 * import { storeLaws } from "@lamina/cache/testing";
 * import { none, some } from "fp-ts/lib/Option.js";
 *
 * const cases = storeLaws("memory", (below, clock) => memory({ capacity: 100, ttl: "60s", clock })(below));
 * for (const { run } of cases) await run();
 *
 * // This one does not forget what was written.
 * const forgetful: Layer<string, string> = (below) => {
 *   const known = new Map<string, string>();
 *   return fromVerbs({
 *     ...below,
 *     entries: (keys, options) => async () => {
 *       const entries = await below.entries(keys, options)();
 *       entries.forEach((entry, i) => {
 *         if (entry._tag === "Right" && entry.right.value._tag === "Some") known.set(keys[i]!, entry.right.value.value);
 *       });
 *       return entries;
 *     },
 *     peek: (key) => known.has(key) ? some(some(known.get(key)!)) : none,
 *   });
 * };
 * await assertRejects(async () => {
 *   for (const { run } of storeLaws("forgetful", forgetful)) await run();
 * });
 * ```
 */
export function storeLaws(
  name: string,
  make: MakeStore<string, string>,
  options?: LawsOptions,
): ReadonlyArray<ContractCase>;
/** The same for a layer of other keys and values. */
export function storeLaws<K, V>(
  name: string,
  make: MakeStore<K, V>,
  options: LawsOptions & LawsMaterial<K, V>,
): ReadonlyArray<ContractCase>;
export function storeLaws<K, V>(
  name: string,
  make: MakeStore<K, V>,
  options: LawsOptions & Partial<LawsMaterial<K, V>> = {},
): ReadonlyArray<ContractCase> {
  const { passesTime = true, transacts = true } = options;
  const material = materialOf(options);
  const scripted = laws.filter((law) => (passesTime || !law.takesTime) && (transacts || !law.transacts)).map((
    law,
  ): ContractCase => ({
    name: `${name}: ${law.name}`,
    run: () => checkLaw(make, law, material, options),
  }));
  return [
    ...scripted,
    { name: `${name}: nothing happens before a task is run`, run: () => checkLazy(make, material) },
    {
      name: `${name}: once it is closed, everything answers Closed, and nothing rejects`,
      run: () => checkClosed(make, material, options),
    },
  ];
}

async function checkLaw<K, V>(
  make: MakeStore<K, V>,
  law: Law,
  material: Material<K, V>,
  options: LawsOptions,
): Promise<void> {
  const leases = duration(options.leases ?? "10s");
  await eachScript(options, law, material, async (script) => {
    const { fault, answers } = await perform(make, law, material, script, leases);
    if (fault !== undefined || !law.compares) return fault;
    const bare = await perform((below) => below, law, material, script, leases);
    return isSame(answers, bare.answers) ? undefined : `expected ${show(bare.answers)}: received ${show(answers)}`;
  });
}
