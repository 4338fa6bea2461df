import { Buffer } from "node:buffer";
import { createClient, RESP_TYPES } from "redis";
import type { Clock } from "../../clock.ts";
import { claims, scripts } from "./scripts.ts";
import { readServer, readTime, type Server } from "./server.ts";

/** Where a server is, and how to get in. */
export interface NodeAddress {
  /** Host and port, for events and errors. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
}

/** As much of a client of npm:redis as is used here; replies are Buffers, whose bytes nobody decodes on the way. */
export interface Client {
  readonly connect: () => Promise<unknown>;
  readonly sendCommand: (command: ReadonlyArray<string | Buffer>) => Promise<unknown>;
  readonly destroy: () => void;
}

/**
 * Makes a client for one connection. It has no time-outs of its own: those of npm:redis end when a command is written.
 *
 * `isOver` tells that nobody wants it any more. An attempt that was destroyed before its socket was connected goes on
 * inside npm:redis and would leave an open socket behind, so it is destroyed again when it gets there.
 *
 * With `onChange` the server remembers what is read on the connection, and tells once when it changes (`CLIENT TRACKING`,
 * RESP 3); undefined: any of it may have changed.
 */
export function makeClient(
  node: NodeAddress,
  connectTimeout: number,
  onError: (error: unknown) => void,
  isOver: () => boolean,
  onChange?: (key: string | undefined) => void,
): Client {
  const { host, port } = node;
  const common = { host, port, connectTimeout, reconnectStrategy: false } as const;
  const client = createClient({
    socket: node.tls ? { ...common, tls: true } : common,
    ...(node.username === undefined ? {} : { username: node.username }),
    ...(node.password === undefined ? {} : { password: node.password }),
    ...(node.database === 0 ? {} : { database: node.database }),
    // The handshake then has the CLIENT TRACKING ON in it, and fails with it.
    ...(onChange === undefined ? { RESP: 2 } as const : { RESP: 3, emitInvalidate: true } as const),
    maintNotifications: "disabled",
    disableOfflineQueue: true,
  });
  const endIfOver = (): void => {
    if (isOver()) client.destroy();
  };
  client.on("error", onError).on("connect", endIfOver).on("ready", endIfOver)
    .on("invalidate", (key: Buffer | string | null) => onChange?.(key === null ? undefined : String(key)));
  return {
    connect: () => client.connect(),
    sendCommand: (command) => client.sendCommand(command as Array<string | Buffer>, commandOptions),
    destroy: () => client.destroy(),
  };
}

// Without the default time-out of 5 s, which costs a timer a command; our deadlines are others.
const commandOptions = { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };

/** Ends a client; one that failed before it was connected may refuse, and has nothing left to end. */
export function destroyClient(client: Client): void {
  try {
    client.destroy();
  } catch {
    return;
  }
}

/** Asks a server who it is, before anything else is asked of it, and leaves our scripts there. */
export async function greet(client: Client, clock: Clock): Promise<Server> {
  // Refused, they are sent whole when they are needed; in a cluster's node that just came up they may be.
  for (const { text } of [...Object.values(scripts), claims]) {
    client.sendCommand(["SCRIPT", "LOAD", text]).catch(() => {});
  }
  return await askServer((command) => client.sendCommand(command), clock);
}

/** Asks a server what may change while it runs. */
export async function askServer(
  ask: (command: ReadonlyArray<string>) => Promise<unknown>,
  clock: Clock,
): Promise<Server> {
  const sent = clock.now();
  const [info, time] = await Promise.all([ask(["INFO"]), ask(["TIME"])]);
  if (!Array.isArray(time)) throw new Error("the server does not tell its time");
  return readServer(String(info), readTime(time[0], time[1]), sent, clock.now());
}
