import { createClient } from "redis";

/** How many keys a server looks at in one step: it is held up for well under a millisecond. */
const keysAStep = 1_000;

/** A server that does not answer in this time is as good as none, in milliseconds. */
const patience = 3_000;

/** What a server says of itself that decides how it is used. */
export interface Server {
  readonly isCluster: boolean;
}

/** Asks a server what it is; fails at once where nobody answers, without the password in what it says. */
export async function askServer(url: string): Promise<Server> {
  return await withClient(url, async (send) => {
    return { isCluster: /^cluster_enabled:1/m.test(String(await send(["INFO", "cluster"]))) };
  });
}

/** The namespaces on some servers whose tiers have a switch. */
export async function namespacesOn(urls: ReadonlyArray<string>): Promise<ReadonlyArray<string>> {
  const found = new Set<string>();
  for (const url of urls) {
    await withClient(url, async (send) => {
      let cursor = "0";
      do {
        const step = ["SCAN", cursor, "MATCH", "lamina:*:switch:mode", "COUNT", String(keysAStep)];
        const [next, keys] = await send(step) as readonly [unknown, ReadonlyArray<unknown>];
        for (const key of keys) found.add(String(key).split(":")[1]!);
        cursor = String(next);
      } while (cursor !== "0");
    });
  }
  return [...found].sort();
}

/** The url of another node of a cluster, with the same password. */
export function urlAt(url: string, node: string): string {
  const at = new URL(url);
  const colon = node.lastIndexOf(":");
  at.hostname = node.slice(0, colon);
  at.port = node.slice(colon + 1);
  return at.href;
}

async function withClient<A>(
  url: string,
  use: (send: (command: string[]) => Promise<unknown>) => Promise<A>,
): Promise<A> {
  const socket = { reconnectStrategy: false, connectTimeout: patience, socketTimeout: patience } as const;
  const client = createClient({ url, socket });
  // A client without a listener ends the process when its connection breaks; what was sent fails by itself.
  client.on("error", () => {});
  try {
    await client.connect();
  } catch (cause) {
    throw new Error(`Cannot use the switch: expected a Redis at ${new URL(url).host}: received ${cause}`, { cause });
  }
  try {
    return await use((command) => client.sendCommand(command));
  } finally {
    client.destroy();
  }
}
