import { faults, type Invariant, type WorldOptions } from "../../testing/explorer.ts";
import type { Level, Row } from "./row.ts";
import { underEach } from "./row.ts";

const monotonic: ReadonlyArray<Invariant> = ["I3"];

// What the level pinned breaks of one key: it takes another writer, or another reader.
const breaks: Level["breaks"] = { flush: monotonic, expire: monotonic, failover: monotonic };

/** A transaction of both keys, whose next attempt writes only one; a reader for each key. */
const subset: WorldOptions = { keys: 2, writers: 1, transactions: [[[0, 1], [1]]] };

/** A transaction whose next attempt writes one key more, beside a writer of the key that both of its attempts write. */
const superset: WorldOptions = { keys: 2, readers: 1, transactions: [[[0], [0, 1]], [[0]]] };

/** Transactions of two keys and two attempts, each under every single fault, but the first under no failover. */
export const transactions: ReadonlyArray<Level> = [
  { name: "2 keys, then 1", world: subset, breaks: {} },
  { name: "1 key, then 2; another writer", world: superset, breaks },
];

const both: WorldOptions = { keys: 2, transactions: [[[0, 1], [0]]] };

/** These, and two such transactions at once. */
export const transactionRows: ReadonlyArray<Row> = [
  ...underEach(transactions.slice(0, 1), faults.filter((fault) => fault !== "failover")),
  ...underEach(transactions.slice(1)),
  { variant: "2 transactions of 2 keys, then 1", world: { ...both, readers: 1 }, faults: [], breaks: [] },
  {
    variant: "2 transactions of 2 keys, then 1, in opposite orders",
    world: { ...both, readers: 1, order: "opposite" },
    faults: [],
    breaks: [],
  },
  {
    variant: "3 attempts at 1 key, the other, both; another writer",
    world: { keys: 2, transactions: [[[0], [1], [0, 1]], [[1]]] },
    faults: [],
    breaks: [],
  },
];

/** The same with a reader for each key: more than is explored in every run. */
export const largeTransactionRows: ReadonlyArray<Row> = [
  { variant: transactions[0]!.name, world: subset, faults: ["failover"], breaks: [] },
  { variant: "2 transactions of 2 keys, then 1, 2 readers", world: both, faults: [], breaks: [] },
  ...underEach([{
    name: "1 key, then 2; another writer, 2 readers",
    world: { ...superset, readers: 2, bound: 8_000_000 },
    breaks,
  }], faults.filter((fault) => fault !== "failover")),
];
