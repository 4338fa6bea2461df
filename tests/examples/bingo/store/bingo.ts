import type { DatabaseSync } from "node:sqlite";
import { pipe } from "fp-ts/lib/function.js";
import type { AggregateError, AggregateEvent, CounterSet, WriteBehind } from "../../../../lib/aggregate/mod.ts";
import { counterSet, shownCounts, writeBehind } from "../../../../lib/aggregate/mod.ts";
import type { Held, Locker } from "../../../../lib/lock/mod.ts";
import type { ManagedRequest, Store } from "../../../../mod.ts";
import { requests, shared } from "../../../../mod.ts";
import type { Task } from "fp-ts/lib/Task.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Totals } from "../../../../lib/aggregate/mod.ts";
import type { Shelf } from "../domain/experiment.ts";
import { Experiments } from "../domain/experiment.ts";
import { Identity } from "../domain/identity.ts";
import { openDatabase } from "./database_sqlite.ts";
import { experimentRows } from "./experiments_sqlite.ts";
import { identityRows, saveIdentities } from "./identities_sqlite.ts";
import type { CountsLost, Ledger } from "./ledger.ts";
import { ledger } from "./ledger.ts";
import type { Places } from "./places.ts";
import { sqliteTotals } from "./totals_sqlite.ts";

/** What an operator has to know. */
export type BingoEvent = AggregateEvent | CountsLost | JobFailed;

/** A periodic job did not do its work; the next run does it. */
export type JobFailed = { readonly _tag: "JobFailed"; readonly job: string; readonly error: AggregateError };

/** The two stores of the service. */
export type Stores = {
  readonly experiments: Store<Shelf, Experiments>;
  readonly identities: Store<string, Identity>;
};

/** What a request reads and writes through. */
export type Page = ManagedRequest<Stores>;

/** The service, opened. */
export interface Bingo extends AsyncDisposable {
  readonly stores: Stores;
  /** Begins a request. */
  readonly begin: () => Page;
  readonly counters: CounterSet;
  readonly totals: Totals;
  /** Persisted, waiting and running counts, as of one moment. */
  readonly shown: (counters: ReadonlyArray<string>) => TaskEither<AggregateError, ReadonlyArray<number>>;
  readonly queue: WriteBehind<string, Identity>;
  readonly locks: Locker<Held>;
  /** Waits until no process serves what was before a change that is committed now. */
  readonly settled: Task<void>;
  readonly database: DatabaseSync;
  readonly ledger: Ledger;
  readonly onEvent: (event: BingoEvent) => void;
  /** The time, in milliseconds since 1970. */
  readonly now: () => number;
}

/** What the service is opened with. */
export interface Settings {
  /** The folder of the database. */
  readonly folder: string;
  /** What the processes share; it is closed with the service. */
  readonly places: Places;
  readonly onEvent?: (event: BingoEvent) => void;
  readonly now?: () => number;
}

/** All counters of 500 experiments with 20 alternatives: participants and conversions. */
const mostCounters = 20_000;

/** Opens the service: request → instance → shared → database, counters and write-behind beside it. */
export function openBingo({ folder, places, onEvent = () => {}, now = Date.now }: Settings): Bingo {
  const path = `${folder}/bingo.sqlite`;
  const database = openDatabase(path);
  const counters = counterSet({ port: places.counters, name: "bingo", maxCounters: mostCounters });
  const totals = sqliteTotals(database, now);
  const queue = writeBehind<string, Identity>({
    port: places.queue,
    name: "identity",
    codec: Identity,
    save: saveIdentities(database),
    onFull: "write through",
    locks: places.locks,
    onEvent,
  });
  const stores: Stores = {
    experiments: pipe(
      experimentRows(path),
      shared({ backend: places.backend, name: "experiments", codec: Experiments, ttl: onlyLive }),
      places.instance,
    ),
    // Each is asked for by one of many processes at a time, so that there is nothing to gain from an instance tier.
    identities: pipe(
      identityRows(path),
      queue.layer,
      shared({ backend: places.backend, name: "identity", codec: Identity, ttl: "10m" }),
    ),
  };
  // Nothing in the domain changes a value, and those of the instance tier are frozen: no request needs copies of its own.
  const { begin } = requests(stores, { values: "shared" });
  return {
    stores,
    begin,
    counters,
    totals,
    shown: shownCounts({ counters, totals, onEvent }),
    queue,
    locks: places.locks,
    settled: () => new Promise((resolve) => setTimeout(resolve, places.settling)),
    database,
    ledger: ledger(),
    onEvent,
    now,
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      await Promise.all([stores.experiments.close(), stores.identities.close()]);
      await places[Symbol.asyncDispose]();
      database.close();
    },
  };
}

/** What is archived is looked at once in a while by one person: it is not kept anywhere. */
function onlyLive(_value: unknown, shelf: unknown): "10m" | "do not store" {
  return shelf === "live" ? "10m" : "do not store";
}
