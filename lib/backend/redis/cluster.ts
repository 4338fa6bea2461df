import type { Buffer } from "node:buffer";
import type { NodeAddress } from "./client.ts";
import type { Redirection } from "./failure.ts";
import { type Inquiry, inquiry } from "./inquiry.ts";
import { keySlot, slotCount } from "./key_slot.ts";
import { closeNode, type Node, type NodeSettings, openNode } from "./node.ts";
import type { Settings } from "./options.ts";
import type { Router } from "./router.ts";
import { perform } from "./perform.ts";
import type { Step } from "./step.ts";

interface Cluster {
  readonly settings: Settings;
  readonly shared: NodeSettings;
  readonly nodes: Map<string, Node>;
  /** The name of the node that each slot is on. */
  readonly table: Array<string | undefined>;
  /** Where the slots are. */
  readonly slots: Inquiry;
  closed: boolean;
}

/**
 * The keys of a Redis Cluster, each on the node that the cluster says.
 *
 * Each node is a {@linkcode Node} with connections of its own, because each is asked who it is before its first command,
 * and has its own identity, level and time: `createCluster` of npm:redis opens its connections by itself. A key that
 * is elsewhere (MOVED, ASK) was not touched, so that the operation begins anew over there.
 */
export function clusterRouter(settings: Settings): Router {
  const slots = inquiry(settings, {
    commands: [["CLUSTER", "SLOTS"]],
    whom: () => {
      const known = [...self.nodes.values()].map(({ address }) => address);
      return [...known, ...settings.addresses.filter(({ name }) => !self.nodes.has(name))];
    },
    // One node's table, and not a mixture: who answers later may be behind.
    learn: ([reply], from, isFirst) => {
      if (!isFirst) return;
      const ranges = readSlots(reply, from);
      // A node that was made to leave knows of none, and nothing of the others.
      if (ranges.length === 0) throw new Error("the node knows of no slots");
      apply(self, ranges);
    },
  });
  const self: Cluster = {
    settings,
    shared: {
      ...settings,
      onEvent: (event) => {
        if (event._tag === "ConnectionLost") slots.ask();
        settings.onEvent(event);
      },
    },
    nodes: new Map(),
    table: new Array<string | undefined>(slotCount).fill(undefined),
    slots,
    closed: false,
  };
  slots.ask();
  return {
    route: (key) => route(self, key),
    joining: undefined,
    whenSettled: slots.whenSettled,
    redirect: (redirection, step) => redirect(self, redirection, step),
    follow: (redirection, key) => follow(self, redirection, key),
    nodes: () => [...self.nodes.values()],
    close: () => {
      self.closed = true;
      for (const node of self.nodes.values()) closeNode(node);
      slots.close();
    },
  };
}

function route(self: Cluster, key: string): Node | string {
  const node = self.nodes.get(self.table[keySlot(key)] ?? "");
  if (node === undefined || node.data.phase._tag === "Down") self.slots.ask();
  return node ?? (self.closed ? "closed" : self.slots.reason() || "no node has the key's slot");
}

/** The most moves of one operation: a slot that is being moved costs one, and a failover meanwhile another. */
export const mostMoves = 3;

function redirect(self: Cluster, redirection: Redirection, step: Step): boolean {
  if (step.moves >= mostMoves) return false;
  const node = follow(self, redirection, step.request.slot);
  if (node === undefined) return false;
  perform({ ...step, node, asking: redirection.once, moves: step.moves + 1 });
  return true;
}

function follow(self: Cluster, { node: name, once }: Redirection, key: string): Node | undefined {
  if (self.closed) return undefined;
  if (!once) {
    self.table[keySlot(key)] = name;
    self.shared.feed.moved();
    self.slots.ask();
  }
  return nodeAt(self, name);
}

function nodeAt(self: Cluster, name: string): Node {
  const known = self.nodes.get(name);
  if (known !== undefined) return known;
  const made = openNode(addressOf(self, name), self.shared);
  self.nodes.set(name, made);
  return made;
}

function addressOf({ settings: { addresses } }: Cluster, name: string): NodeAddress {
  const colon = name.lastIndexOf(":");
  return { ...addresses[0]!, name, host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
}

/** Slots from the first to the last, and the name of the node that they are on. */
export type Range = readonly [first: number, last: number, name: string];

/** Reads an answer to CLUSTER SLOTS; none for a node that knows of no slots. */
export function readSlots(reply: unknown, from: NodeAddress): ReadonlyArray<Range> {
  return (reply as Array<[number, number, [Buffer | null, number]]>).map(([first, last, [host, port]]) => {
    // A node that does not know its own name is where we found it.
    return [first, last, `${host === null || host.length === 0 ? from.host : host}:${port}`];
  });
}

function apply(self: Cluster, ranges: ReadonlyArray<Range>): void {
  const before = [...self.table];
  self.table.fill(undefined);
  for (const [first, last, name] of ranges) self.table.fill(name, first, last + 1);
  if (before.some((name, slot) => name !== self.table[slot])) self.shared.feed.moved();
  const names = new Set(ranges.map(([, , name]) => name));
  for (const name of names) nodeAt(self, name);
  for (const [name, node] of self.nodes) {
    if (names.has(name)) continue;
    self.nodes.delete(name);
    closeNode(node);
  }
}
