import type { Buffer } from "node:buffer";
import { destroyClient, makeClient, type NodeAddress } from "./client.ts";
import type { Redirection } from "./failure.ts";
import { reasonOf } from "./failure.ts";
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
  readonly waiting: Array<() => void>;
  /** Whether somebody was asked for the table, successfully or not. */
  asked: boolean;
  reason: string;
  asking: boolean;
  /** When the table was last asked for, on our clock. */
  askedAt: number;
  /** Ends the questions that are under way. */
  readonly giveUp: Set<(error: unknown) => void>;
  closed: boolean;
}

/** How many nodes are asked for the table at once: one that is down must not keep it from us. */
const askedAtOnce = 3;

/** The least pause between two questions for the table. A failover takes seconds, and each call to a lost node asks. */
const askingPause = 250;

/**
 * The keys of a Redis Cluster, each on the node that the cluster says.
 *
 * Each node is a {@linkcode Node} with connections of its own, because each is asked who it is before its first command,
 * and has its own identity, level and time: `createCluster` of npm:redis opens its connections by itself. A key that
 * is elsewhere (MOVED, ASK) was not touched, so that the operation begins anew over there.
 */
export function clusterRouter(settings: Settings): Router {
  const shared: NodeSettings = {
    ...settings,
    onEvent: (event) => {
      if (event._tag === "ConnectionLost") ask(self);
      settings.onEvent(event);
    },
  };
  const self: Cluster = {
    settings,
    shared,
    nodes: new Map(),
    table: new Array<string | undefined>(slotCount).fill(undefined),
    waiting: [],
    asked: false,
    reason: "",
    asking: false,
    askedAt: -Infinity,
    giveUp: new Set(),
    closed: false,
  };
  ask(self);
  return {
    route: (key) => route(self, key),
    joining: undefined,
    whenSettled: (run) => {
      if (self.asked || self.closed) run();
      else self.waiting.push(run);
    },
    redirect: (redirection, step) => redirect(self, redirection, step),
    nodes: () => [...self.nodes.values()],
    close: () => {
      self.closed = true;
      for (const node of self.nodes.values()) closeNode(node);
      for (const giveUp of self.giveUp) giveUp(new Error("closed"));
      for (const run of self.waiting.splice(0)) run();
    },
  };
}

function route(self: Cluster, key: string): Node | string {
  const node = self.nodes.get(self.table[keySlot(key)] ?? "");
  if (node === undefined || node.data.phase._tag === "Down") ask(self);
  return node ?? (self.closed ? "closed" : self.reason || "no node has the key's slot");
}

/** The most moves of one operation: a slot that is being moved costs one, and a failover meanwhile another. */
const mostMoves = 3;

function redirect(self: Cluster, { node: name, once }: Redirection, step: Step): boolean {
  if (self.closed || step.moves >= mostMoves) return false;
  if (!once) {
    self.table[keySlot(step.request.slot)] = name;
    ask(self);
  }
  perform({ ...step, node: nodeAt(self, name), asking: once, moves: step.moves + 1 });
  return true;
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

/** Asks some nodes where the slots are, unless that is being asked already, or was a moment ago. */
function ask(self: Cluster): void {
  const { clock } = self.settings;
  if (self.closed || self.asking || clock.now() - self.askedAt < askingPause) return;
  self.asking = true;
  const known = [...self.nodes.values()].map(({ address }) => address);
  const others = self.settings.addresses.filter(({ name }) => !self.nodes.has(name));
  const some = shuffled([...known, ...others]).slice(0, askedAtOnce);
  Promise.any(some.map((address) => readTable(self, address))).then((ranges) => {
    if (!self.closed) apply(self, ranges);
    self.reason = "";
  }).catch((error) => {
    self.reason = reasonOf(error instanceof AggregateError ? error.errors[0] : error);
  }).then(() => {
    self.asked = true;
    self.asking = false;
    self.askedAt = clock.now();
    for (const run of self.waiting.splice(0)) run();
  });
}

/** Slots from the first to the last, and the name of the node that they are on. */
type Range = readonly [first: number, last: number, name: string];

// On a connection of its own, so that a replica may be asked too, and a stuck node is given up.
async function readTable(self: Cluster, address: NodeAddress): Promise<Range[]> {
  const { clock, patience } = self.settings;
  let over = false;
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => fail = reject);
  self.giveUp.add(fail);
  const client = makeClient(address, patience, fail, () => over);
  const cancel = clock.after(patience, () => fail(new Error(`no connection within ${patience} ms`)));
  try {
    const asked = client.connect().then(() => client.sendCommand(["CLUSTER", "SLOTS"]));
    const reply = await Promise.race([asked, failed]);
    return (reply as Array<[number, number, [Buffer | null, number]]>).map(([first, last, [host, port]]) => {
      // A node that does not know its own name is where we found it.
      return [first, last, `${host === null || host.length === 0 ? address.host : host}:${port}`];
    });
  } finally {
    over = true;
    self.giveUp.delete(fail);
    cancel();
    destroyClient(client);
  }
}

function apply(self: Cluster, ranges: ReadonlyArray<Range>): void {
  self.table.fill(undefined);
  for (const [first, last, name] of ranges) self.table.fill(name, first, last + 1);
  const names = new Set(ranges.map(([, , name]) => name));
  for (const name of names) nodeAt(self, name);
  for (const [name, node] of self.nodes) {
    if (names.has(name)) continue;
    self.nodes.delete(name);
    closeNode(node);
  }
}

function shuffled<A>(items: ReadonlyArray<A>): A[] {
  return items.map((item) => ({ item, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ item }) => item);
}
