import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Write } from "../../store.ts";
import type { LawsOptions } from "./options.ts";
import type { Material } from "./script.ts";
import type { MakeStore, World } from "./world.ts";
import { answered, isSame, show, silent, worldOf } from "./world.ts";

/** Nothing happens before a task is run. */
export async function checkLazy<K, V>(make: MakeStore<K, V>, { keys, makeValue }: Material<K, V>): Promise<void> {
  const world = worldOf(make, []);
  const { store, clock, rows } = world;
  let ran = 0;
  const write = (): Write<void> => () => (ran += 1, Promise.resolve(E.right(undefined)));
  const body = (): TaskEither<never, void> => () => (ran += 1, Promise.resolve(E.right(undefined)));
  const [key] = keys as readonly [K];
  store.get(key);
  store.getMany(keys);
  store.entries(keys);
  store.put(key, makeValue(1));
  store.remove(key);
  store.mutate(keys, write);
  store.invalidate(keys);
  store.transact(body);
  await clock.advance(1_000);
  if (world.loads > 0 || ran > 0 || rows.size > 0) {
    throw new Error(
      `The store differs: expected nothing to happen: ${world.loads} loads, ${ran} writes, ${rows.size} saves`,
    );
  }
  await store.close();
}

/** Once it is closed, everything answers `Closed`. */
export async function checkClosed<K, V>(
  make: MakeStore<K, V>,
  { keys, makeValue }: Material<K, V>,
  { transacts = true }: Pick<LawsOptions, "transacts">,
): Promise<void> {
  const world = worldOf(make, keys.map((key, i) => [key, makeValue(i + 1)] as const));
  const { store } = world;
  const [key] = keys as readonly [K];
  // Something that it may remember.
  await answered(world, () => store.getMany(keys)());
  for (const close of [store.close, store.close, () => store[Symbol.asyncDispose]()]) {
    const closed = await answered(world, async () => await close());
    if (closed === silent || "rejected" in closed) {
      throw new Error(`The store differs: expected it to close: received ${tell(closed)}`);
    }
  }
  let ran = 0;
  const write = (): Write<void> => () => (ran += 1, Promise.resolve(E.right(undefined)));
  const body = (): TaskEither<never, void> => () => (ran += 1, Promise.resolve(E.right(undefined)));
  const asked: Readonly<Record<string, () => Promise<unknown>>> = {
    get: async () => tagOf(await store.get(key)()),
    getMany: async () => tagOf(await store.getMany(keys)()),
    entries: async () => (await store.entries(keys)()).map(tagOf),
    put: async () => tagOfWrite(await store.put(key, makeValue(9))()),
    remove: async () => tagOfWrite(await store.remove(key)()),
    mutate: async () => tagOfWrite(await store.mutate(keys, write)()),
    invalidate: async () => tagOfWrite(await store.invalidate(keys)()),
    ...(transacts ? { transact: async () => tagOfWrite(await store.transact<void, never>(body)()) } : {}),
  };
  for (const [name, ask] of Object.entries(asked)) await expectClosed(world, name, ask, keys.length);
  if (ran > 0) throw new Error("The store differs: expected no write to be run: it was run");
  if (world.clock.pending() > 0) {
    throw new Error(`The store differs: expected it to leave nothing behind: ${world.clock.pending()} timers are left`);
  }
}

async function expectClosed<K, V>(
  world: World<K, V>,
  name: string,
  ask: () => Promise<unknown>,
  count: number,
): Promise<void> {
  const wanted = name === "entries"
    ? Array.from({ length: count }, () => "Closed")
    : writes.has(name)
    ? "Closed (aborted)"
    : "Closed";
  const received = await answered(world, ask);
  if (received !== silent && "value" in received && isSame(received.value, wanted)) return;
  throw new Error(`The store differs: expected ${name} to answer ${show(wanted)}: received ${tell(received)}`);
}

const writes: ReadonlySet<string> = new Set(["put", "remove", "mutate", "invalidate", "transact"]);

function tagOf(answer: Either<{ readonly _tag: string }, unknown>): string {
  return answer._tag === "Left" ? answer.left._tag : "a value";
}

function tagOfWrite(
  done: Either<{ readonly outcome: string; readonly error: { readonly _tag: string } }, unknown>,
): string {
  return done._tag === "Left" ? `${done.left.error._tag} (${done.left.outcome})` : "committed";
}

function tell(answer: Awaited<ReturnType<typeof answered<unknown, unknown, unknown>>>): string {
  if (answer === silent) return "nothing";
  return "rejected" in answer ? `a rejection: ${show(answer.rejected)}` : show(answer.value);
}
