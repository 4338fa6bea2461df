/**
 * What the library is tested with, for those who write a backend or a source of their own: the contract that every
 * backend keeps, and a clock that stands still. No test runner is assumed.
 *
 * @module
 */
export type { Clock } from "../clock.ts";
export type { ContractCase, ContractOptions, MakeBackend } from "./backend_contract.ts";
export { backendContract } from "./backend_contract.ts";
export type { Model } from "./backend_contract_play.ts";
export type { VirtualClock } from "./virtual_clock.ts";
export { virtualClock } from "./virtual_clock.ts";
export * from "./history.ts";
export type {
  Counterexample,
  Exploration,
  Fault,
  Invariant,
  Protocol,
  SlotFunction,
  WorldOptions,
} from "./explorer.ts";
export { explore, faults, invariants, narrate, shipped } from "./explorer.ts";
