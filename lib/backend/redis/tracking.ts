import { ErrorReply } from "redis";
import type { Cancel, Clock } from "../../clock.ts";
import { type Client, destroyClient, makeClient, type NodeAddress } from "./client.ts";
import { reasonOf } from "./failure.ts";

/** What a tracking connection needs to know, and whom it tells what. */
export interface TrackingSettings {
  readonly node: NodeAddress;
  readonly clock: Clock;
  /** Milliseconds for making the connection. */
  readonly patience: number;
  /** From now on what is read is remembered by the server. */
  readonly onReady: () => void;
  /** Something may have happened to a key that was read here; to any of them, if none is named. */
  readonly onChange: (key: string | undefined) => void;
  /** What was read here is not remembered any more. */
  readonly onLost: () => void;
  /** The server, or what stands before it, does not want to do this; told once until it does. */
  readonly onRefused: (reason: string) => void;
  /** Nothing was read for a long time, and the connection is closed. */
  readonly onIdle: () => void;
}

/**
 * A connection whose server remembers what is read here and tells when it changes, expires or is evicted (`CLIENT
 * TRACKING`, RESP 3). Each reading is remembered once: after a change it has to be read again.
 *
 * It is made when it is used, and not kept for ever. Like {@linkcode Connection} each attempt is a client of its own.
 */
export interface Tracking {
  readonly settings: TrackingSettings;
  phase: TrackingPhase;
  usedAt: number;
  told: boolean;
  idle: Cancel | undefined;
  drop: ((error: unknown) => void) | undefined;
}

type TrackingPhase =
  | { readonly _tag: "Resting"; readonly until: number }
  | { readonly _tag: "Connecting" }
  | { readonly _tag: "Ready"; readonly client: Client }
  | { readonly _tag: "Closed" };

/** Until the next attempt after a loss: a server that comes back is not crowded, and polls do for as long. */
const restAfterLoss = 1_000;

/** Until the next attempt after a refusal, which ends with a change of somebody's configuration. */
const restAfterRefusal = 60_000;

/** How long a question may stay without an answer; who is told nothing by a half-open connection polls meanwhile. */
const mostSilence = 1_000;

/** How long an unused connection is kept: longer than between two stampedes of a busy service. */
const idleFor = 120_000;

/** Nothing is connected before the first use. */
export function makeTracking(settings: TrackingSettings): Tracking {
  return {
    settings,
    phase: { _tag: "Resting", until: -Infinity },
    usedAt: 0,
    told: false,
    idle: undefined,
    drop: undefined,
  };
}

/** Says that it is wanted, which begins an attempt where one is due, and how far it is. */
export function useTracking(self: Tracking): TrackingPhase["_tag"] {
  const { clock } = self.settings;
  self.usedAt = clock.now();
  if (self.phase._tag === "Resting" && self.phase.until <= self.usedAt) attempt(self);
  return self.phase._tag;
}

/** Asks something; rejects at once where it is not ready. */
export async function askTracked(self: Tracking, commands: ReadonlyArray<ReadonlyArray<string>>): Promise<unknown[]> {
  if (self.phase._tag !== "Ready") throw new Error("not connected");
  const { client } = self.phase;
  const { drop, settings: { clock } } = self;
  const cancel = clock.after(mostSilence, () => drop?.(new Error(`no answer within ${mostSilence} ms`)));
  try {
    return await Promise.all(commands.map((command) => client.sendCommand(command)));
  } finally {
    cancel();
  }
}

/** Ends the connection, and all attempts to make it. */
export function closeTracking(self: Tracking): void {
  if (self.phase._tag === "Closed") return;
  self.phase = { _tag: "Closed" };
  self.idle?.();
  self.drop?.(new Error("closed"));
}

function attempt(self: Tracking): void {
  const { node, clock, patience, onReady, onChange } = self.settings;
  let over = false;
  const cancel = clock.after(patience, () => drop(new Error(`no connection within ${patience} ms`)));
  const drop = (error: unknown): void => {
    if (over) return;
    over = true;
    cancel();
    destroyClient(client);
    lost(self, error);
  };
  const client = makeClient(node, patience, drop, () => over, (key) => {
    if (!over) onChange(key);
  });
  self.drop = drop;
  self.phase = { _tag: "Connecting" };
  client.connect().then(() => {
    if (over) return;
    cancel();
    self.told = false;
    self.phase = { _tag: "Ready", client };
    closeWhenIdle(self);
    onReady();
  }).catch(drop);
}

function lost(self: Tracking, error: unknown): void {
  self.drop = undefined;
  self.idle?.();
  if (self.phase._tag === "Closed") return;
  const { clock, onRefused, onLost } = self.settings;
  // An error of the server's own words came before it was ready: it, or the user it knows us as, cannot do this.
  const isRefused = self.phase._tag === "Connecting" && error instanceof ErrorReply;
  self.phase = { _tag: "Resting", until: clock.now() + (isRefused ? restAfterRefusal : restAfterLoss) };
  if (isRefused && !self.told) onRefused(reasonOf(error));
  if (isRefused) self.told = true;
  onLost();
}

function closeWhenIdle(self: Tracking): void {
  const { clock, onIdle } = self.settings;
  self.idle = clock.after(idleFor, () => {
    if (clock.now() - self.usedAt < idleFor) return closeWhenIdle(self);
    closeTracking(self);
    onIdle();
  });
}
