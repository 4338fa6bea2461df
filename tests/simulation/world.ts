/**
 * A small world for exhaustive search: readers and writers of one key, the shipped tables, the shipped slot function,
 * and a source whose value is the number of commits so far. Time stands still, so that no lease ends.
 *
 * Each step is atomic where it takes effect. A reader begins with its first effect and ends with its last, a writer is
 * acknowledged with its last: that orders more pairs of operations than any other timing would, so that what holds here
 * holds for all of them.
 */
import { step } from "../../lib/protocol/machine.ts";
import { reading } from "../../lib/protocol/reading.ts";
import type { ReadingState } from "../../lib/protocol/reading.ts";
import type { At, Operation, Reply, Slot, Stored } from "../../lib/protocol/slot.ts";
import { absent } from "../../lib/protocol/slot.ts";
import { writing } from "../../lib/protocol/writing.ts";
import type { WritingState } from "../../lib/protocol/writing.ts";

/** The slot function, or a mutant of it. */
export type Apply = (
  slot: Slot<number>,
  operation: Operation<number>,
  at: At,
) => readonly [Slot<number>, Reply<number>];

export interface Reader {
  readonly state: ReadingState | "Idle";
  readonly left: number;
  readonly generation: number;
  readonly value: number;
  /** The newest value that this read may not fall behind. */
  readonly floor: number;
}

export interface Writer {
  readonly state: WritingState | "Done";
  readonly generation: number;
  readonly value: number;
}

export interface World {
  readonly slot: Slot<number>;
  readonly source: number;
  readonly readers: ReadonlyArray<Reader>;
  readonly writers: ReadonlyArray<Writer>;
  /** The newest value of an acknowledged write, and of a finished read. */
  readonly acknowledged: number;
  readonly seen: number;
}

/** One step of the world: what happened, what it led to, and which invariant it broke. */
export interface Step {
  readonly says: string;
  readonly world: World;
  readonly broke?: string;
}

export interface Setting {
  readonly apply: Apply;
  readonly start: ReadingState;
  /** Whether writers say what they wrote, so that it may be published. */
  readonly publish: boolean;
}

const at: At = { now: 0, lease: 10, level: "pinned", identity: "", changed: -Infinity };

export function begin(readers: number, readsEach: number, writers: number): World {
  return {
    slot: absent,
    source: 0,
    readers: Array.from(
      { length: readers },
      () => ({ state: "Idle", left: readsEach, generation: 0, value: 0, floor: 0 }),
    ),
    writers: Array.from({ length: writers }, () => ({ state: "Locking", generation: 0, value: 0 })),
    acknowledged: 0,
    seen: 0,
  };
}

export function isOver(world: World): boolean {
  return world.readers.every((reader) => reader.state === "Idle" && reader.left === 0) &&
    world.writers.every((writer) => writer.state === "Done");
}

/** Everything that can happen next. */
export function successors(world: World, setting: Setting): ReadonlyArray<Step> {
  return [
    ...world.readers.flatMap((_, i) => readerSteps(world, i, setting)),
    ...world.writers.flatMap((_, i) => writerSteps(world, i, setting)),
  ];
}

function stored(value: number): Stored<number> {
  return { payload: value, age: 0, fresh: 100, until: 100 };
}

function readerSteps(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const reader = world.readers[i]!;
  if (reader.state !== "Idle") return readerEffects(world, i, reader, reader.state, setting);
  if (reader.left === 0) return [];
  const begun = {
    ...reader,
    state: setting.start,
    left: reader.left - 1,
    floor: Math.max(world.acknowledged, world.seen),
  };
  return readerEffects(world, i, begun, setting.start, setting);
}

function readerEffects(
  world: World,
  i: number,
  reader: Reader,
  state: ReadingState,
  setting: Setting,
): ReadonlyArray<Step> {
  if (state === "Loading" || state === "Bypassing") {
    const loaded = { ...reader, value: world.source };
    return [readerStep(world, i, loaded, "Loaded"), readerStep(world, i, reader, "Failed")];
  }
  const [slot, reply] = setting.apply(world.slot, readerOperation(i, reader, state), at);
  const heard = { ...reader };
  if (reply._tag === "Hit") Object.assign(heard, { value: reply.found.payload });
  if (reply._tag === "Mine") Object.assign(heard, { generation: reply.generation });
  return [readerStep({ ...world, slot }, i, heard, reply._tag === "Hit" ? "Fresh" : reply._tag)];
}

function readerOperation(i: number, reader: Reader, state: ReadingState): Operation<number> {
  const owner = `reader ${i}, read ${reader.left}`;
  const { generation } = reader;
  switch (state) {
    case "Looking":
      return { _tag: "look" };
    case "Claiming":
      return { _tag: "claim", owner };
    case "Healing":
    case "Forcing":
      return { _tag: "refresh", owner, which: "any" };
    case "Filling":
      return { _tag: "fill", owner, generation, stored: stored(reader.value) };
    default:
      return { _tag: "release", owner, generation, pass: 0 };
  }
}

function readerStep(world: World, i: number, reader: Reader, reply: string): Step {
  const state = reader.state as ReadingState;
  const next = step(reading, state, reply);
  const says = `reader ${i} ${state} → ${reply}`;
  if (next in reading) return { says, world: withReader(world, i, { ...reader, state: next as ReadingState }) };
  const idle: Reader = { state: "Idle", left: reader.left, generation: 0, value: 0, floor: 0 };
  const ended = withReader(world, i, idle);
  if (next === "Failed") return { says: `${says} (failed)`, world: ended };
  const done = {
    says: `${says} (read ${reader.value})`,
    world: { ...ended, seen: Math.max(world.seen, reader.value) },
  };
  if (reader.value < reader.floor) return { ...done, broke: "I2/I3: a read went backwards" };
  return reader.value > world.source ? { ...done, broke: "I4: nobody wrote this value" } : done;
}

function writerSteps(world: World, i: number, setting: Setting): ReadonlyArray<Step> {
  const writer = world.writers[i]!;
  if (writer.state === "Done") return [];
  if (writer.state === "Writing") {
    const value = world.source + 1;
    return [
      writerStep({ ...world, source: value }, i, { ...writer, value }, "Committed"),
      writerStep(world, i, writer, "Aborted"),
    ];
  }
  const token = `writer ${i}`;
  const publish = setting.publish && writer.state === "Unlocking" ? stored(writer.value) : undefined;
  const operation: Operation<number> = writer.state === "Locking"
    ? { _tag: "lock", token }
    : { _tag: "unlock", token, generation: writer.generation, written: publish };
  const [slot, reply] = setting.apply(world.slot, operation, at);
  const generation = reply._tag === "Locked" ? reply.generation : writer.generation;
  return [
    writerStep({ ...world, slot }, i, { ...writer, generation }, reply._tag === "Locked" ? "Locked" : "Confirmed"),
  ];
}

function writerStep(world: World, i: number, writer: Writer, reply: string): Step {
  const state = writer.state as WritingState;
  const next = step(writing, state, reply);
  const says = `writer ${i} ${state} → ${reply}`;
  if (next in writing) return { says, world: withWriter(world, i, { ...writer, state: next as WritingState }) };
  const ended = withWriter(world, i, { ...writer, state: "Done" });
  const acknowledged = next === "Committed" ? Math.max(world.acknowledged, writer.value) : world.acknowledged;
  return { says: `${says} (${next} ${writer.value})`, world: { ...ended, acknowledged } };
}

function withReader(world: World, i: number, reader: Reader): World {
  return { ...world, readers: world.readers.with(i, reader) };
}

function withWriter(world: World, i: number, writer: Writer): World {
  return { ...world, writers: world.writers.with(i, writer) };
}
