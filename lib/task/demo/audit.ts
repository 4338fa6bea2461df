import { type City, isSameCity } from "./city.ts";

/** What a tier would serve for a key; a city is null where it would say that there is none. */
export type HeldSlot = readonly [id: number, city: City | null];

/** What an audit found in a tier. */
export interface TierAudit {
  readonly slots: number;
  /** How many of them differ from the source. */
  readonly stale: number;
}

/** Compares every slot that a tier holds with the source. */
export function auditSlots(held: ReadonlyArray<HeldSlot>, truth: ReadonlyArray<City>): TierAudit {
  const stale = held.filter(([id, city]) => {
    const row = truth[id];
    return row === undefined ? city !== null : city === null || !isSameCity(city, row);
  });
  return { slots: held.length, stale: stale.length };
}

/** The audits of several tiers as one. */
export function sumAudits(audits: ReadonlyArray<TierAudit>): TierAudit {
  return audits.reduce((sum, { slots, stale }) => ({ slots: sum.slots + slots, stale: sum.stale + stale }), {
    slots: 0,
    stale: 0,
  });
}
