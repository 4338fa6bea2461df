import type { Cancel, Clock } from "../../clock.ts";
import type { Listener } from "../port.ts";
import { closeConnection, openConnection, send } from "./connection.ts";
import type { Node } from "./node.ts";

/** Word of changes to slots that were looked at: who wants it, and where it comes from. */
export interface Feed {
  /** See `listen` of {@linkcode Backend}. */
  readonly listen: (listener: Listener<string>) => Cancel;
  /** A node is there from now on. */
  readonly opened: (node: Node) => void;
  /** A node is not there any more. */
  readonly closed: (node: Node) => void;
  /** Whether watched looks are to go to where a node's word comes from: as long as that proves itself alive. */
  readonly isTelling: (node: Node) => boolean;
  /** Slots are on other nodes than before, where nobody was asked to tell of them. */
  readonly moved: () => void;
  readonly close: () => void;
}

interface State {
  readonly clock: Clock;
  readonly listeners: Set<Listener<string>>;
  /** Until when each node's word was certainly heard; never, as long as it is not connected. */
  readonly nodes: Map<Node, Proof>;
  /** The shortest of the listeners' leases. */
  lease: number;
  next: Cancel | undefined;
}

interface Proof {
  /** When the last question was sent that was answered behind everything that was told before. */
  heard: number;
  asking: boolean;
}

/** How often in a lease a connection is asked to prove itself: two answers may be late before the lease is over. */
const proofsALease = 3;

/**
 * Nobody listens yet. As long as somebody does, each node has a connection whose server remembers what was read there
 * and tells when it changes (`CLIENT TRACKING`, RESP 3); watched looks are sent on it, so that word of a change comes
 * before the answer to whatever is asked later. When it is lost, and when it is there again, all may have changed.
 *
 * A half-open connection says nothing. So it is asked again and again (PING): an answer proves that everything was heard
 * that was told before the question, and a lease counts from when that was sent.
 */
export function feeding(clock: Clock): Feed {
  const self: State = { clock, listeners: new Set(), nodes: new Map(), lease: Infinity, next: undefined };
  return {
    listen: (listener) => {
      self.listeners.add(listener);
      for (const [node, proof] of self.nodes) track(self, node, proof);
      tell(self, listener);
      prove(self);
      return () => {
        self.listeners.delete(listener);
        if (self.listeners.size === 0) { for (const node of self.nodes.keys()) untrack(self, node); }
        prove(self);
      };
    },
    opened: (node) => {
      const proof: Proof = { heard: -Infinity, asking: false };
      self.nodes.set(node, proof);
      if (self.listeners.size > 0) track(self, node, proof);
      tellAll(self);
    },
    closed: (node) => {
      untrack(self, node);
      self.nodes.delete(node);
      changed(self, undefined);
      tellAll(self);
    },
    isTelling: (node) =>
      node.telling?.phase._tag === "Ready" && clock.now() < (self.nodes.get(node)?.heard ?? -Infinity) + self.lease,
    moved: () => changed(self, undefined),
    close: () => {
      for (const node of self.nodes.keys()) untrack(self, node);
      changed(self, undefined);
      tellAll(self);
      self.listeners.clear();
      prove(self);
    },
  };
}

function track(self: State, node: Node, proof: Proof): void {
  if (node.telling !== undefined) return;
  const { address, settings: { clock, patience, onEvent } } = node;
  node.telling = openConnection({
    node: address,
    clock,
    patience,
    onChange: (key) => changed(self, key),
    onEvent: (event) => {
      const isUp = event._tag === "ConnectionReady";
      if (isUp || event._tag === "ConnectionLost") proof.heard = isUp ? clock.now() : -Infinity;
      // A server that is another one now remembers nothing of what the old one was asked.
      if (event._tag !== "LevelChanged") changed(self, undefined);
      tellAll(self);
      onEvent(event);
    },
  });
}

function untrack(self: State, node: Node): void {
  if (node.telling === undefined) return;
  closeConnection(node.telling);
  node.telling = undefined;
  self.nodes.get(node)!.heard = -Infinity;
}

function changed({ listeners }: State, slot: string | undefined): void {
  for (const listener of listeners) listener.changed(slot);
}

function tellAll(self: State): void {
  for (const listener of self.listeners) tell(self, listener);
}

/** Nodes are not told apart: as long as one of them cannot be heard, nothing is proven. */
function tell({ nodes }: State, listener: Listener<string>): void {
  let heard = nodes.size === 0 ? -Infinity : Infinity;
  for (const proof of nodes.values()) heard = Math.min(heard, proof.heard);
  listener.proven(heard === -Infinity ? heard : heard + listener.lease);
}

/** Asks all nodes for a proof from time to time, as often as the shortest lease wants. */
function prove(self: State): void {
  const lease = Math.min(Infinity, ...[...self.listeners].map((listener) => listener.lease));
  // Whoever comes and goes meanwhile must not put it off again and again.
  if (lease === self.lease && self.next !== undefined) return;
  self.lease = lease;
  self.next?.();
  self.next = undefined;
  if (lease === Infinity) return;
  self.next = self.clock.after(lease / proofsALease, () => {
    self.next = undefined;
    for (const [node, proof] of self.nodes) ask(self, node, proof);
    prove(self);
  });
}

function ask(self: State, { telling }: Node, proof: Proof): void {
  if (proof.asking || telling?.phase._tag !== "Ready") return;
  const sent = self.clock.now();
  proof.asking = true;
  send(telling, ["PING"], () => {
    proof.asking = false;
    proof.heard = Math.max(proof.heard, sent);
    tellAll(self);
  }, () => proof.asking = false);
}
