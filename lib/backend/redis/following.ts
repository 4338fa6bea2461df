import type { Request } from "../port.ts";

/** Of requests of one call that are on one slot, which comes after which, by position. */
export type Following = ReadonlyMap<number, number>;

/** Where none comes after another. */
export const none: Following = new Map();

/**
 * Requests on one slot take effect in their order, so that each waits for the answer to the one before: a step may be two
 * commands. Looks change nothing, and need no order.
 */
export function followers(requests: ReadonlyArray<Request<Uint8Array>>): Following {
  const slots = new Set<string>();
  for (const { slot } of requests) slots.add(slot);
  if (slots.size === requests.length) return none;
  const next = new Map<number, number>();
  const last = new Map<string, number>();
  requests.forEach(({ slot }, index) => {
    const before = last.get(slot);
    if (before !== undefined) next.set(before, index);
    last.set(slot, index);
  });
  return next;
}
