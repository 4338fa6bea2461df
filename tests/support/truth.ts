import type { Change, Deadline, SourceOptions, Store } from "../../mod.ts";
import { source } from "../../mod.ts";
import { turn } from "./turn.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";

/** A load that began: it read the rows at that moment, and answers when it is released. */
export interface HeldLoad<K> {
  readonly keys: ReadonlyArray<K>;
  readonly signal: () => AbortSignal;
  readonly release: () => Promise<void>;
  readonly fail: (cause: unknown) => Promise<void>;
}

/** A save that began: it is applied, or not, when the test says so. */
export interface HeldSave<K, V> {
  readonly changes: ReadonlyArray<Change<K, V>>;
  readonly within: Deadline;
  /** Applies it and answers. */
  readonly commit: () => Promise<void>;
  /** Answers with a failure; nothing is applied. */
  readonly fail: (cause: unknown) => Promise<void>;
  /** Applies it and answers with a failure. */
  readonly lose: (cause: unknown) => Promise<void>;
}

/** A source of truth in the test's hands. */
export interface Truth<K, V> {
  readonly rows: Map<K, V>;
  readonly store: Store<K, V>;
  readonly loads: Array<HeldLoad<K>>;
  readonly saves: Array<HeldSave<K, V>>;
  /** From now on loads, or saves, wait for their release. */
  readonly hold: (what: "loads" | "saves") => void;
  readonly flow: (what: "loads" | "saves") => void;
}

/** A source over rows that the test can see and change. */
export function truth<K, V>(
  clock: VirtualClock,
  rows: Iterable<readonly [K, V]>,
  options: Pick<SourceOptions<K, V>, "commit" | "outcomeOf" | "loadTimeout"> = {},
): Truth<K, V> {
  const now = new Map(rows);
  const held = new Set<"loads" | "saves">();
  const loads: Array<HeldLoad<K>> = [];
  const saves: Array<HeldSave<K, V>> = [];
  const load = (keys: ReadonlyArray<K>, context: { readonly signal: AbortSignal }): Promise<Array<V | undefined>> =>
    new Promise((resolve, reject) => {
      const read = keys.map((key) => now.get(key));
      const made: HeldLoad<K> = {
        keys,
        signal: () => context.signal,
        release: () => (resolve(read), turn()),
        fail: (cause) => (reject(cause), turn()),
      };
      loads.push(made);
      if (!held.has("loads")) resolve(read);
    });
  const save = (changes: ReadonlyArray<Change<K, V>>, within: Deadline): Promise<void> =>
    new Promise((resolve, reject) => {
      const apply = () => changes.forEach((each) => change(now, each));
      saves.push({
        changes,
        within,
        commit: () => (apply(), resolve(), turn()),
        fail: (cause) => (reject(cause), turn()),
        lose: (cause) => (apply(), reject(cause), turn()),
      });
      if (!held.has("saves")) void saves.at(-1)!.commit();
    });
  return {
    rows: now,
    store: source<K, V>({ load, save, clock, ...options }),
    loads,
    saves,
    hold: (what) => void held.add(what),
    flow: (what) => void held.delete(what),
  };
}

function change<K, V>(rows: Map<K, V>, { key, value }: Change<K, V>): void {
  if (value._tag === "None") rows.delete(key);
  else rows.set(key, value.value);
}
