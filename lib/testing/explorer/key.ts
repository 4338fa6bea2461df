import type { Operation, Slot } from "../../protocol/slot.ts";
import { processOf } from "./instances.ts";
import { aboveKey, processesKey } from "./key_above.ts";
import type { Setting } from "./setting.ts";
import type { Moments } from "./time.ts";
import { letterOf } from "./time.ts";
import type { LateWrite, Message, World } from "./world.ts";

/**
 * A world as a short string: the same for two worlds that differ only in the names of readers and writers that are
 * alike, in the names of claims that nobody works on any more, and in times that are in the same order.
 */
export function keyOf(world: World, moments: Moments, setting: Setting): string {
  const at = (time: number): string => letterOf(moments, time);
  const names = nameActors(world, at, setting);
  let key = digit(world.identity) + at(world.changed);
  for (const each of world.source) key += digit(each);
  for (const each of world.acknowledged) key += digit(each);
  for (const each of world.seen) key += digit(each);
  for (const each of world.left) key += digit(each);
  key += names.actors;
  for (const slot of world.slots) key += slotKey(slot, at, names.of);
  if (world.instances.length > 0) key += processesKey(world, { digit, code: codeOf, of: names.of });
  if (world.copy !== undefined) { for (const slot of world.copy) key += "|" + slotKey(slot, at, names.of); }
  if (world.messages.length > 0) {
    key += ";" + world.messages.map((each) => messageKey(each, at, names.of)).sort().join("");
  }
  if (world.late.length > 0) key += ":" + world.late.map((each) => lateKey(each, at)).sort().join("");
  return key;
}

function digit(count: number): string {
  return digits[count]!;
}

const digits = Array.from({ length: 192 }, (_, i) => String.fromCharCode(48 + i));

interface Names {
  /** What the actors do, in an order that does not depend on who they are. */
  readonly actors: string;
  /** A short name for the owner of a claim or a token, in that order. */
  readonly of: (owner: string) => string;
}

function nameActors(world: World, at: (time: number) => string, setting: Setting): Names {
  const plain = world.readers.map((_, i) => readerKey(world, i, at, setting));
  const readers = world.readers.map(({ owner }, i) => ({ i, owner, key: plain[i]! + relatedKey(world, i, plain) }));
  const writers = world.writers.map((_, i) => ({
    owner: world.writers[i]!.token,
    key: writerKey(world, i, at, setting),
  }));
  readers.sort(byKey);
  writers.sort(byKey);
  const known = new Map<string, string>();
  readers.forEach(({ owner }, i) => owner === "" || known.set(owner, digit(i)));
  writers.forEach(({ owner }, i) => known.set(owner, digit(32 + i)));
  const of = (owner: string): string => {
    const name = known.get(owner) ?? digit(64 + known.size);
    known.set(owner, name);
    return name;
  };
  let actors = "";
  for (const { i, key } of readers) actors += key + relationKey(world, i, readers);
  for (const { key } of writers) actors += key;
  return { actors, of };
}

function byKey(left: { readonly key: string }, right: { readonly key: string }): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0;
}

/** What the others are like whose loads a reader waits for, or knows to be current: it orders readers alike otherwise. */
function relatedKey({ readers }: World, i: number, plain: ReadonlyArray<string>): string {
  const { waits, current } = readers[i]!;
  if (waits < 0 && current === 0) return "";
  const known = plain.filter((_, other) => (current & (1 << other)) !== 0).sort();
  return `(${waits < 0 ? "" : plain[waits]};${known.join(",")})`;
}

/** The same by their places in that order, which says exactly which they are. */
function relationKey(
  { readers }: World,
  i: number,
  order: ReadonlyArray<{ readonly i: number }>,
): string {
  const { waits, current } = readers[i]!;
  if (waits < 0 && current === 0) return "";
  let known = 0;
  order.forEach(({ i: other }, place) => known |= (current & (1 << other)) === 0 ? 0 : 1 << place);
  return digit(order.findIndex(({ i: other }) => other === waits) + 1) + digit(known);
}

function readerKey(world: World, i: number, at: (time: number) => string, setting: Setting): string {
  const reader = world.readers[i]!;
  const { readers, keys, starts, processes } = setting;
  // Readers are alike only if they read the same key and begin in the same way.
  const kind = keys === 1 && starts.length === 1 ? "" : digit(i % keys) + digit(i % Math.min(readers, starts.length));
  let key = kind + (processes > 0 ? digit(processOf("reader", i, setting)) : "") + codeOf(reader.state);
  if (setting.protocol.names === "each client") key += ownership(world, reader.owner);
  if (reader.state !== "Idle" && reader.state !== "Crashed") {
    key += at(reader.generation) + at(reader.granted) + digit(reader.found) + digit(reader.loaded) +
      digit(reader.acknowledged) + digit(reader.seen) + ownership(world, reader.owner);
    if (setting.patience > 0) key += digit(reader.patience);
    if (reader.above !== undefined) {
      const instance = world.instances[processOf("reader", i, setting)]!;
      key += aboveKey(instance, i, reader.above, { digit, code: codeOf });
    }
    if (reader.answered) key += "#";
    if (reader.superseded) key += "$";
  }
  if (world.joiners.length === 0) return key;
  const waiting = world.joiners.filter((joiner) => joiner.reader === i).map(({ current, acknowledged, seen }) =>
    (current ? "!" : "-") + digit(acknowledged) + digit(seen)
  );
  // What differs in length has an end, so that a key can be read in one way only.
  return key + waiting.sort().join("") + ".";
}

function writerKey(world: World, i: number, at: (time: number) => string, setting: Setting): string {
  const writer = world.writers[i]!;
  const { order, transactions, writers, processes } = setting;
  // Writers are alike only if they write the same keys, and go through them in one order.
  const kind = (order === "opposite" ? digit(i % 2) : "") +
    (transactions.length > 1 ? digit(i % Math.min(writers, transactions.length)) : "") +
    (processes > 0 ? digit(i % processes) + codeOf(writer.above) : "");
  if (writer.state === "Done") return kind + codeOf(writer.state) + ownership(world, writer.token);
  let key = kind + codeOf(writer.state) + digit(writer.position) + at(writer.granted) + digit(writer.version) +
    (writer.applied ? "y" : "n");
  for (const generation of writer.placed) key += at(generation);
  for (const each of writer.confirmed) key += each ? "y" : "n";
  if (transactions.some(({ length }) => length > 1)) key += digit(writer.attempt) + (writer.again ? "!" : "-");
  return key + ownership(world, writer.token);
}

/** Where a name occurs, so that actors that are alike otherwise are told apart by what they own. */
function ownership(world: World, owner: string): string {
  let places = "";
  for (const slot of world.slots) places += digit(placeIn(slot, owner));
  if (world.copy !== undefined) { for (const slot of world.copy) places += digit(placeIn(slot, owner)); }
  for (const { slot } of world.instances) places += digit(placeIn(slot, owner));
  let messages = 0;
  for (const { operation } of world.messages) {
    const name = "owner" in operation ? operation.owner : "token" in operation ? operation.token : "";
    if (name === owner) messages++;
  }
  return places + digit(messages);
}

function placeIn(slot: Slot<number>, owner: string): number {
  if (slot._tag === "Claimed") return slot.owner === owner ? 1 : 0;
  if (slot._tag === "Held") return slot.mark?.owner === owner ? 1 : 0;
  return slot._tag === "Locked" ? slot.tokens.findIndex(({ token }) => token === owner) + 1 : 0;
}

function lateKey({ granted, keys }: LateWrite, at: (time: number) => string): string {
  return at(granted) + keys.map(digit).join("") + ".";
}

const codes = new Map<string, string>();

function codeOf(state: string): string {
  let code = codes.get(state);
  if (code === undefined) {
    code = digit(codes.size);
    codes.set(state, code);
  }
  return code;
}

function slotKey(slot: Slot<number>, at: (time: number) => string, of: (owner: string) => string): string {
  switch (slot._tag) {
    case "Absent":
      return "a";
    case "Void":
      return "v" + at(slot.born) + at(slot.pass) + at(slot.expires);
    case "Claimed":
      return "c" + at(slot.born) + of(slot.owner) + at(slot.generation) + at(slot.deadline);
    case "Locked": {
      let key = (slot.contended ? "L" : "l") + at(slot.born);
      for (const { token, generation, deadline } of slot.tokens) key += of(token) + at(generation) + at(deadline);
      return key + ".";
    }
    case "Held": {
      const { mark } = slot;
      const marked = mark === undefined ? "" : of(mark.owner) + at(mark.generation) + at(mark.deadline);
      return "h" + at(slot.born) + digit(slot.payload) + at(slot.until) + at(slot.expires) + slot.identity + marked +
        (slot.fresh === Infinity ? "." : "/");
    }
  }
}

function messageKey({ key, operation }: Message, at: (time: number) => string, of: (owner: string) => string): string {
  return digit(key) + codeOf(operation._tag) + operationKey(operation, at, of);
}

function operationKey(
  operation: Operation<number>,
  at: (time: number) => string,
  of: (owner: string) => string,
): string {
  switch (operation._tag) {
    case "look":
      return "";
    case "claim":
    case "refresh":
      return of(operation.owner);
    case "fill":
      return of(operation.owner) + at(operation.generation) + digit(operation.stored.payload);
    case "release":
      return of(operation.owner) + at(operation.generation) + (operation.pass > 0 ? "p" : "-");
    case "lock":
      return of(operation.token);
    case "unlock":
      return of(operation.token) + at(operation.generation) + digit(operation.written?.payload ?? 0);
  }
}
