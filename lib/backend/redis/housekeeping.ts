import type { Buffer } from "node:buffer";
import type { Reply } from "../../protocol/slot.ts";
import type { Call } from "../port.ts";
import { askServer } from "./client.ts";
import { gatherer } from "./gather.ts";
import { learn, send } from "./connection.ts";
import type { Node } from "./node.ts";
import { perform } from "./perform.ts";
import { stepOf } from "./step.ts";
import { isLock } from "./value.ts";

/** How many keys one step of the sweep may look at: half a millisecond of the server's time. */
const keysAStep = 500;

/**
 * Does a step of housekeeping where one is due: at most one each lease, and only while the backend is used.
 *
 * The server is asked again for its policy, identity and time, all of which may change under a live connection. And
 * some keys are looked at for dead locks, which have no ttl where that would let a live one be evicted.
 */
export function keepHouse(node: Node, call: Call, now: number): void {
  if (now - node.kept < call.lease || node.settings.time !== undefined) return;
  const isFirst = node.kept === -Infinity;
  node.kept = now;
  // A connection that was just made knows all this.
  if (isFirst || node.data.phase._tag !== "Ready") return;
  node.kept = Infinity;
  keep(node, call).catch(() => {}).then(() => {
    node.kept = node.settings.clock.now();
  });
}

async function keep(node: Node, call: Call): Promise<void> {
  const { clock } = node.settings;
  const others = [node.guarding, ...(node.telling === undefined ? [] : [node.telling])];
  const connections = [node.data, ...others.filter((each) => each !== node.data && each.phase._tag === "Ready")];
  for (const connection of connections) {
    learn(connection, await askServer((command) => ask(node, command, connection), clock));
  }
  await sweep(node, call);
}

async function sweep(node: Node, call: Call): Promise<void> {
  const reply = await ask(node, ["SCAN", node.cursor, "MATCH", "lamina:*", "COUNT", String(keysAStep)]);
  if (!Array.isArray(reply)) return;
  const keys: ReadonlyArray<string> = reply[1].map(String);
  const kinds = await Promise.all(keys.map((key) => ask(node, ["GETRANGE", key, "0", "0"]).catch(() => undefined)));
  const locks = keys.filter((_, i) => kinds[i] !== undefined && isLock(kinds[i] as Buffer));
  const replies = await settle(node, call, locks);
  node.cursor = String(reply[0]);
  const dropped = replies.filter(({ _tag }) => _tag === "Vacant").length;
  node.settings.onEvent({ _tag: "LocksSwept", node: node.address.name, keys: keys.length, dropped });
}

// The script drops what is dead when it looks, and a look changes nothing else.
function settle(node: Node, call: Call, slots: ReadonlyArray<string>): Promise<ReadonlyArray<Reply<Uint8Array>>> {
  if (slots.length === 0) return Promise.resolve([]);
  return new Promise((resolve) => {
    const gather = gatherer(node.settings.clock)(slots.length, call.within, resolve);
    const requests = slots.map((slot) => ({ slot, operation: { _tag: "look" } } as const));
    slots.forEach((_, index) => perform(stepOf(node, { requests, call, gather }, index)));
  });
}

function ask(node: Node, command: ReadonlyArray<string>, connection = node.data): Promise<unknown> {
  return new Promise((resolve, reject) => send(connection, command, resolve, reject));
}
