import type { RedisServer } from "../../../tests/servers/redis_server.ts";
import type { Level } from "../../protocol/slot.ts";
import type { Crash } from "./crew.ts";
import type { Through } from "./settings.ts";

/**
 * What must hold under a fault: `linearizable` in the source's commit order (I1 to I4); or `fresh` (I1, I2 and I4, while
 * what a read returned may be followed by something older, within a stated time); or `bounded` (I1 and I4; a read that
 * begins a memory tier's lease after a write was acknowledged returns nothing older); or nothing (a control, which has
 * to be caught).
 */
export type Promised = "linearizable" | "fresh" | "bounded" | "nothing";

/** A run under way, as the one who makes the faults sees it. */
export interface World {
  readonly lease: number;
  /** Notes that something happened, so that a run without its fault is no success. */
  readonly count: (what: string, by?: number) => void;
  readonly pause: (milliseconds: number) => Promise<void>;
  readonly crash: Crash;
  /** Stops a worker for so many milliseconds, as a machine does that has no time for it. */
  readonly stall: (milliseconds: number) => Promise<void>;
}

/** What a fault is made with, and what has to be ended afterwards. */
export interface Site extends AsyncDisposable {
  /** How worker number `index` gets to the tier. */
  readonly through: (index: number) => Through;
  /** How the audit gets there. */
  readonly direct: () => Exclude<Through, { readonly kind: "cache-aside" }>;
  /** What the tiers ask for at least; `pinned` unless told. */
  readonly level?: Level;
  /** How long a lease is, as a share of that of the run; all of it unless told. */
  readonly share?: number;
  /** How many milliseconds there are between two turns of the tier's switch, by the first worker; none unless told. */
  readonly turns?: number;
  /** What the last worker does; all others read and write. */
  readonly last?: "left behind";
  /** One round of the fault; rounds follow each other until the traffic ends. */
  readonly fault: (world: World) => Promise<void>;
  /** Ends the fault, before the audit. */
  readonly heal: (world: World) => Promise<void>;
}

/** A named fault. */
export interface Scenario {
  readonly name: string;
  readonly needs: "redis-server" | "nothing";
  readonly promised: Promised;
  /** For how many milliseconds what is older may still be read, where that is promised; a lease unless told. */
  readonly bound?: number;
  /** Which counts have to be above zero for the fault to have happened. */
  readonly shown: ReadonlyArray<string>;
  /** Which counts have to be zero, since the level in force excludes them. */
  readonly excluded?: ReadonlyArray<string>;
  readonly prepare: (folder: string, start: StartServer) => Promise<Site>;
}

/** Starts a Redis that is stopped at the end of the run. */
export type StartServer = (...args: ReadonlyArray<string>) => Promise<RedisServer>;
