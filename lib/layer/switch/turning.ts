import type { Operation, Reply } from "../../protocol/slot.ts";
import { askBackend, type Asker } from "../tier/effects.ts";
import type { StoredSwitch } from "./stored.ts";
import { decodeSwitch, encodeSwitch } from "./stored.ts";

/** Where a switch is kept, and by whom it is asked for. */
export interface SwitchPlace extends Asker<Uint8Array, string> {
  readonly slot: string;
  readonly nonce: () => string;
}

/**
 * A switch as it was found: since when it was so, and for how long it is kept, in milliseconds of the server; or why it
 * could not be. A server that may have lost locks keeps what is new for a lease only.
 */
export type Found =
  | { readonly _tag: "Found"; readonly state: StoredSwitch; readonly held: number; readonly kept: number }
  | { readonly _tag: "Missing" }
  | { readonly _tag: "Unreadable" };

/** A switch that could be read. */
export type Known = Exclude<Found, { readonly _tag: "Unreadable" }>;

/** Looks where the switch is. */
export async function readSwitch(place: SwitchPlace): Promise<Found> {
  return foundIn(await askOne(place, { _tag: "look" }));
}

/**
 * Changes the switch to what becomes of it, as one step: whoever else changes it meanwhile makes this one fail. It is a
 * renewal of its entry, whose mark is compared. None: it stays as it is, or is in somebody else's hands.
 */
export async function changeSwitch(
  place: SwitchPlace,
  change: (found: Known) => StoredSwitch | undefined,
): Promise<Changed | undefined> {
  const owner = place.nonce();
  const reply = await askOne(place, { _tag: "refresh", owner, which: "any" });
  if (reply._tag !== "Mine") return undefined;
  const { generation } = reply;
  const found = foundIn(reply);
  const next = found._tag === "Unreadable" ? undefined : change(found);
  if (next === undefined) {
    await askOne(place, { _tag: "release", owner, generation, pass: 0 });
    return undefined;
  }
  const stored = { payload: encodeSwitch(next), age: 0, fresh: Infinity, until: Infinity };
  const filled = await askOne(place, { _tag: "fill", owner, generation, stored });
  return filled._tag === "Filled" ? { state: next, kept: filled.until, held: 0 } : undefined;
}

/** A switch as it is now: since when, and for how long it is kept, in milliseconds. */
export interface Changed {
  readonly state: StoredSwitch;
  readonly kept: number;
  readonly held: number;
}

async function askOne(place: SwitchPlace, operation: Operation<Uint8Array>): Promise<Reply<Uint8Array>> {
  return (await askBackend(place, [{ slot: place.slot, operation }], Infinity))[0]!;
}

function foundIn(reply: Reply<Uint8Array>): Found {
  const missing = { _tag: "Missing" } as const;
  // Claimed is one that somebody is about to make.
  if (reply._tag === "Vacant" || reply._tag === "Busy" || reply._tag === "Mine" && reply.found === undefined) {
    return missing;
  }
  if (reply._tag !== "Hit" && reply._tag !== "Mine") return { _tag: "Unreadable" };
  const { payload, age, until } = reply.found!;
  const state = decodeSwitch(payload);
  return state === undefined ? missing : { _tag: "Found", state, held: age, kept: until };
}
