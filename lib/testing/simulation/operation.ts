import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { Duration } from "../../duration.ts";
import type { Change, ReadOptions, Write } from "../../store.ts";
import type { Action } from "./plan.ts";
import { change, writeOf } from "./source.ts";
import type { Life, Recorded, World } from "./world.ts";
import { meet, momentOf, note, violate } from "./world.ts";

/** The clients of a world: each does one thing after the other. */
export interface Clients {
  /** A client's operation, as soon as the client is free. */
  readonly ask: (action: Action) => void;
  /** A process is gone, and its clients do not wait for it any longer. */
  readonly leave: (life: Life) => void;
}

/** Clients that have nothing to do yet. */
export function clientsOf(world: World): Clients {
  const waiting = new Map<number, Array<Action>>();
  const busy = new Map<number, Life>();
  const next = (client: number): void => {
    busy.delete(client);
    const action = waiting.get(client)?.shift();
    if (action !== undefined) ask(action);
  };
  const ask = (action: Action): void => {
    const { client } = action;
    if (busy.has(client)) return void waiting.set(client, [...waiting.get(client) ?? [], action]);
    const life = world.lives[client % world.plan.processes];
    // Nobody answers where no process is.
    if (life === undefined || life.state === "crashed") return next(client);
    busy.set(client, life);
    void perform(world, action, life).then(() => {
      if (busy.get(client) === life) next(client);
    });
  };
  return {
    ask,
    leave: (life) => {
      for (const [client, own] of [...busy]) if (own === life) next(client);
    },
  };
}

async function perform(world: World, action: Action, life: Life): Promise<void> {
  const recorded: Recorded = {
    action,
    life,
    start: momentOf(world),
    startedAt: world.clock.now(),
    end: undefined,
    endedAt: Infinity,
    reads: [],
    fresh: [],
    outcome: undefined,
    says: "never ended",
    error: undefined,
  };
  world.recorded.push(recorded);
  note(world, () => `client ${action.client + 1} begins ${saidOf(action)}`);
  try {
    const done = await doIt(world, action, life);
    // Who crashed hears nothing.
    if (recorded.life.state === "crashed") return;
    Object.assign(recorded, done);
  } catch (cause) {
    recorded.says = `rejected: ${cause}`;
    violate(world, "I5", `${saidOf(action)} rejected: ${cause}`);
  }
  recorded.end = momentOf(world);
  recorded.endedAt = world.clock.now();
  meet(world, `${action.does} → ${recorded.error ?? recorded.outcome ?? "answered"}`);
  note(world, () => `client ${action.client + 1} ends ${saidOf(action)}: ${recorded.says}`);
}

/** An operation in words. */
export function saidOf({ does, id, keys, told, patience }: Action): string {
  const what = does === "put" || does === "mutate" || does === "change"
    ? keys.map((key) => `${key} = ${key}${id}`)
    : keys;
  const within = patience === Infinity ? "" : ` within ${patience} ms`;
  const named = what.length === 0 ? does : `${does} ${what.join(", ")}`;
  return `${named}${does === "mutate" && told ? ", told" : ""}${within}`;
}

/** What an operation came to. */
type Done = Pick<Recorded, "reads" | "fresh" | "outcome" | "says" | "error">;

function doIt(world: World, action: Action, life: Life): Promise<Done> {
  const { does, id, keys } = action;
  const { store } = life;
  const key = keys[0]!;
  const options: ReadOptions | undefined = action.patience === Infinity
    ? undefined
    : { deadline: action.patience as Duration };
  switch (does) {
    case "get":
      return store.get(key, options)().then((found) => ofRead(keys, found, (value) => [value]));
    case "getMany":
      return store.getMany(keys, options)().then((found) => ofRead(keys, found, (values) => values));
    case "entries":
    case "force":
      return readEntries(world, life, keys, does === "force" ? { ...options, force: true } : options);
    case "peek": {
      const known = store.peek(key);
      return Promise.resolve(known._tag === "None" ? { ...nothing, says: "unknown" } : ofValues(keys, [known.value]));
    }
    case "put":
      return ofWrite(store.put(key, `${key}${id}`));
    case "remove":
      return ofWrite(store.remove(key));
    case "invalidate":
      return ofWrite(store.invalidate(keys));
    case "clear":
      return ofWrite(store.invalidateAll());
    case "clear softly":
      return ofWrite(store.invalidateAll({ mode: "soft" }));
    case "change":
      change(world, key, `${key}${id}`);
      return Promise.resolve({ ...nothing, says: "changed" });
    case "mutate": {
      const changes = keys.map((each): Change<string, string> => ({ key: each, value: O.some(`${each}${id}`) }));
      const written = changes.map(({ value }) => value);
      return ofWrite(store.mutate(keys, writeOf(world, life, changes), action.told ? { written: () => written } : {}));
    }
  }
}

async function readEntries(
  world: World,
  life: Life,
  keys: ReadonlyArray<string>,
  options: ReadOptions | undefined,
): Promise<Done> {
  const entries = await life.store.entries(keys, options)();
  const reads: Array<readonly [string, string | undefined]> = [];
  const fresh: Array<readonly [string, string | undefined]> = [];
  let error: string | undefined;
  entries.forEach((entry, i) => {
    if (entry._tag === "Left") return void (error = entry.left._tag);
    meet(world, `verdict ${entry.right.verdict._tag}`);
    reads.push([keys[i]!, O.toUndefined(entry.right.value)]);
    if (entry.right.fresh > 0) fresh.push(reads.at(-1)!);
  });
  if (entries.length !== keys.length) error = `${entries.length} entries`;
  const verdicts = entries.map((entry) => entry._tag === "Left" ? entry.left._tag : entry.right.verdict._tag);
  return { ...nothing, reads, fresh, says: `${showValues(reads)} (${verdicts.join(", ")})`, error };
}

const nothing: Done = { reads: [], fresh: [], outcome: undefined, says: "", error: undefined };

function ofRead<A>(
  keys: ReadonlyArray<string>,
  found: Either<{ readonly _tag: string }, A>,
  values: (found: A) => ReadonlyArray<Option<string>>,
): Done {
  if (found._tag === "Left") return { ...nothing, says: found.left._tag, error: found.left._tag };
  return ofValues(keys, values(found.right));
}

function ofValues(keys: ReadonlyArray<string>, values: ReadonlyArray<Option<string>>): Done {
  const reads = values.map((value, i) => [keys[i]!, O.toUndefined(value)] as const);
  return { ...nothing, reads, says: showValues(reads) };
}

function showValues(reads: Done["reads"]): string {
  return reads.map(([key, value]) => value ?? `no ${key}`).join(", ");
}

async function ofWrite<A>(write: Write<A, string>): Promise<Done> {
  const done = await write();
  if (done._tag === "Right") return { ...nothing, outcome: "committed", says: "committed" };
  const { outcome, error } = done.left;
  const tag = typeof error === "string" ? error : error._tag;
  return { ...nothing, outcome, says: `${outcome} (${tag})`, error: tag };
}
