/**
 * What the library is tested with, for those who write a backend, a layer or a source of their own, or want to see what
 * a stack of theirs does under faults. No test runner is assumed.
 *
 * - {@linkcode backendContract} is what every backend keeps, {@linkcode storeLaws} what every store does.
 * - {@linkcode countersContract} is what every port of counters keeps, {@linkcode queueContract} of a write-behind.
 * - {@linkcode simulate} runs whole stacks of several processes, with faults, in virtual time.
 * - {@linkcode explore} searches everything that readers, writers and faults can do to one slot.
 * - {@linkcode checkLinearizable} and {@linkcode checkFreshness} judge a recorded history of a real run.
 * - {@linkcode virtualClock} stands still until it is told to go on.
 *
 * @module
 */
export type { Clock } from "../clock.ts";
export type { ContractCase, ContractOptions, MakeBackend } from "./backend_contract.ts";
export { backendContract } from "./backend_contract.ts";
export type { Model } from "./backend_contract_play.ts";
export { countersContract, type MakeCounters } from "./counters_contract.ts";
export type { PortOptions } from "./port_contract.ts";
export { type MakeQueue, queueContract } from "./queue_contract.ts";
export type { VirtualClock } from "./virtual_clock.ts";
export { virtualClock } from "./virtual_clock.ts";
export * from "./history.ts";
export type {
  Counterexample,
  Exploration,
  Fault,
  Instances,
  Invariant,
  Protocol,
  SlotFunction,
  WorldOptions,
} from "./explorer.ts";
export { explore, faults, invariants, narrate, shipped } from "./explorer.ts";
export * from "./simulation.ts";
export type { LawsMaterial, LawsOptions, MakeLayer, MakeStore } from "./store_laws.ts";
export { monoidLaws, storeLaws } from "./store_laws.ts";
