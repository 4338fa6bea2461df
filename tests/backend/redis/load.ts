import { assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { RedisBackend } from "../../../lib/backend/redis/mod.ts";
import {
  checkFreshness,
  checkLinearizable,
  type HistoryOperation,
  showViolation,
} from "../../../lib/testing/history.ts";
import { shared, showCacheError, source, type Store, type WriteFailure } from "../../../mod.ts";
import { found } from "../../support/results.ts";
import { within } from "./support.ts";

/** Short, so that a test can wait for its end; long enough for a lock and a commit on a machine that is busy. */
export const lease = 2_000;

/** A failover takes seconds, and on a busy machine more of them, in milliseconds. */
const patience = 30_000;

/** Reads and writes under way, through a tier in front of rows; each backend as if it were another process. */
export interface Load extends AsyncDisposable {
  readonly stores: ReadonlyArray<Store<string, string>>;
  /** How many writes ended how, and how many reads were answered by the tier. */
  readonly counts: () => Readonly<Record<string, number>>;
  /** Why writes were aborted. */
  readonly reasons: () => ReadonlyArray<string>;
  /** Waits until each of some keys was written, and hit after that, since it was called. */
  readonly resumed: (keys: ReadonlyArray<string>) => Promise<void>;
  /** Ends the traffic, waits for the end of all leases, and compares what each store reads with the rows. */
  readonly settle: () => Promise<void>;
  /** Fails if a history contradicts I2, or I2 and I3. */
  readonly expect: (promised: "fresh" | "linearizable") => void;
}

type Operation = HistoryOperation<string, string | undefined>;

interface State {
  readonly keys: ReadonlyArray<string>;
  readonly stores: ReadonlyArray<Store<string, string>>;
  readonly rows: Map<string, string>;
  /** The places of written values in the order of their commits. */
  readonly orders: Map<string, number>;
  readonly history: Operation[];
  readonly counts: Map<string, number>;
  readonly reasons: Set<string>;
  /** When each key was last written, and the last time that it was written and hit after that. */
  readonly written: Map<string, number>;
  readonly served: Map<string, number>;
  stopped: boolean;
}

const now = () => performance.now();
const pause = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Three readers and two writers on each backend. */
export function startLoad(backends: ReadonlyArray<RedisBackend>, keys: ReadonlyArray<string>): Load {
  const rows = new Map<string, string>();
  const orders = new Map<string, number>();
  const below = () => sourceOf(rows, orders);
  const stores = backends.map((backend) =>
    pipe(
      below(),
      shared({
        ...{ backend, name: "load", codec: t.string, ttl: "1h", lease: "2s", timeout: "400ms" },
        onUnconfirmed: "fail",
      }),
    )
  );
  const self: State = {
    ...{ keys, stores, rows, orders, history: [], counts: new Map(), reasons: new Set<string>() },
    ...{ written: new Map(), served: new Map(), stopped: false },
  };
  const going = Promise.all(stores.flatMap((store, node) => [
    ...[1, 2, 3].map(() => readOn(self, store)),
    ...[1, 2].map((which) => writeOn(self, store, `${node}.${which}`)),
  ]));
  const stop = async () => {
    self.stopped = true;
    await going;
  };
  return {
    stores,
    counts: () => Object.fromEntries(self.counts),
    reasons: () => [...self.reasons],
    resumed: (wanted) => {
      const since = now();
      return within(patience, "reads and writes of every key", () => {
        return wanted.every((key) => (self.served.get(key) ?? 0) > since);
      });
    },
    settle: async () => {
      await stop();
      await pause(lease + 100);
      for (const store of stores) {
        for (const key of keys) assertEquals(found(await store.get(key)()), rows.get(key), key);
      }
    },
    expect: (promised) => {
      const check = promised === "fresh" ? checkFreshness : checkLinearizable;
      assertEquals(check(self.history).violations.map(showViolation), []);
    },
    [Symbol.asyncDispose]: async () => {
      await stop();
      for (const store of stores) await store.close();
    },
  };
}

// A fence: what comes after its deadline is not applied.
function sourceOf(rows: Map<string, string>, orders: Map<string, number>): Store<string, string> {
  return source<string, string>({
    load: async (keys) => {
      const read = keys.map((key) => rows.get(key));
      await pause(2);
      return read;
    },
    save: async ([change], within) => {
      await pause(2);
      if (within.left() <= 0) throw new Error("too late");
      if (change?.value._tag !== "Some") return;
      rows.set(change.key, change.value.value);
      orders.set(change.value.value, orders.size);
    },
    // The rows are what they are: nothing here fails after it was applied.
    outcomeOf: () => "aborted",
    commit: "500ms",
  });
}

async function readOn(self: State, store: Store<string, string>): Promise<void> {
  while (!self.stopped) {
    const key = pick(self.keys);
    const start = now();
    const [entry] = await store.entries([key])();
    if (entry?._tag !== "Right") throw new Error(`Expected an entry: received ${JSON.stringify(entry)}`);
    const { value, verdict } = entry.right;
    self.history.push({ kind: "read", key, value: value._tag === "Some" ? value.value : undefined, start, end: now() });
    count(self, `read ${verdict._tag}`);
    const written = self.written.get(key) ?? 0;
    if (verdict._tag === "HitShared" && start > written) self.served.set(key, written);
    await pause(1);
  }
}

async function writeOn(self: State, store: Store<string, string>, by: string): Promise<void> {
  for (let i = 0; !self.stopped; i++) {
    const key = pick(self.keys);
    const value = `${key} ${by} ${i}`;
    const start = now();
    const done = await store.put(key, value)();
    const outcome = done._tag === "Right" ? "committed" : outcomeOf(done.left);
    if (done._tag === "Left") self.reasons.add(showCacheError(done.left.error));
    count(self, `write ${outcome}`);
    const order = self.orders.get(value);
    const what = {
      kind: "write",
      key,
      value,
      start,
      end: now(),
      by,
      ...(order === undefined ? {} : { order }),
    } as const;
    // Committed, but not confirmed by the tier: nobody was promised anything.
    self.history.push({ ...what, outcome: outcome === "unconfirmed" ? "unknown" : outcome });
    if (outcome === "committed") self.written.set(key, start);
    await pause(8);
  }
}

function outcomeOf({ outcome }: WriteFailure<never>): WriteFailure<never>["outcome"] {
  return outcome;
}

function count({ counts }: State, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

function pick<A>(items: ReadonlyArray<A>): A {
  return items[Math.floor(Math.random() * items.length)]!;
}
