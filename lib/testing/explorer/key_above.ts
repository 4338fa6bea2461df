import type { Above } from "./actors.ts";
import type { Instance, Item } from "./instances.ts";
import type { World } from "./world.ts";

/** How the parts of a key are written that stand for what a process is. */
export interface Letters {
  readonly digit: (count: number) => string;
  readonly code: (word: string) => string;
  /** A short name for the owner of a claim or a token. */
  readonly of: (owner: string) => string;
}

/** The processes of a world, for its key. */
export function processesKey(world: World, letters: Letters): string {
  return letters.code(world.pivot) + letters.digit(world.bounded) +
    world.instances.map((each) => instanceKey(each, letters)).join("");
}

function instanceKey(instance: Instance, letters: Letters): string {
  const { digit, code } = letters;
  const { remembered, line, proved, own, seen, delivered, queue } = instance;
  return slotKey(instance, letters) + (remembered ? "y" : "n") + code(line) + (proved ? "y" : "n") +
    digit(own) + digit(seen) + digit(delivered) + queue.map((item) => itemKey(item, letters)).join("") + ".";
}

function slotKey({ slot }: Instance, { digit, of }: Letters): string {
  switch (slot._tag) {
    case "Absent":
    case "Void":
      return "a";
    case "Claimed":
      return "c" + of(slot.owner);
    case "Locked":
      return (slot.contended ? "L" : "l") + slot.tokens.map(({ token }) => of(token)).join("") + ".";
    case "Held":
      return "h" + digit(slot.payload);
  }
}

/** Whose answer it is, stands in what its reader is like. */
function itemKey(item: Item, { digit, code }: Letters): string {
  switch (item._tag) {
    case "Answer":
      return code(item.reply._tag) + (item.reply._tag === "Hit" ? digit(item.reply.found.payload) : "");
    case "Acknowledged":
      return code(item._tag) + digit(item.version);
    default:
      return code(item._tag);
  }
}

/** A reader's read in its process, for its key. */
export function aboveKey(
  { queue }: Instance,
  i: number,
  above: Above,
  { digit, code }: Omit<Letters, "of">,
): string {
  const { state, tracked, asked, own, seen, delivered, bounded } = above;
  const place = asked ? queue.findIndex((item) => item._tag === "Answer" && item.reader === i) + 1 : 0;
  return code(state) + (tracked ? "y" : "n") + (asked ? "y" : "n") + digit(place) + digit(own) + digit(seen) +
    digit(delivered) + digit(bounded);
}
