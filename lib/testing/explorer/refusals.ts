import type { Setting, WorldOptions } from "./setting.ts";

/** Checks the counts of a world. Throws a RangeError on numbers that are no counts. */
export function checkCounts(counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    if (Number.isInteger(count) && count >= 0 && (name !== "keys" || count > 0)) continue;
    throw new RangeError(`Cannot explore a world: expected a whole number of ${name}: received ${count}`);
  }
}

/** Checks what a world of processes may have besides. Throws a RangeError otherwise. */
export function checkProcesses(options: WorldOptions & { readonly processes: number }): void {
  const { processes, places = [0], keys, joiners, patience, transactions, entries, ahead } = options;
  if (places.length === 0 || !places.every((each) => Number.isInteger(each) && each >= 0 && each < processes)) {
    throw new RangeError(`Cannot explore a world: expected places from 0 to ${processes - 1}: received ${places}`);
  }
  const plain = keys === 1 && joiners === 0 && patience === 0 && transactions === undefined;
  if (plain && (entries ?? "fresh") === "fresh" && (ahead ?? "never") === "never") return;
  const received = JSON.stringify({ keys, joiners, patience, transactions, entries, ahead });
  throw new RangeError(
    `Cannot explore a world: expected, with processes, one key, fresh entries, no waiting and no transactions: received ${received}`,
  );
}

/** Checks that transactions are of a world's keys. Throws a RangeError otherwise. */
export function checkTransactions(transactions: Setting["transactions"], keys: number): void {
  const isFull = transactions.length > 0 && transactions.every((attempts) => attempts.length > 0);
  const attempts = transactions.flat();
  if (isFull && attempts.every((each) => each.length > 0 && each.every((key) => key in Array.from({ length: keys })))) {
    return;
  }
  const received = JSON.stringify(transactions);
  throw new RangeError(
    `Cannot explore a world: expected transactions of some of its keys, from 0 on: received ${received}`,
  );
}
