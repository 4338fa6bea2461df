import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { Backend } from "../../backend/port.ts";
import { redisBackend } from "../../backend/redis/mod.ts";
import { sqliteBackend } from "../../backend/sqlite.ts";
import type { Duration } from "../../duration.ts";
import { batch } from "../../layer/batch.ts";
import { memory } from "../../layer/memory.ts";
import { shared, type SharedOptions } from "../../layer/shared.ts";
import type { Observer } from "../../observe/observer.ts";
import { source } from "../../source/source.ts";
import type { Level } from "../../protocol/slot.ts";
import type { Store } from "../../store.ts";
import { writing } from "../../write.ts";
import { namespace, type Through } from "./settings.ts";
import { NotSaved, type Passing, type Truth } from "./truth_sqlite.ts";

/** The stores of a worker, on one backend. */
export interface Tiers {
  readonly backend: Backend<Uint8Array>;
  /** The shared tier, and the same behind a batch, so that both ways of reading meet. */
  readonly stores: ReadonlyArray<Store<string, string>>;
}

/** What tiers are made of. */
export interface TierParts {
  readonly truth: Truth;
  readonly through: Exclude<Through, { readonly kind: "cache-aside" }>;
  readonly lease: number;
  readonly level: Level;
  readonly passing: Passing;
  readonly observer: Observer;
  /** Told what the backend reports of its connections. */
  readonly note: (what: string) => void;
}

/** Entries live longer than any run, so that what is wrong stays wrong. */
const ttl = "1h";

/** What sentinels call the primary. */
const primaryName = "main";

/** What was certainly not applied. */
export function outcomeOf(error: unknown): "aborted" | "unknown" {
  return error instanceof NotSaved ? "aborted" : "unknown";
}

/** The backend that a worker's tier stands on. */
export function openBackend(
  through: TierParts["through"],
  lease: number,
  note: (what: string) => void = () => {},
): Backend<Uint8Array> {
  if (through.kind === "sqlite") return sqliteBackend({ path: through.path });
  const within = `${Math.round(lease / 8)}ms` as const;
  return redisBackend({
    ...through.kind === "redis" ? { url: through.url } : { sentinel: { nodes: through.nodes, name: primaryName } },
    // A half-open connection is noticed within the run.
    connectTimeout: `${Math.round(lease)}ms`,
    onEvent: ({ _tag }) => note(`backend.${_tag}`),
    ...(through.waitReplicas === 0 ? {} : { waitReplicas: { replicas: through.waitReplicas, within } }),
  });
}

/** For how many milliseconds a process goes by the switch of the tier; undefined where it has none. */
export function pollOf(through: TierParts["through"]): number | undefined {
  return through.kind === "redis" ? through.poll : undefined;
}

/** How a tier behaves. */
export interface TierOptions {
  readonly lease: number;
  readonly level: Level;
  /** Milliseconds; a quarter of the lease unless told. */
  readonly timeout?: number;
  readonly observer?: Observer;
  /** For how many milliseconds a process goes by its switch; none unless told. */
  readonly poll?: number | undefined;
}

/** Its switch and the epoch that goes with it, where it has one. */
export function switchOf(poll: number | undefined): Pick<SharedOptions<string>, "switch" | "epoch"> {
  return poll === undefined ? {} : { switch: { poll: poll as Duration }, epoch: "every read" };
}

/** A shared tier in front of a source. */
export function tierOn(
  backend: Backend<Uint8Array>,
  { lease, level, timeout = lease / 4, observer, poll }: TierOptions,
): <K>(below: Store<K, string>) => Store<K, string> {
  return shared({
    backend,
    name: namespace,
    codec: t.string,
    ttl,
    lease: lease as Duration,
    timeout: timeout as Duration,
    level,
    onUnconfirmed: "fail",
    ...switchOf(poll),
    ...(observer === undefined ? {} : { observer }),
  });
}

/** Builds a worker's tiers. */
export function makeTiers({ truth, through, lease, level, passing, observer, note }: TierParts): Tiers {
  const backend = openBackend(through, lease, note);
  const tier = pipe(
    source<string, string>({
      load: truth.load,
      save: async ([change], within) => {
        if (change?.value._tag === "Some") await truth.save(change.key, change.value.value, within, passing);
      },
      outcomeOf,
      commit: (lease / 3) as Duration,
    }),
    tierOn(backend, { lease, level, observer, poll: pollOf(through) }),
  );
  const { invalidations } = through.kind === "redis" ? through : {};
  // The entries of a tier that hears of nothing more must not end by themselves.
  const top = invalidations === undefined
    ? tier
    : memory({ capacity: 1_000, ttl, lease: lease as Duration, invalidations })(tier);
  return { backend, stores: [top, pipe(top, batch({ maxSize: 100 }))] };
}

/** A write whose value is not published, only cleared. */
export function clearingWrite(
  store: Store<string, string>,
  truth: Truth,
  key: string,
  value: string,
  passing: Passing,
): ReturnType<Store<string, string>["put"]> {
  return store.mutate([key], writing((within) => truth.save(key, value, within, passing), outcomeOf));
}
