import type { HistoryOperation, WriteOperation } from "../../testing/history.ts";

/** What a worker writes down as it goes: a write before it begins, so that the journal of a killed worker is complete. */
export interface Journal {
  readonly read: (client: string, key: string, value: string, start: number, end: number, verdict: string) => void;
  readonly begin: (client: string, key: string, value: string, start: number) => void;
  readonly end: (value: string, end: number, outcome: string) => void;
  readonly note: (what: string) => void;
  readonly close: () => void;
}

/** How many reads may wait to be written; those of a killed worker are lost, which only makes its history shorter. */
const mostPending = 32;

/** Opens a worker's journal. */
export function openJournal(path: string): Journal {
  const file = Deno.openSync(path, { create: true, append: true });
  const encoder = new TextEncoder();
  let pending: Array<string> = [];
  const flush = (): void => {
    const bytes = encoder.encode(pending.join(""));
    pending = [];
    for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  };
  const add = (wait: "later" | "now", ...fields: ReadonlyArray<string | number>): void => {
    pending.push(`${fields.join("\t")}\n`);
    if (wait === "now" || pending.length >= mostPending) flush();
  };
  return {
    read: (client, key, value, start, end, verdict) => add("later", "read", client, key, value, start, end, verdict),
    begin: (client, key, value, start) => add("now", "begin", client, key, value, start),
    end: (value, end, outcome) => add("now", "end", value, end, outcome),
    note: (what) => add("later", "note", what),
    close: () => {
      flush();
      file.close();
    },
  };
}

/** What a journal tells. */
export interface Told {
  readonly operations: ReadonlyArray<HistoryOperation<string, string>>;
  /** How often each thing was noted, how each read was answered and each write ended. */
  readonly counts: ReadonlyMap<string, number>;
  /** What cannot be: an aborted write that was committed, a committed one that was not. */
  readonly faults: ReadonlyArray<string>;
  /** The longest read or write, in milliseconds. */
  readonly longest: number;
}

/** What is needed to make a history of a journal. */
export interface Reading {
  /** What to add to the worker's clock to get the clock of the run. */
  readonly offset: number;
  readonly commits: ReadonlyMap<string, number>;
  /** How long a tier may hold the old value after a write whose unlock was not confirmed. */
  readonly lease: number;
}

/** Reads a journal; its last line may have been cut off. */
export function readJournal(text: string, reading: Reading): Told {
  const operations: Array<HistoryOperation<string, string>> = [];
  const counts = new Map<string, number>();
  const faults: Array<string> = [];
  const begun = new Map<string, { client: string; key: string; start: number }>();
  let longest = 0;
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
  const end = (value: string, at: number, outcome: string): void => {
    const { client, key, start } = begun.get(value)!;
    begun.delete(value);
    count(`write.${outcome}`);
    if (at < Infinity) longest = Math.max(longest, at - start);
    const write = judge(
      { kind: "write", key, value, start, end: at, by: client, outcome: "unknown" },
      outcome,
      reading,
    );
    if (typeof write === "string") faults.push(write);
    else operations.push(write);
  };
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const [kind, ...fields] = line.split("\t");
    if (kind === "read") {
      const [by, key, value, from, to, verdict] = fields as [string, string, string, string, string, string];
      const [start, end] = [Number(from) + reading.offset, Number(to) + reading.offset];
      operations.push({ kind, key, value, start, end, by });
      longest = Math.max(longest, end - start);
      count(`read.${verdict}`);
    } else if (kind === "begin") {
      const [client, key, value, start] = fields as [string, string, string, string];
      begun.set(value, { client, key, start: Number(start) + reading.offset });
    } else if (kind === "end") end(fields[0]!, Number(fields[1]) + reading.offset, fields[2]!);
    else if (kind === "note") count(fields[0]!);
  }
  for (const value of [...begun.keys()]) end(value, Infinity, "cut off");
  return { operations, counts, faults, longest };
}

/** What became of a write, by what its caller was told and what the source knows. */
function judge(
  write: WriteOperation<string, string>,
  told: string,
  { commits, lease }: Reading,
): WriteOperation<string, string> | string {
  const order = commits.get(write.value);
  const complain = (what: string) => `${write.by}'s write of ${write.value} was ${told}, but ${what}`;
  switch (told) {
    case "committed":
      return order === undefined ? complain("the source does not have it") : { ...write, outcome: "committed", order };
    case "unconfirmed":
      if (order === undefined) return complain("the source does not have it");
      return { ...write, end: write.end + lease, outcome: "committed", order };
    case "aborted":
      return order === undefined ? { ...write, outcome: "aborted" } : complain("the source has it");
    default:
      return order === undefined ? { ...write, outcome: "aborted" } : { ...write, outcome: "unknown", order };
  }
}
