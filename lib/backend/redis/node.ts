import type { Clock } from "../../clock.ts";
import type { Level } from "../../protocol/slot.ts";
import { closeConnection, type Connection, openConnection, send } from "./connection.ts";
import type { NodeAddress } from "./client.ts";
import type { Feed } from "./feed.ts";
import type { RedisEvent } from "./events.ts";
import type { Joined } from "./join.ts";
import type { Run } from "./step.ts";

/** How many replicas a lock has to reach, and within how many milliseconds. */
export interface Replicas {
  readonly count: number;
  readonly within: number;
}

/** What all nodes of a backend have in common. */
export interface NodeSettings {
  readonly clock: Clock;
  readonly patience: number;
  readonly onEvent: (event: RedisEvent) => void;
  readonly replicas: Replicas | undefined;
  /** Makes the generation of a native claim: a number that no other client makes. */
  readonly generate: () => number;
  /** Who wants word of changes. */
  readonly feed: Feed;
  /** The time instead of the server's, for tests. */
  readonly time: (() => number) | undefined;
  /** Whether several keys may go in one command: not in a cluster, where each may be moved on its own. */
  readonly joins: boolean;
}

/** One server, its connections, and what waits for the end of the turn to go to it. */
export interface Node {
  readonly address: NodeAddress;
  readonly settings: NodeSettings;
  readonly data: Connection;
  /** For what is followed by a WAIT, which blocks its connection. */
  readonly guarding: Connection;
  /** For watched looks, while somebody wants word of changes. */
  telling: Connection | undefined;
  /** Calls of this turn that only look. */
  readonly looks: Run[];
  /** And those of them that are watched. */
  readonly watchedLooks: Run[];
  /** Whether several keys may go in one script. */
  joins: boolean;
  /** Other steps of this turn. */
  readonly joined: Joined[];
  confirmation: Promise<Doubt> | undefined;
  /** When housekeeping was last done, on our clock (infinite while it is being done), and where its sweep stands. */
  kept: number;
  cursor: string;
}

/** Opens the connections to a server. */
export function openNode(address: NodeAddress, settings: NodeSettings): Node {
  const { clock, patience, onEvent, replicas } = settings;
  const open = (longer: number): Connection =>
    openConnection({ node: address, clock, patience: patience + longer, onEvent });
  const data = open(0);
  const self: Node = {
    address,
    settings,
    data,
    guarding: replicas === undefined ? data : open(replicas.within),
    telling: undefined,
    looks: [],
    watchedLooks: [],
    joins: settings.joins,
    joined: [],
    confirmation: undefined,
    kept: -Infinity,
    cursor: "0",
  };
  settings.feed.opened(self);
  return self;
}

/** Ends the connections to a server. */
export function closeNode(self: Node): void {
  closeConnection(self.data);
  closeConnection(self.guarding);
  self.settings.feed.closed(self);
}

/** The level that a server keeps at least; before it was asked, the more cautious one. */
export function levelOf(self: Node): Level {
  return self.data.known?.level ?? "probation";
}

/** Why it is in doubt that enough replicas were reached; undefined if it is not. */
export type Doubt = string | undefined;

/**
 * Asks whether what was sent in this turn reached enough replicas.
 *
 * One WAIT a turn goes out behind everything that was sent before the end of the turn.
 */
export function confirm(self: Node, replicas: Replicas): Promise<Doubt> {
  self.confirmation ??= new Promise((resolve) => {
    queueMicrotask(() => {
      self.confirmation = undefined;
      const command = ["WAIT", String(replicas.count), String(Math.max(1, Math.ceil(replicas.within)))];
      send(self.guarding, command, (count) => {
        const reached = Number(count);
        resolve(reached >= replicas.count ? undefined : `confirmed by ${reached} of ${replicas.count} replicas`);
      }, () => resolve("no confirmation by replicas"));
    });
  });
  return self.confirmation;
}
