import * as O from "fp-ts/lib/Option.js";
import type { Entry } from "../../store.ts";
import { settled } from "./clock.ts";
import { close, start } from "./process.ts";
import type { Life, World } from "./world.ts";
import { violate } from "./world.ts";

/** The most appointments of a run: a hundred times what the longest one has. */
const mostSteps = 100_000;

/** Lets everything happen that is under way, until nothing is. */
export async function rest(world: World): Promise<void> {
  for (let steps = 0; steps < mostSteps; steps++) {
    await settled();
    if (!world.clock.step()) return;
  }
  violate(world, "I5", `more than ${mostSteps} appointments: it does not come to rest`);
}

/** How often leases may pass until a tier keeps what it loads: what was stored on probation ends, and history is forgotten. */
const rounds = 4;

/** Checks a system in which nothing is under way any more: I1 and I6, and that it can be closed. */
export async function checkQuiet(world: World): Promise<void> {
  const { setting: { behind, lease }, clock, lives, armed, started } = world;
  armed.length = 0;
  world.quiet = true;
  const open = lives.flatMap((life) => life === undefined ? [] : [life]);
  for (const { state, name } of open) if (state !== "open") violate(world, "I5", `${name} is still ${state}`);
  await clearAll(world, open);
  clock.skip(lease + 1 + (started > 1 ? behind : 0));
  // What a tier in memory has may hide what lies below: a newcomer has nothing yet.
  open.push(start(world, world.plan.processes));
  for (const life of open) await checkCurrent(world, life, [...world.rows.keys()]);
  for (const life of open) {
    for (const key of world.rows.keys()) await checkRecovery(world, life, key);
  }
  for (const life of open) await checkClosing(world, life);
}

/** What changed behind the caches is what they have once they were invalidated; in a quiet system that succeeds. */
async function clearAll(world: World, [life]: ReadonlyArray<Life>): Promise<void> {
  if (life === undefined || !world.recorded.some(({ action: { does } }) => does === "change")) return;
  const done = await answered(world, life.store.invalidateAll()());
  if (done?._tag !== "Right") violate(world, "I5", `a quiet invalidation by ${life.name} ended with ${done?._tag}`);
}

/** I1: what is read is what the source has. */
async function checkCurrent(
  world: World,
  life: Life,
  keys: ReadonlyArray<string>,
): Promise<ReadonlyArray<Entry<string> | undefined>> {
  const entries = await answered(world, life.store.entries(keys)());
  return keys.map((key, i) => {
    const entry = entries?.[i];
    const expected = world.rows.get(key);
    if (entry === undefined || entry._tag === "Left") {
      violate(world, "I5", `a quiet read of ${key} by ${life.name} ended with ${entry?.left._tag ?? "nothing"}`);
      return undefined;
    }
    const value = O.toUndefined(entry.right.value);
    if (value !== expected) {
      const reason = `all is over and ${life.name} reads ${value ?? `no ${key}`}, but the source has ${
        expected ?? `no ${key}`
      }`;
      violate(world, "I1", reason);
    }
    return entry.right;
  });
}

/** I6: a read fills, and the next one hits; what is known without asking is current as well. */
async function checkRecovery(world: World, life: Life, key: string): Promise<void> {
  const { setting: { stack, lease }, rows, clock } = world;
  const value = rows.get(key);
  if (life.store.tiers === 0 || stack.keeps?.(value) === false) return;
  let verdict: string | undefined;
  for (let round = 0; round < rounds; round++) {
    await checkCurrent(world, life, [key]);
    const [entry] = await checkCurrent(world, life, [key]);
    verdict = entry?.verdict._tag;
    if (verdict === "HitMemory" || verdict === "HitShared") break;
    if (round === rounds - 1) {
      violate(world, "I6", `all is over and a second read of ${key} by ${life.name} ends ${verdict}`);
    }
    clock.skip(lease + 1);
  }
  const known = life.store.peek(key);
  if (O.isSome(known) && O.toUndefined(known.value) !== value) {
    violate(world, "I1", `all is over and ${life.name} peeks at ${O.toUndefined(known.value)}, not ${value}`);
  }
}

/** A closed process answers everything with `Closed`, and leaves nothing behind. */
async function checkClosing(world: World, life: Life): Promise<void> {
  await answered(world, close(world, life));
  if (life.state !== "closed") violate(world, "I5", `the close of ${life.name} never ended`);
  const key = world.rows.keys().next().value!;
  const read = await answered(world, life.store.get(key)());
  const write = await answered(world, life.store.put(key, "too late")());
  const errors = [
    read?._tag === "Left" ? read.left._tag : read?._tag,
    write?._tag === "Left" ? write.left.error._tag : write?._tag,
  ];
  if (errors.some((error) => error !== "Closed")) {
    violate(world, "I5", `${life.name} was closed, and answered ${errors.join(" and ")}`);
  }
}

/** What goes on behind an answer in a quiet system is a few commands and a load, of some milliseconds each. */
const longestBehind = 200;

/** Waits for an answer, and for what goes on behind it, such as a renewal; after which nothing may be left. */
async function answered<A>(world: World, promise: Promise<A>): Promise<A | undefined> {
  let answer: { readonly value: A | undefined; readonly at: number } | undefined;
  promise.then((value) => answer = { value, at: world.clock.now() }, (cause) => {
    violate(world, "I5", `a quiet operation rejected: ${cause}`);
    answer = { value: undefined, at: world.clock.now() };
  });
  for (let steps = 0; steps < mostSteps; steps++) {
    await settled();
    if (!world.clock.step(answer === undefined ? Infinity : answer.at + longestBehind)) break;
  }
  const left = world.clock.pending();
  if (left > 0) violate(world, "I5", `a quiet operation left ${left} timers behind`);
  await rest(world);
  return answer?.value;
}
