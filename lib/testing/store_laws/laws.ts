import type { Fault } from "./play.ts";
import { play, read } from "./play.ts";
import type { Doing, Material, Step } from "./script.ts";
import type { MakeStore, World } from "./world.ts";
import { worldOf } from "./world.ts";

/** A law, as the scripts that show it. */
export interface Law {
  readonly name: string;
  /** What its scripts are made of; what stands twice happens twice as often. */
  readonly doings: ReadonlyArray<Doing>;
  /** Whether every key is read in every way after each step, or after the last one. */
  readonly probes: "each step" | "the end";
  /** Whether the answers are compared with those of the store below. */
  readonly compares?: boolean;
  /** Whether it needs a store whose time can be made to pass. */
  readonly takesTime?: boolean;
  /** Whether what it is about is transactions. */
  readonly transacts?: boolean;
  /** Whether the source has rows at first. */
  readonly begins?: "empty";
}

const reads: ReadonlyArray<Doing> = ["get", "getMany", "entries", "force", "peek", "read together"];
const transacted: ReadonlyArray<Doing> = ["transact", "transact, together", "transact, twice"];
const committed: ReadonlyArray<Doing> = ["put", "remove", "mutate", "mutate, told", "mutate, of more", ...transacted];

/** The laws that scripts show. */
export const laws: ReadonlyArray<Law> = [
  {
    name: "getMany(ks)[i] is get(ks[i]), in order, with duplicates",
    doings: [...reads, "getMany", "read together", "put", "remove", "pass"],
    probes: "the end",
  },
  {
    name: "adding it changes no answer in a quiet system",
    doings: [...reads, ...committed, "mutate, aborted", "put, refused", "transact, failed", "invalidate", "pass"],
    probes: "the end",
    compares: true,
  },
  {
    name: "after a committed write every read answers as the source does",
    doings: ["get", "getMany", ...committed],
    probes: "each step",
  },
  {
    name: "after a transaction, alone or of several stores, every read answers as the source does",
    doings: ["get", "getMany", "put", ...transacted, ...transacted, "transact, failed"],
    probes: "each step",
    transacts: true,
  },
  {
    name: "an aborted write changes nothing",
    doings: ["get", "put", "mutate, aborted", "mutate, aborted", "put, refused", "transact, failed"],
    probes: "each step",
  },
  {
    name: "after a write of unknown outcome and its leases every read answers as the source does",
    doings: [
      "get",
      "getMany",
      "put",
      "mutate, unknown, applied",
      "mutate, unknown, not applied",
      "mutate, unknown, applied later",
      "transact, unknown, applied",
      "transact, unknown, not applied",
    ],
    probes: "each step",
    takesTime: true,
  },
  {
    name: "a read after invalidate reads the source",
    doings: ["get", "getMany", "put", "invalidate", "invalidate"],
    probes: "each step",
  },
  {
    name: "no such key, an empty value and not knowing are three things",
    doings: ["get", "getMany", "peek", "put", "remove", "pass"],
    probes: "each step",
    begins: "empty",
  },
  {
    name: "peek never disagrees with get in a quiet system",
    doings: [...reads, "peek", "peek", ...committed, "invalidate", "pass"],
    probes: "the end",
  },
];

/** What a script led to. */
export interface Performed {
  readonly fault: Fault;
  readonly answers: ReadonlyArray<string>;
}

/** Performs a script in a world of its own, up to the first fault. */
export async function perform<K, V>(
  make: MakeStore<K, V>,
  { probes, begins }: Pick<Law, "probes" | "begins">,
  { keys, makeValue }: Material<K, V>,
  script: ReadonlyArray<Step<K, V>>,
  leases: number,
): Promise<Performed> {
  // The last key has no row at first.
  const rows = begins === "empty" ? [] : keys.slice(0, -1).map((key, i) => [key, makeValue(-1 - i)] as const);
  const world = worldOf(make, rows);
  for (const step of script) {
    const fault = await play(world, step, leases) ??
      (probes === "each step" ? await probe(world, keys) : await peekAll(world, keys));
    if (fault !== undefined) return { fault, answers: world.answers };
  }
  const fault = await probe(world, keys) ?? await probe(world, [...keys, ...keys].reverse());
  await world.store.close();
  return { fault, answers: world.answers };
}

/** Reads keys in every way. */
async function probe<K, V>(world: World<K, V>, keys: ReadonlyArray<K>): Promise<Fault> {
  for (const does of ["peek", "read together", "peek", "getMany", "entries"] as const) {
    const fault = await read(world, { does, keys });
    if (fault !== undefined) return `${does}: ${fault}`;
  }
  return undefined;
}

async function peekAll<K, V>(world: World<K, V>, keys: ReadonlyArray<K>): Promise<Fault> {
  const fault = await read(world, { does: "peek", keys });
  return fault === undefined ? undefined : `peek: ${fault}`;
}
