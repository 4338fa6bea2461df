import type { NodeAddress } from "./client.ts";
import { type Inquiry, inquiry, textOf } from "./inquiry.ts";
import { closeNode, type Node, type NodeSettings, openNode } from "./node.ts";
import type { SentinelSettings, Settings } from "./options.ts";
import type { Router } from "./router.ts";

interface Sentinels {
  readonly settings: Settings;
  readonly shared: NodeSettings;
  /** Who is the primary. */
  readonly primary: Inquiry;
  node: Node | undefined;
  /** Of the sentinels' configuration that named the node: it grows with each failover. */
  epoch: number;
  closed: boolean;
}

/**
 * How long a primary that answers is believed to be it, in milliseconds: one that was cut off from its sentinels does
 * not know that it was deposed. Short beside a failover, and a question takes as long as a command.
 */
const believed = 5_000;

/**
 * All keys on the primary that the sentinels name. They are asked before the first call, whenever a connection to it is
 * lost, as long as it is down, and from time to time. A server that they name and that is none (yet) says so itself.
 */
export function sentinelRouter(settings: Settings, { name, primary: address }: SentinelSettings): Router {
  const primary = inquiry(settings, {
    commands: [["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name], ["SENTINEL", "MASTER", name]],
    whom: () => settings.addresses,
    // All of them: three of more might be those that do not know of a failover yet.
    atOnce: settings.addresses.length,
    // Of several answers the one counts that knows of the latest failover.
    learn: (replies) => followLatest(self, address, [readNamed(replies)], self.epoch),
    // All of them are behind: somebody had them begin anew.
    allAnswered: (answers) => followLatest(self, address, answers.map(readNamed), -1),
  });
  const self: Sentinels = {
    settings,
    shared: {
      ...settings,
      onEvent: (event) => {
        if (event._tag === "ConnectionLost") primary.ask();
        settings.onEvent(event);
      },
    },
    primary,
    node: undefined,
    epoch: -1,
    closed: false,
  };
  primary.ask();
  return {
    route: () => current(self) ?? (self.closed ? "closed" : primary.reason() || "no primary is known"),
    get joining() {
      return settings.time === undefined ? current(self) : undefined;
    },
    whenSettled: primary.whenSettled,
    redirect: undefined,
    follow: undefined,
    nodes: () => self.node === undefined ? [] : [self.node],
    close: () => {
      self.closed = true;
      if (self.node !== undefined) closeNode(self.node);
      primary.close();
    },
  };
}

function current(self: Sentinels): Node | undefined {
  const { node, primary, settings: { clock } } = self;
  const isDown = node === undefined || node.data.phase._tag === "Down";
  if (isDown || clock.now() - primary.askedAt() > believed) primary.ask();
  return node;
}

/** Whom a sentinel names, and the epoch of its configuration. */
interface Named {
  readonly host: string;
  readonly port: number;
  readonly epoch: number;
}

function readNamed([place, known]: ReadonlyArray<unknown>): Named {
  if (!Array.isArray(place) || !Array.isArray(known)) throw new Error("an answer that is none of a sentinel");
  const fields = known.map(textOf);
  const epoch = Number(fields[fields.indexOf("config-epoch") + 1]);
  return { host: textOf(place[0]), port: Number(textOf(place[1])), epoch };
}

function followLatest(self: Sentinels, address: NodeAddress, named: ReadonlyArray<Named>, least: number): void {
  const [latest] = named.toSorted((one, other) => other.epoch - one.epoch);
  if (latest !== undefined && latest.epoch >= least) follow(self, address, latest);
}

function follow(self: Sentinels, address: NodeAddress, { host, port, epoch }: Named): void {
  if (self.closed) return;
  self.epoch = epoch;
  const name = `${host}:${port}`;
  const before = self.node;
  if (before?.address.name === name) return;
  self.node = openNode({ ...address, name, host, port }, self.shared);
  if (before === undefined) return;
  // What is under way there is unknown, as with any connection that is lost.
  closeNode(before);
  self.settings.onEvent({ _tag: "PrimaryChanged", node: name });
}
