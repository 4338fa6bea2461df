/**
 * Symbolic time. Only the order of moments counts, and which of them lie whole leases apart: so times are numbers with
 * the lease as a large unit, and are renumbered after each step to small ones in the same order. That makes the worlds
 * finite, and two that differ in nothing but the hour the same.
 */
import type { Mark, Operation, Slot } from "../../protocol/slot.ts";
import type { World } from "./world.ts";

/** The lease of a world. */
export const lease: number = 2 ** 16;

/** The moment of every renumbered world: nothing in it is as old as its zero. */
export const start: number = 8 * lease;

/** When entries end: after everything else in a world. */
export const far: number = 1_000 * lease;

/** A time that says nothing. */
export const never: number = -Infinity;

// Between two moments there is room for as many steps as one step of a world may take.
const gap = 1_024;

/** The most different moments within one lease that a key of a state can tell apart. */
const mostRanks = 24;

/** The moments of a world in order: what renumbers its times. */
export interface Moments {
  /** The last one that has passed. */
  readonly now: number;
  /** What is not younger than this matters no more. */
  readonly oldest: number;
  /** How long after the last one the others are, without whole leases. */
  readonly fractions: ReadonlyArray<number>;
}

/** Reads the moments of a world. */
export function momentsOf(world: World): Moments {
  const times: Array<number> = [];
  const oldest = world.now - 2 * lease;
  visitTimes(world, (time) => {
    if (time > oldest && time < far) times.push(time);
  });
  let since = Infinity;
  for (const time of times) since = Math.min(since, modulo(world.now - time));
  const now = since === Infinity ? world.now : world.now - since;
  const fractions: Array<number> = [];
  for (const time of times) {
    const fraction = modulo(time - now);
    if (!fractions.includes(fraction)) fractions.push(fraction);
  }
  if (fractions.length > mostRanks) {
    throw new RangeError(`Cannot explore a world: expected at most ${mostRanks} moments: received ${fractions.length}`);
  }
  return { now, oldest, fractions: fractions.sort((left, right) => left - right) };
}

function modulo(time: number): number {
  return ((time % lease) + lease) % lease;
}

/** A time as one character, the same for the same place among a world's moments. */
export function letterOf({ now, oldest, fractions }: Moments, time: number): string {
  if (time === never) return "-";
  if (time >= far) return "+";
  if (time <= oldest) return "<";
  const distance = Math.floor((time - now) / lease);
  return letters[(distance + 2) * mostRanks + fractions.indexOf(modulo(time - now))]!;
}

const letters = Array.from({ length: 6 * mostRanks }, (_, i) => String.fromCharCode(64 + i));

/** A world with its times renumbered. */
export function renumber(world: World, { now, oldest, fractions }: Moments): World {
  const at = (time: number): number => {
    if (time === never || time >= far) return time;
    if (time <= oldest) return 0;
    return start + Math.floor((time - now) / lease) * lease + fractions.indexOf(modulo(time - now)) * gap;
  };
  return {
    ...world,
    now: start,
    slots: world.slots.map((slot) => mapSlot(slot, at)),
    readers: world.readers.map((each) =>
      each.state === "Idle" ? each : { ...each, generation: at(each.generation), granted: at(each.granted) }
    ),
    writers: world.writers.map((each) =>
      each.state === "Done" ? each : { ...each, placed: each.placed.map(at), granted: at(each.granted) }
    ),
    messages: world.messages.map((each) => ({ ...each, operation: mapOperation(each.operation, at) })),
    late: world.late.map((each) => ({ ...each, granted: at(each.granted) })),
    copy: world.copy?.map((slot) => mapSlot(slot, at)),
    changed: at(world.changed),
  };
}

function mapSlot(slot: Slot<number>, at: (time: number) => number): Slot<number> {
  switch (slot._tag) {
    case "Absent":
      return slot;
    case "Void":
      return { ...slot, born: at(slot.born), pass: at(slot.pass), expires: at(slot.expires) };
    case "Claimed":
      return { ...slot, born: at(slot.born), ...mapLease(slot, at) };
    case "Locked":
      return {
        ...slot,
        born: at(slot.born),
        tokens: slot.tokens.map((each) => ({ ...each, ...mapLease(each, at) })),
      };
    case "Held": {
      const mark: Mark | undefined = slot.mark && { ...slot.mark, ...mapLease(slot.mark, at) };
      return { ...slot, born: at(slot.born), until: at(slot.until), expires: at(slot.expires), mark };
    }
  }
}

function mapLease({ generation, deadline }: Omit<Mark, "owner">, at: (time: number) => number): Omit<Mark, "owner"> {
  return { generation: at(generation), deadline: at(deadline) };
}

function mapOperation(operation: Operation<number>, at: (time: number) => number): Operation<number> {
  return "generation" in operation ? { ...operation, generation: at(operation.generation) } : operation;
}

function visitTimes(world: World, visit: (time: number) => void): void {
  for (const slot of world.slots) visitSlot(slot, visit);
  for (const slot of world.copy ?? []) visitSlot(slot, visit);
  for (const { generation, granted } of world.readers) {
    visit(generation);
    visit(granted);
  }
  for (const { placed, granted } of world.writers) {
    for (const generation of placed) visit(generation);
    visit(granted);
  }
  for (const { operation } of world.messages) if ("generation" in operation) visit(operation.generation);
  for (const { granted } of world.late) visit(granted);
  visit(world.changed);
}

function visitSlot(slot: Slot<number>, visit: (time: number) => void): void {
  if (slot._tag === "Absent") return;
  visit(slot.born);
  const leases = slot._tag === "Locked"
    ? slot.tokens
    : slot._tag === "Claimed"
    ? [slot]
    : slot._tag === "Held" && slot.mark !== undefined
    ? [slot.mark]
    : [];
  for (const { generation, deadline } of leases) {
    visit(generation);
    visit(deadline);
  }
  if (slot._tag === "Void") visit(slot.pass);
  if (slot._tag === "Void" || slot._tag === "Held") visit(slot.expires);
  if (slot._tag === "Held") visit(slot.until);
}
