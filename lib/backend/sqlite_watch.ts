import type { Task } from "fp-ts/lib/Task.js";
import type { Cancel, Clock } from "../clock.ts";
import { watchers } from "./watchers.ts";

/** What waiting asks of a file. It never throws. */
export interface Watched {
  /** Another number after each commit of another connection, of this process or another. */
  readonly version: () => number | undefined;
  /** For how many milliseconds yet readers may be at work on slots; 0 where none is. Undefined: it cannot be read. */
  readonly workLeft: (slots: ReadonlyArray<string>) => ReadonlyArray<number> | undefined;
}

/** How the readers of a file wait for what becomes of others' claims and marks. */
export interface FileWatching {
  /** See `changed` of {@linkcode Backend}. */
  readonly changed: (slot: string, within: number) => Task<void>;
  /** The backend has written a slot. */
  readonly written: (slot: string) => void;
  /** Ends all waits. */
  readonly close: () => void;
}

/**
 * Between two questions whether anybody has written to the file, in milliseconds. One costs 3 µs, so that as long as
 * somebody waits it is a share of 0.15 %; below it timers cost more than they wait.
 */
const pause = 2;

/** The pause in times of what a look at all awaited slots has taken: at most a tenth of the time goes into it. */
const pauseForLooks = 9;

/** How long a wait takes where the file cannot be read: its reader is told why. */
const unreadable = 20;

/**
 * Waiting by SQLite's own count of others' commits (PRAGMA data_version), asked often while somebody waits; when it has
 * changed, the awaited slots are read in one statement. What the backend itself writes wakes its waiters at once.
 */
export function fileWatching(file: Watched, timers: Clock): FileWatching {
  let known: number | undefined;
  let next: Cancel | undefined;
  let closed = false;
  const waiting = watchers<string>(timers, () => {
    next ??= timers.after(pause, tick);
    return () => {
      if (waiting.size() === 0) stop();
    };
  });
  const stop = (): void => {
    next?.();
    next = undefined;
  };
  const tick = (): void => {
    next = undefined;
    const begun = timers.now();
    const version = file.version();
    if (version !== known) wakeWhereNobodyWorks();
    known = version;
    if (waiting.size() > 0) next = timers.after(Math.max(pause, pauseForLooks * (timers.now() - begun)), tick);
  };
  const wakeWhereNobodyWorks = (): void => {
    const slots = waiting.slots();
    file.workLeft(slots)?.forEach((left, i) => {
      if (left <= 0) waiting.wake(slots[i]!);
    });
  };
  return {
    changed: (slot, within) => () => {
      if (closed) return Promise.resolve();
      // Before the slot is read, or a commit in between would be taken for one that was seen.
      if (next === undefined) known = file.version();
      const left = file.workLeft([slot])?.[0] ?? unreadable;
      // Nobody writes when a claim runs out.
      return left <= 0 ? Promise.resolve() : waiting.wait(slot, Math.min(within, left + 1))();
    },
    written: waiting.wake,
    close: () => {
      closed = true;
      waiting.wakeAll();
    },
  };
}
