import * as O from "fp-ts/lib/Option.js";
import type { Backend } from "../../backend/port.ts";
import { toCodec, wire } from "../../codec.ts";
import { slotName } from "../../key.ts";
import type { HeldSlot } from "./audit.ts";
import { City } from "./city.ts";

/** How many slots are looked at in one call. */
const slotsACall = 1_000;

/**
 * Everything that a shared tier would serve, found by looking at the slot of every city, whether it was read or not. A
 * look changes nothing. Rejects if a slot cannot be looked at or read, since then nobody knows.
 */
export async function heldInShared(
  backend: Backend<Uint8Array>,
  namespace: string,
  count: number,
): Promise<ReadonlyArray<HeldSlot>> {
  const nameOf = slotName({ namespace });
  const format = wire(toCodec(City));
  const held: Array<HeldSlot> = [];
  for (let first = 0; first < count; first += slotsACall) {
    const ids = Array.from({ length: Math.min(slotsACall, count - first) }, (_, i) => first + i);
    const requests = ids.map((id) => ({ slot: nameOf(String(id), 0), operation: { _tag: "look" } as const }));
    const replies = await backend.run(requests, { within: 10_000, lease: 10_000, level: "pinned" })();
    replies.forEach((reply, i) => {
      if (reply._tag === "Unreachable") throw unreadable(reply.reason);
      if (reply._tag !== "Hit") return;
      const city = format.decode(reply.found.payload);
      if (city._tag === "Left") throw unreadable(city.left.detail);
      held.push([ids[i]!, O.toNullable(city.right)]);
    });
  }
  return held;
}

function unreadable(reason: string): Error {
  return new Error(`Cannot audit the shared tier: expected every slot to be readable: received ${reason}`);
}
