import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Clock } from "../../clock.ts";
import type { Deadline } from "../../deadline.ts";
import type { DurationLike } from "../../duration.ts";
import { source } from "../../source/source.ts";
import type { Change, Store, Write } from "../../store.ts";
import { delayOf, survives } from "./delay.ts";
import type { Mishap } from "./plan.ts";
import { sourceFaults } from "./plan.ts";
import type { Life, World } from "./world.ts";
import { befall, mark, note } from "./world.ts";

/** What became of a write at the source, as its writer hears it. */
export type Told = "committed" | "aborted" | "unknown";

/** How long a commit, and a load, may take; what takes longer is given up. */
const patience: { readonly commit: DurationLike; readonly load: DurationLike } = { commit: "5s", load: "8s" };

/** By when a write that nobody waits for any more is applied, in milliseconds: before its lease can be over. */
const mostLate = 4_000;

/** A process's way to the source of truth. */
export function sourceOf(world: World, clock: Clock, life: () => Life): Store<string, string> {
  return source<string, string>({
    load: (keys) => load(world, life(), keys),
    save: async (changes, within) => {
      const told = await write(world, life(), changes, within);
      if (told !== "committed") throw told;
    },
    outcomeOf: (error) => error === "aborted" ? "aborted" : "unknown",
    clock,
    commit: patience.commit,
    loadTimeout: patience.load,
  });
}

/** A write of a client's own, to mutate around. */
export function writeOf(
  world: World,
  life: Life,
  changes: ReadonlyArray<Change<string, string>>,
): (within: Deadline) => Write<void, string> {
  return (within) => async () => {
    const told = await write(world, life, changes, within);
    return told === "committed" ? E.right(undefined) : E.left({ outcome: told, error: told });
  };
}

/** What a value that was written to a key is called among all that were. */
export function writtenName(key: string, value: string | undefined): string {
  return `${key}=${value ?? ""}`;
}

function load(world: World, life: Life, keys: ReadonlyArray<string>): Promise<ReadonlyArray<string | undefined>> {
  return new Promise((resolve, reject) => {
    if (life.state === "crashed") return;
    const delay = delayOf(world, `load of ${keys.join(" and ")} by ${life.name}`, "load");
    const { name } = delay;
    const mishap = befall(world, loading, "load");
    world.clock.after(delay.before, () => {
      if (mishap !== undefined) mark(world, mishap, name);
      const values = keys.map((key) =>
        mishap?.fault === "laggingReplica" ? before(world, key, mishap) : world.rows.get(key)
      );
      note(world, () => mishap?.fault === "sourceAborted" ? `${name} fails` : `${name}: ${values.join(", ")}`);
      world.clock.after(delay.after, () => {
        if (life.state === "crashed") return;
        if (mishap?.fault === "sourceAborted") reject("aborted");
        else resolve(values);
      });
    });
  });
}

const loading = new Set(["sourceAborted", "laggingReplica"] as const);

/** What a replica of the source has that lags behind. */
function before(world: World, key: string, { pick }: Mishap): string | undefined {
  const versions = world.versions.get(key)!;
  return versions[Math.max(0, versions.length - 2 - pick % 3)];
}

function write(
  world: World,
  life: Life,
  changes: ReadonlyArray<Change<string, string>>,
  within: Deadline,
): Promise<Told> {
  return new Promise((resolve) => {
    if (life.state === "crashed") return;
    const begun = world.clock.now();
    const delay = delayOf(world, `save of ${changes.map(({ key }) => key).join(" and ")} by ${life.name}`, "save");
    const { name } = delay;
    const mishap = befall(world, saving, "save");
    world.clock.after(delay.before, () => {
      if (!survives(world, life, delay)) return note(world, () => `lost with its process: ${name}`);
      const told = arrive(world, life, name, changes, within, begun, mishap);
      world.clock.after(delay.after, () => life.state === "crashed" || resolve(told));
    });
  });
}

const saving = new Set([...sourceFaults].filter((fault) => fault !== "laggingReplica"));

function arrive(
  world: World,
  life: Life,
  name: string,
  changes: ReadonlyArray<Change<string, string>>,
  within: Deadline,
  begun: number,
  mishap: Mishap | undefined,
): Told {
  if (mishap !== undefined) {
    mark(world, mishap, mishap.fault === "sourceAppliedLate" ? `${name}, ${mishap.later} ms later` : name);
  }
  switch (mishap?.fault) {
    case undefined:
      return commit(world, life, name, changes, within) ? "committed" : "aborted";
    case "sourceAborted":
      return "aborted";
    case "sourceUnknownApplied":
      commit(world, life, name, changes, within);
      return "unknown";
    case "sourceAppliedLate": {
      const at = world.setting.source === "fenced"
        ? mishap.later
        : Math.min(mishap.later, begun + mostLate - world.clock.now());
      world.clock.after(at, () => commit(world, life, `late, ${name}`, changes, within));
      return "unknown";
    }
    default:
      return "unknown";
  }
}

/** Applies a write, all of it at once; a fenced source refuses what comes after its lease. */
function commit(
  world: World,
  life: Life,
  name: string,
  changes: ReadonlyArray<Change<string, string>>,
  within: Deadline,
): boolean {
  if (world.setting.source === "fenced" && (world.clock.now() >= within.at || began(world, changes) <= life.fencedAt)) {
    note(world, () => `${name} is refused: its lease is over`);
    return false;
  }
  for (const { key, value } of changes) change(world, key, toValue(value));
  note(world, () => `${name}: ${changes.map(({ value }) => toValue(value) ?? "nothing").join(", ")}`);
  return true;
}

/** A row is what it was not before; no cache is told. */
export function change(world: World, key: string, value: string | undefined): void {
  world.rows.set(key, value);
  world.versions.get(key)!.push(value);
  world.orders.set(writtenName(key, value), world.orders.size + 1);
}

function toValue(value: Option<string>): string | undefined {
  return O.toUndefined(value);
}

/** When the operation began that writes this: values are written once, so that they tell which one it is. */
function began(world: World, changes: ReadonlyArray<Change<string, string>>): number {
  const { key, value } = changes[0]!;
  const written = toValue(value);
  const operation = world.recorded.find(({ action: { does, id, keys } }) =>
    written === undefined ? does === "remove" && keys[0] === key : written === `${key}${id}`
  );
  return operation?.startedAt ?? -Infinity;
}
