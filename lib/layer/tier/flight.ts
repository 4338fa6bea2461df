import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { ReadingEnd } from "../../protocol/reading.ts";
import type { Entry } from "../../store.ts";
import { duplicate } from "../memory/isolate.ts";
import type { Read } from "./read.ts";
import { entryAtEnd } from "./read.ts";
import type { Tier } from "./tier.ts";
import { unpacked } from "./tier.ts";

/** A read of this process that loads, and may fill, or asks what became of another's load, for all that wait for it. */
export interface Flight<V> {
  /** Whether readers have an old value meanwhile, so that they do not wait. */
  readonly isRenewal: boolean;
  /** What others wait for: made for the first of them, and most flights have none. */
  landed: Promise<Landing<V>> | undefined;
  land: ((landing: Landing<V>) => void) | undefined;
  over: boolean;
}

/** What a flight brought: an entry, a failure of the load, or nothing that others could share. */
export type Landing<V> =
  | { readonly _tag: "Loaded"; readonly entry: Entry<V>; readonly copy: () => Option<V> }
  | { readonly _tag: "Failed"; readonly error: CacheError }
  | { readonly _tag: "Nothing" };

/** A read was granted its claim, or a mark, or waits for another process: from now on others may wait for it. */
export function board<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, isRenewal: boolean): void {
  if (read.flight !== undefined) {
    // Who waited and now loads is waited for as before; a renewal is not.
    if (!isRenewal) return void tier.flights.set(read.slot, read.flight);
    disembark(tier, read);
  }
  read.flight = { isRenewal, landed: undefined, land: undefined, over: false };
  tier.flights.set(read.slot, read.flight);
}

/** What a flight brings, for one more that waits for it. */
export function join<V>(flight: Flight<V>): Promise<Landing<V>> {
  if (flight.landed !== undefined) return flight.landed;
  // Who comes when it is over asks for itself.
  if (flight.over) return Promise.resolve(nothing);
  return flight.landed = new Promise((resolve) => flight.land = resolve);
}

/** A read has nothing to share after all: those who waited for it ask for themselves. */
export function disembark<K, V, P, N>(tier: Tier<K, V, P, N>, { flight, slot }: Read<K, V, P, N>): void {
  if (flight === undefined) return;
  if (tier.flights.get(slot) === flight) tier.flights.delete(slot);
  flight.over = true;
  flight.land?.(nothing);
}

/** A read is over: those who wait for it hear what it brought. */
export function land<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, end: ReadingEnd): void {
  const { flight, slot } = read;
  if (flight === undefined || flight.over) return;
  if (tier.flights.get(slot) === flight) tier.flights.delete(slot);
  flight.over = true;
  flight.land?.(landingOf(tier, read, end));
}

const nothing = { _tag: "Nothing" } as const;

function landingOf<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>, end: ReadingEnd): Landing<V> {
  if (end === "Failed") {
    // What went on behind a caller ends with its lease, which is no failure of the load.
    const gaveUp = read.answered && read.error._tag === "TimedOut";
    return gaveUp || isOwn(tier, read) ? nothing : { _tag: "Failed", error: read.error };
  }
  if (end === "Hit" && read.woken > 0) return landingOfHit(tier, read);
  // A value that was there before is no news to those who wait.
  if (read.loaded === undefined) return nothing;
  const { loaded, fill } = read;
  const entry = entryAtEnd(tier, read, end);
  if (entry._tag === "Left") return nothing;
  return landingOfEntry(entry.right, () => {
    const value = fill === undefined ? undefined : unpacked(tier, fill.payload, read.epoch);
    return value?._tag === "Right" ? value.right : ownOf(loaded.value);
  });
}

/** As if each had read for itself: nobody gets what another one may change. */
function landingOfEntry<V>(entry: Entry<V>, copy: () => Option<V>): Landing<V> {
  const { value } = entry;
  const isUnchangeable = value._tag === "None" || typeof value.value !== "object" && typeof value.value !== "function";
  return { _tag: "Loaded", entry, copy: isUnchangeable ? () => value : copy };
}

/** A copy; what is nested too deeply to be copied is shared. */
function ownOf<V>(value: Option<V>): Option<V> {
  try {
    return duplicate(value);
  } catch {
    return value;
  }
}

/** What a read found that had waited for another process: the others need not ask again. */
function landingOfHit<K, V, P, N>(tier: Tier<K, V, P, N>, read: Read<K, V, P, N>): Landing<V> {
  const entry = entryAtEnd(tier, read, "Hit");
  if (entry._tag === "Left") return nothing;
  const { value, stored } = read.found!;
  return landingOfEntry(entry.right, () => {
    const again = unpacked(tier, stored.payload, read.epoch);
    return again._tag === "Right" ? again.right : ownOf(value);
  });
}

/** Whether a failure is that of one caller, who left or ran out of time, and not of the load. */
export function isOwn<K, V, P, N>({ clock }: Tier<K, V, P, N>, { error, ends }: Read<K, V, P, N>): boolean {
  // A timer may fire up to a millisecond early.
  return error._tag === "Cancelled" || error._tag === "TimedOut" && clock.now() >= ends - 1;
}
