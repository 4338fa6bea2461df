import type { Buffer } from "node:buffer";
import type { Task } from "fp-ts/lib/Task.js";
import type { Cancel, Clock } from "../../clock.ts";
import { type Watchers, watchers } from "../watchers.ts";
import { workLeft } from "./awaited.ts";
import { send } from "./connection.ts";
import { readingOf } from "./look.ts";
import type { Node } from "./node.ts";
import type { Router } from "./router.ts";
import { askTracked, closeTracking, makeTracking, type Tracking, useTracking } from "./tracking.ts";

/** How the readers of a backend wait for what becomes of others' claims and marks. */
export interface Watching {
  /** See `changed` of {@linkcode Backend}. */
  readonly changed: (slot: string, within: number) => Task<void>;
  /** Ends all waits, and the connections that were made for them. */
  readonly close: () => void;
  /** How many slots are waited for and looked at, and on how many connections. */
  readonly size: () => { readonly awaited: number; readonly watched: number; readonly connections: number };
}

interface State {
  readonly router: Router;
  readonly clock: Clock;
  readonly watchers: Watchers<string>;
  readonly watches: Map<string, Watch>;
  /** The connections that hear of changes, by the names of their nodes. */
  readonly trackings: Map<string, Tracking>;
  closed: boolean;
}

/** A slot that somebody waits for. */
interface Watch {
  readonly slot: string;
  /** Where it was last read; undefined if its server does not tell of its changes. */
  tracking: Tracking | undefined;
  /** How often it was looked at: what an earlier look is answered does not count. */
  looks: number;
  /** What is to be done next. */
  next: Cancel | undefined;
  /** How long the next pause is where nobody tells of changes. */
  pause: number;
}

/** The most slots that are watched at once; their server remembers each. Who waits for others polls by himself. */
const mostWatched = 10_000;

/** The first pause between two looks where nobody tells of changes: not felt behind a load that is worth a cache. */
const untracked = 20;

/** The least wait for the end of a claim: by the server's time as estimated it may seem to be over before it is. */
const shortest = 5;

/**
 * Between two looks where somebody does: a word that was lost is missed no longer than a waiter's own poll takes. Where
 * nobody does, the pauses double up to it: who has waited for long is not hurt by a share of that.
 */
const tracked = 250;

/**
 * Waiting by client tracking: the server remembers that a slot was read on a connection of its own, and says there when
 * it was filled, released, locked, flushed, evicted, or has expired. A fill for which nobody waits costs nothing.
 *
 * A slot is looked at once for all that wait for it, and again from time to time: often, on the connection of all other
 * commands, as long as nobody tells of its changes. A wait ends at once where nobody is at work on the slot.
 */
export function watching(router: Router, clock: Clock): Watching {
  const self: State = {
    router,
    clock,
    watchers: watchers(clock, (slot) => begin(self, slot)),
    watches: new Map(),
    trackings: new Map(),
    closed: false,
  };
  return {
    // As its server writes the name: it is named so when it changes.
    changed: (slot, within) => () =>
      self.closed ? Promise.resolve() : self.watchers.wait(slot.toWellFormed(), within)(),
    close: () => {
      self.closed = true;
      self.watchers.wakeAll();
      for (const each of self.trackings.values()) closeTracking(each);
      self.trackings.clear();
    },
    size: () => ({
      awaited: self.watchers.size(),
      watched: self.watches.size,
      connections: self.trackings.size,
    }),
  };
}

function begin(self: State, slot: string): Cancel {
  if (self.watches.size >= mostWatched) return () => {};
  const watch: Watch = { slot, tracking: undefined, looks: 0, next: undefined, pause: untracked };
  self.watches.set(slot, watch);
  look(self, watch);
  return () => {
    self.watches.delete(slot);
    watch.looks++;
    watch.next?.();
  };
}

/** Looks whether somebody is still at work on a slot; whatever else was to be done is forgotten. */
function look(self: State, watch: Watch): void {
  const at = ++watch.looks;
  watch.next?.();
  const node = self.router.route(watch.slot);
  if (typeof node !== "string" && node.data.phase._tag === "Connecting") return lookIn(self, watch, untracked);
  // Its readers will be told why it cannot be asked.
  if (typeof node === "string" || node.data.phase._tag !== "Ready") return wakeIn(self, watch, untracked);
  const tracking = trackingOf(self, node);
  const phase = useTracking(tracking);
  // What takes a moment is waited for, so that the slot is not read twice.
  if (phase === "Connecting" && at === 1) return lookIn(self, watch, untracked);
  watch.tracking = phase === "Ready" ? tracking : undefined;
  const commands = [["GET", watch.slot], ["PTTL", watch.slot]];
  const asked = phase === "Ready" ? askTracked(tracking, commands) : askPlainly(node, commands);
  asked.then(([value, ttl]) => {
    if (watch.looks !== at) return;
    const now = node.settings.time?.() ?? readingOf(node.data).now;
    const left = workLeft(value as Buffer | null, Number(ttl), now);
    if (left === undefined) return self.watchers.wake(watch.slot);
    const pause = phase === "Ready" ? tracked : watch.pause;
    // Nothing is told of a claim that runs out before somebody asks for it again.
    if (left < pause) wakeIn(self, watch, Math.max(left + 1, shortest));
    else {
      watch.pause = phase === "Ready" ? untracked : Math.min(tracked, 2 * pause);
      lookIn(self, watch, pause);
    }
  }, () => {
    // It may be elsewhere by now, which its readers find out.
    if (watch.looks === at) wakeIn(self, watch, untracked);
  });
}

function askPlainly({ data }: Node, commands: ReadonlyArray<ReadonlyArray<string>>): Promise<unknown[]> {
  const ask = (command: ReadonlyArray<string>): Promise<unknown> =>
    new Promise((resolve, reject) => send(data, command, resolve, reject));
  return Promise.all(commands.map(ask));
}

function lookIn(self: State, watch: Watch, milliseconds: number): void {
  watch.next = self.clock.after(milliseconds, () => look(self, watch));
}

function wakeIn(self: State, watch: Watch, milliseconds: number): void {
  watch.next = self.clock.after(milliseconds, () => self.watchers.wake(watch.slot));
}

function trackingOf(self: State, node: Node): Tracking {
  const { address, settings: { clock, patience, onEvent } } = node;
  const known = self.trackings.get(address.name);
  if (known !== undefined) return known;
  forgetOthers(self);
  const made: Tracking = makeTracking({
    node: address,
    clock,
    patience,
    onReady: () => lookAgain(self, undefined),
    onChange: (key) => {
      if (key !== undefined) return self.watchers.wake(key);
      for (const { slot, tracking } of [...self.watches.values()]) if (tracking === made) self.watchers.wake(slot);
    },
    onLost: () => lookAgain(self, made),
    onRefused: (reason) => onEvent({ _tag: "WatchRefused", node: address.name, reason }),
    onIdle: () => self.trackings.delete(address.name),
  });
  self.trackings.set(address.name, made);
  return made;
}

/** Looks at what was last read on a connection, or on none that tells of changes. */
function lookAgain(self: State, where: Tracking | undefined): void {
  for (const watch of [...self.watches.values()]) if (watch.tracking === where) look(self, watch);
}

/** Forgets nodes that have left the cluster. */
function forgetOthers({ router, trackings }: State): void {
  const names = new Set(router.nodes().map(({ address }) => address.name));
  for (const [name, each] of trackings) {
    if (names.has(name)) continue;
    trackings.delete(name);
    closeTracking(each);
  }
}
