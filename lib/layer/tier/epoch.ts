import type { World, WorldListener } from "../../changes.ts";

/** Which world an entry belongs to: entries of another `hard` one are gone, those of another `soft` one stale. */
export interface Epoch {
  readonly hard: Uint8Array;
  readonly soft: Uint8Array;
  /** Whether word comes when it ends. */
  readonly watched: boolean;
}

/** An epoch as it was read, and until when its reader may go by it. */
export interface Reading {
  readonly epoch: Epoch;
  readonly until: number;
  /** When it was asked for, in the process's order of events. */
  readonly began: number;
}

/** What this process knows of an epoch, and who goes by that. */
export interface Knowledge {
  /** Whether it may be gone by without asking for a while. */
  readonly isLeased: boolean;
  /** The newest that was read; it may have ended. */
  known: Reading | undefined;
  /** Of all that were ever read, the one that was asked for last. */
  latest: Reading | undefined;
  /** What is being read for all that ask now. */
  reading: Promise<Reading | undefined> | undefined;
  /** How often word came that another epoch may have begun. */
  life: number;
  /** Whether somebody had to do without before the first one was read. */
  isBlind: boolean;
  readonly listeners: Set<WorldListener>;
}

/** Nothing is known yet. */
export function makeKnowledge(isLeased: boolean): Knowledge {
  return {
    isLeased,
    known: undefined,
    latest: undefined,
    reading: undefined,
    life: 0,
    isBlind: false,
    listeners: new Set(),
  };
}

/** Notes an epoch that was read; one that was asked for before the newest is older, or the same. */
export function learn(self: Knowledge, reading: Reading): void {
  const before = self.latest;
  if (before !== undefined && reading.began < before.began) return;
  self.latest = self.known = reading;
  const mode = before === undefined ? self.isBlind ? "hard" : undefined : changeOf(before.epoch, reading.epoch);
  for (const { changed, known } of self.listeners) {
    if (mode !== undefined) changed(mode);
    known(termOf(self));
  }
}

/** Notes that the epoch could not be read: what is kept meanwhile is of a world that nobody can name. */
export function missed(self: Knowledge): void {
  if (self.latest === undefined) self.isBlind = true;
}

/** Another epoch may have begun: who wants to go by it asks anew, and what is being read is of before. */
export function forget(self: Knowledge, mode: "hard" | "soft"): void {
  self.life++;
  self.known = undefined;
  self.reading = undefined;
  for (const { changed, known } of self.listeners) {
    changed(mode);
    known(termOf(self));
  }
}

/** The epoch for who stands above; `renew` reads it. */
export function worldOf(self: Knowledge, renew: World["renew"]): World {
  return {
    listen: (listener) => {
      self.listeners.add(listener);
      listener.known(termOf(self));
      return () => void self.listeners.delete(listener);
    },
    renew,
  };
}

/** Where each read reads it, what a process knows is what it last read: as long as it reads no other. */
function termOf({ isLeased, known }: Knowledge): number {
  return isLeased ? known?.until ?? -Infinity : Infinity;
}

function changeOf(before: Epoch, after: Epoch): "hard" | "soft" | undefined {
  if (!isAt(before.hard, after.hard, 0)) return "hard";
  return isAt(before.soft, after.soft, 0) ? undefined : "soft";
}

/** Whether two epochs are known, and one. */
export function isSameEpoch(left: Epoch | undefined, right: Epoch | undefined): boolean {
  return left !== undefined && right !== undefined && isAt(left.hard, right.hard, 0) && isAt(left.soft, right.soft, 0);
}

/** A random id is 64 bits: two worlds meet by chance once in more invalidations than anybody makes. */
export const idBytes = 8;

/** Whether the id of a part of an epoch stands there. */
export function isAt(bytes: Uint8Array, part: Uint8Array, at: number): boolean {
  for (let i = 0; i < idBytes; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}
