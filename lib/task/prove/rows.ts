/**
 * What is explored of the shipped protocol, and what each world may break: exactly that, and nothing else. Everything
 * that is not named in `breaks` is promised.
 */
import { nativeClaims } from "../../../tests/explorer/controls.ts";
import { type Fault, faults, type Invariant, type WorldOptions } from "../../testing/explorer.ts";
import { instanceRows, largeInstanceRows } from "./instance_rows.ts";
import type { Level, Row } from "./row.ts";
import { underEach } from "./row.ts";
import { largeTransactionRows, transactionRows } from "./transaction_rows.ts";

const monotonic: ReadonlyArray<Invariant> = ["I3"];

/** The levels, each with 2 readers and 2 writers of one key. */
export const levels: ReadonlyArray<Level> = [
  {
    name: "pinned",
    world: { level: "pinned" },
    breaks: { flush: monotonic, expire: monotonic, failover: monotonic },
  },
  {
    // What Redis does at this level, with a driver that never sends a claim twice.
    name: "pinned, native claims",
    world: {
      level: "pinned",
      protocol: { apply: nativeClaims },
      repeated: ["refresh", "fill", "release", "lock", "unlock"],
    },
    breaks: { flush: monotonic, expire: monotonic, failover: monotonic },
  },
  {
    name: "pinned + fence",
    world: { level: "pinned", source: "fenced" },
    breaks: { flush: monotonic, failover: monotonic },
  },
  {
    name: "pinned + fence + waitReplicas",
    world: { level: "pinned", source: "fenced", replicas: "waited for" },
    breaks: { flush: monotonic },
  },
  {
    name: "probation",
    world: { level: "probation" },
    breaks: { evict: monotonic, flush: monotonic, expire: monotonic, failover: monotonic },
  },
  {
    name: "probation + fence",
    world: { level: "probation", source: "fenced" },
    breaks: { evict: monotonic, flush: monotonic, failover: monotonic },
  },
  {
    name: "strict + fence + waitReplicas",
    world: { level: "strict", source: "fenced", replicas: "waited for" },
    breaks: {},
  },
];

const pinned = levels[0]!;
const probation = levels.find(({ name }) => name === "probation")!;
const strict = levels.at(-1)!;

const served: WorldOptions = { entries: "expired" };
const awaited: WorldOptions = { entries: "expired", renewal: "awaited", patience: 1 };

/** What readers may do besides, at the level `pinned`: it breaks nothing that this level does not break without it. */
export const renewals: ReadonlyArray<Level> = [
  { name: "waiting readers", world: { patience: 1 }, breaks: pinned.breaks },
  { name: "expired entries, served", world: served, breaks: pinned.breaks },
  { name: "expired entries, awaited", world: awaited, breaks: pinned.breaks },
];

/** Every level without a fault, and under each of the 13 alone. */
export const singles: ReadonlyArray<Row> = underEach(levels);

/** What readers may do besides, at other levels than `pinned`: under the faults that take a lock, and a crash. */
function elsewhere(name: string, world: WorldOptions): ReadonlyArray<Row> {
  const at = (level: Level, under: ReadonlyArray<Fault>) =>
    under.map((fault): Row => ({
      variant: `${name}: ${level.name}`,
      world: { ...world, ...level.world },
      faults: [fault],
      breaks: level.breaks[fault] ?? [],
    }));
  return [...at(probation, ["evict", "flush", "crash"]), ...at(strict, ["flush", "failover", "crash"])];
}

/** Other sizes, other beginnings, other faults, and the pairs that the table of levels speaks of. */
export const others: ReadonlyArray<Row> = [
  { variant: "3 readers, 3 writers", world: { readers: 3, writers: 3 }, faults: [], breaks: [] },
  {
    variant: "3 readers that look first, 3 writers",
    world: { readers: 3, writers: 3, starts: ["Looking"] },
    faults: [],
    breaks: [],
  },
  { variant: "2 joining callers", world: { joiners: 2 }, faults: [], breaks: [] },
  { variant: "a joining caller", world: { joiners: 1 }, faults: ["crash"], breaks: [] },
  { variant: "a joining caller", world: { joiners: 1 }, faults: ["appliedLate"], breaks: [] },
  { variant: "writes of 2 keys", world: { keys: 2 }, faults: [], breaks: [] },
  { variant: "writes of 2 keys", world: { keys: 2 }, faults: ["appliedButReportedFailed"], breaks: [] },
  { variant: "writes of 2 keys in opposite orders", world: { keys: 2, order: "opposite" }, faults: [], breaks: [] },
  {
    variant: "writes of 2 keys in opposite orders",
    world: { keys: 2, order: "opposite" },
    faults: ["crash"],
    breaks: [],
  },
  { variant: "looking and forcing", world: { starts: ["Looking", "Forcing"] }, faults: ["crash"], breaks: [] },
  { variant: "looking and healing", world: { starts: ["Looking", "Healing"] }, faults: ["appliedTwice"], breaks: [] },
  { variant: "nothing published", world: { written: "not said" }, faults: ["appliedLate"], breaks: [] },
  { variant: "unreadable entries", world: { starts: ["Looking"] }, faults: ["unreadable", "unreadable"], breaks: [] },
  { variant: "values not stored", world: { level: "probation" }, faults: ["unstorable"], breaks: [] },
  { variant: "a tier below unconfirmed", world: {}, faults: ["sourceUnconfirmed"], breaks: [] },
  { variant: "pinned + fence", world: { source: "fenced" }, faults: ["flush", "crash"], breaks: ["I1", "I3"] },
  {
    variant: "probation + fence",
    world: { level: "probation", source: "fenced" },
    faults: ["flush", "crash"],
    breaks: monotonic,
  },
  {
    variant: "pinned + fence + waitReplicas",
    world: { source: "fenced", replicas: "waited for" },
    faults: ["failover", "crash"],
    breaks: [],
  },
  { variant: "strict + fence + waitReplicas", world: strict.world, faults: ["flush", "crash"], breaks: [] },
  { variant: "pinned", world: {}, faults: ["laggingReplica"], breaks: ["I1", "I2", "I3"] },
  ...underEach(renewals),
  { variant: "3 waiting readers, 3 writers", world: { patience: 1, readers: 3, writers: 3 }, faults: [], breaks: [] },
  {
    variant: "3 readers of expired entries, 3 writers",
    world: { ...served, readers: 3, writers: 3 },
    faults: [],
    breaks: [],
  },
  {
    variant: "waiting before anything was asked",
    world: { patience: 1, starts: ["Claiming", "Waiting"] },
    faults: ["sourceAborted"],
    breaks: [],
  },
  { variant: "waiting twice", world: { patience: 2 }, faults: ["appliedLate"], breaks: [] },
  { variant: "renewal ahead", world: { ahead: "sometimes" }, faults: [], breaks: [] },
  { variant: "renewal ahead", world: { ahead: "sometimes" }, faults: ["crash"], breaks: [] },
  { variant: "renewal ahead", world: { ahead: "sometimes" }, faults: ["appliedLate"], breaks: [] },
  {
    variant: "entries that expire, renewal ahead",
    world: { ...awaited, entries: "expiring", ahead: "sometimes" },
    faults: ["crash"],
    breaks: [],
  },
  {
    variant: "failed renewals reported",
    world: { ...awaited, failures: "reported" },
    faults: ["sourceAborted"],
    breaks: [],
  },
  ...elsewhere("expired, served", served),
  ...elsewhere("expired, awaited", awaited),
  ...transactionRows,
  ...instanceRows,
];

function pairs(of: ReadonlyArray<Fault>): ReadonlyArray<readonly [Fault, Fault]> {
  return of.flatMap((first, i) => of.slice(i).map((second) => [first, second] as const));
}

/** Any two faults, or one of them twice, at the levels that promise something then. */
export const doubles: ReadonlyArray<Row> = [
  ...pairs(faults.filter((fault) => fault !== "flush" && fault !== "failover")).map((both): Row => ({
    variant: "pinned + fence",
    world: { source: "fenced" },
    faults: both,
    breaks: [],
  })),
  ...pairs(faults).map((both): Row => ({
    variant: "strict + fence + waitReplicas",
    world: { ...strict.world, bound: 12_000_000 },
    faults: both,
    breaks: [],
  })),
];

/** Worlds too large to be explored in every run. */
export const larger: ReadonlyArray<Row> = [...largeTransactionRows, ...largeInstanceRows];
