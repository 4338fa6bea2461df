import type { Duration } from "../../duration.ts";
import { type Mode, tierSwitch } from "../../layer/switch.ts";
import type { Observer } from "../../observe/observer.ts";
import { openCacheAside } from "./cache_aside.ts";
import type { Journal } from "./journal.ts";
import { namespace, type WorkerSettings } from "./settings.ts";
import { clearingWrite, makeTiers, pollOf } from "./tiers.ts";
import type { Passing, Truth } from "./truth_sqlite.ts";

/** What a read brought: nothing, if it failed. */
export interface Answer {
  readonly value: string | undefined;
  readonly verdict: string;
}

/** What the clients of a worker use. */
export interface Subject {
  readonly read: (client: number, key: string) => Promise<Answer>;
  /** Says what became of the write. */
  readonly write: (client: number, key: string, value: string) => Promise<string>;
  /** Turns the switch of the tier, and says where it was. */
  readonly turn: (wish: Mode) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Builds what the clients of a worker use. */
export function makeSubject(
  { through, lease, level }: WorkerSettings,
  truth: Truth,
  passing: Passing,
  journal: Journal,
): Promise<Subject> {
  if (through.kind === "cache-aside") return openCacheAside(through.url, truth, passing);
  const observer: Observer = { event: ({ _tag }) => journal.note(`tier.${_tag}`) };
  const { backend, stores } = makeTiers({ truth, through, lease, level, passing, observer, note: journal.note });
  // Every other client reads and writes behind the batch.
  const storeOf = (client: number) => stores[client % stores.length]!;
  return Promise.resolve({
    read: async (client, key) => {
      const [entry] = await storeOf(client).entries([key])();
      if (entry?._tag !== "Right") return { value: undefined, verdict: entry?.left._tag ?? "nothing" };
      const { value, verdict } = entry.right;
      return { value: value._tag === "Some" ? value.value : "nothing", verdict: verdict._tag };
    },
    write: async (client, key, value) => {
      const store = storeOf(client);
      // Half of the writes say what they wrote, so that it may be published.
      const done = Math.random() < 0.5
        ? await store.put(key, value)()
        : await clearingWrite(store, truth, key, value, passing)();
      return done._tag === "Right" ? "committed" : done.left.outcome;
    },
    turn: async (wish) => {
      const control = tierSwitch({
        backend,
        name: namespace,
        lease: lease as Duration,
        poll: pollOf(through)! as Duration,
      });
      const status = await control.status();
      await control.turn(wish)();
      return status._tag === "Left" ? "unknown" : status.right._tag === "None" ? "nowhere" : status.right.value.mode;
    },
    close: async () => {
      await stores[0]!.close();
      await backend.close();
    },
  });
}
