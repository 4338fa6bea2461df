import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { createClient } from "redis";
import type { Observer } from "../../observe/observer.ts";
import type { Store, Transaction } from "../../store.ts";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BankWorkerSettings } from "./bank_settings.ts";
import type { Journal } from "./journal.ts";
import type { Answer } from "./subject.ts";
import { openBackend, tierOn } from "./tiers.ts";

/** A body of a transaction of the bank. */
export type Body = (tx: Transaction<string, string>) => TaskEither<unknown, unknown>;

/** What the clients of the bank use. */
export interface Teller {
  readonly read: (id: string) => Promise<Answer>;
  /** Reads an account in a transaction that is going to write it. */
  readonly balanceIn: (tx: Transaction<string, string>, id: string) => ReturnType<Transaction<string, string>["get"]>;
  /** Runs a transaction that writes these accounts, and says what became of it. */
  readonly transact: (writes: ReadonlyArray<string>, body: Body) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Opens the way to the accounts. `meanwhile` is what control readers let happen while they hold an old value. */
export async function openTeller(
  settings: BankWorkerSettings,
  ledger: Store<string, string>,
  journal: Journal,
  meanwhile: (id: string) => Promise<void>,
): Promise<Teller> {
  const { through, lease } = settings;
  if (through.kind === "cache-aside") return await besideTheCache(through.url, ledger, meanwhile);
  const backend = openBackend(through, lease, journal.note);
  const observer: Observer = { event: ({ _tag }) => journal.note(`tier.${_tag}`) };
  const store = tierOn(backend, { lease, level: "pinned", observer })(ledger);
  return {
    read: async (id) => {
      const [entry] = await store.entries([id])();
      if (entry?._tag !== "Right") return { value: undefined, verdict: entry?.left._tag ?? "nothing" };
      const { value, verdict } = entry.right;
      return { value: value._tag === "Some" ? value.value : "nothing", verdict: verdict._tag };
    },
    balanceIn: (tx, id) => tx.get(id),
    transact: (_writes, body) => outcomeOf(store, body),
    close: async () => {
      await store.close();
      await backend.close();
    },
  };
}

async function outcomeOf(store: Store<string, string>, body: Body): Promise<string> {
  const done = await store.transact(body)();
  return done._tag === "Right" ? "committed" : done.left.outcome;
}

/**
 * What most caches are, also around transactions: read, load and set; commit, then delete; and in a transaction what is
 * cached is believed. Between a reader's load and its set it lets the account be written, so that what goes wrong by
 * chance goes wrong each time.
 */
async function besideTheCache(
  url: string,
  ledger: Store<string, string>,
  meanwhile: (id: string) => Promise<void>,
): Promise<Teller> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  return {
    read: async (id) => {
      const held = await client.get(id);
      if (held !== null) return { value: held, verdict: "HitShared" };
      const loaded = await ledger.get(id)();
      if (loaded._tag === "Left") return { value: undefined, verdict: loaded.left._tag };
      const value = loaded.right._tag === "Some" ? loaded.right.value : "nothing";
      await meanwhile(id);
      await client.set(id, value);
      return { value, verdict: "Filled" };
    },
    balanceIn: (tx, id) => async () => {
      const held = await client.get(id);
      return held === null ? await tx.get(id)() : E.right(O.some(held));
    },
    transact: async (writes, body) => {
      const outcome = await outcomeOf(ledger, body);
      if (writes.length > 0) await client.del([...writes]);
      return outcome;
    },
    close: () => client.close(),
  };
}
