/** Regions that are known to break: what is wrong with each stands between it and its server. */
import { pipe } from "fp-ts/lib/function.js";
import type { Backend } from "../../lib/backend/port.ts";
import type { Reply } from "../../lib/protocol/slot.ts";
import type { SimulatedProcess } from "../../lib/testing/mod.ts";
import type { Store } from "../../mod.ts";
import { sharedIn } from "./stacks.ts";

/** Broken regions. */
export const regions: Readonly<Record<string, (here: SimulatedProcess) => Store<string, string>>> = {
  "an epoch that entries do not carry": (here) => regionOver(here, unmarked(here.backend)),
  "an epoch that is carried from the fill on, not from the claim": (here) => regionOver(here, restamped(here.backend)),
  "an epoch that a process reads once": (here) => regionOver(here, readOnce(here.backend)),
  // Its processes say that each read reads the epoch, and go by it for up to a second.
  "an epoch that is leased secretly": (here) =>
    regionOver(here, readOnce(here.backend, () => Math.floor(here.clock.now() / 1_000))),
};

function regionOver(here: SimulatedProcess, backend: Backend<Uint8Array>): Store<string, string> {
  return pipe(here.source, sharedIn({ ...here, backend }, { epoch: "every read" }));
}

const isPart = (slot: string): boolean => slot.includes("epoch:");

/** Where an entry of a region has its epoch, behind a mark: the ids of two parts. */
const idBytes = 8;

/** The ids of the epoch as a connection last saw them. */
function idsOf(seen: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const ids = new Uint8Array(2 * idBytes);
  // A part is its id and two durations.
  for (const [slot, part] of seen) ids.set(part.subarray(-2 * idBytes, -idBytes), slot.endsWith("hard") ? 0 : idBytes);
  return ids;
}

function stamped(payload: Uint8Array, seen: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const changed = payload.slice();
  changed.set(idsOf(seen), 1);
  return changed;
}

type Run = Backend<Uint8Array>["run"];

function note(
  seen: Map<string, Uint8Array>,
  requests: Parameters<Run>[0],
  replies: ReadonlyArray<Reply<Uint8Array>>,
): void {
  replies.forEach((reply, i) => {
    const { slot } = requests[i]!;
    if (isPart(slot) && reply._tag === "Hit") seen.set(slot, reply.found.payload);
  });
}

/** Whatever is found is of the epoch that was seen last. */
function unmarked(backend: Backend<Uint8Array>): Backend<Uint8Array> {
  const seen = new Map<string, Uint8Array>();
  const run: Run = (requests, call) => async () => {
    const replies = await backend.run(requests, call)();
    note(seen, requests, replies);
    return replies.map((reply, i) =>
      reply._tag !== "Hit" || isPart(requests[i]!.slot)
        ? reply
        : { ...reply, found: { ...reply.found, payload: stamped(reply.found.payload, seen) } }
    );
  };
  return { ...backend, run };
}

/** Whatever is filled is of the epoch that was seen last. */
function restamped(backend: Backend<Uint8Array>): Backend<Uint8Array> {
  const seen = new Map<string, Uint8Array>();
  const run: Run = (requests, call) => async () => {
    const sent = await Promise.all(requests.map(async (request): Promise<typeof request> => {
      const { slot, operation } = request;
      if (isPart(slot) || operation._tag !== "fill") return request;
      const parts = ["hard", "soft"].map((part) => `lamina:text:epoch:${part}`);
      const looks = parts.map((slot) => ({ slot, operation: { _tag: "look" } as const }));
      note(seen, looks, await backend.run(looks, call)());
      return {
        slot,
        operation: { ...operation, stored: { ...operation.stored, payload: stamped(operation.stored.payload, seen) } },
      };
    }));
    return await backend.run(sent, call)();
  };
  return { ...backend, run };
}

/** What was once the epoch is believed until `period` says something else; for ever, where that never happens. */
function readOnce(backend: Backend<Uint8Array>, period: () => number = () => 0): Backend<Uint8Array> {
  const known = new Map<string, Reply<Uint8Array>>();
  let believed = period();
  const run: Run = (requests, call) => async () => {
    if (period() !== believed) known.clear();
    believed = period();
    const replies = await backend.run(requests, call)();
    return replies.map((reply, i) => {
      const { slot, operation } = requests[i]!;
      if (!isPart(slot) || operation._tag !== "look" || reply._tag !== "Hit") return reply;
      const old = known.get(slot) ?? reply;
      known.set(slot, old);
      return old;
    });
  };
  return { ...backend, run };
}
