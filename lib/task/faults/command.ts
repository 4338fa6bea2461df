import { createClient } from "redis";

/** Asks a server on a connection of its own; a server that ends while it answers may leave the question unanswered. */
export async function ask(port: number, ...command: ReadonlyArray<string>): Promise<unknown> {
  const [answer] = await askAll(port, [command]);
  return answer;
}

/** Asks a server several things in one pipeline. */
export async function askAll(
  port: number,
  commands: ReadonlyArray<ReadonlyArray<string>>,
): Promise<ReadonlyArray<unknown>> {
  const client = createClient({ url: `redis://127.0.0.1:${port}`, socket: { reconnectStrategy: false } });
  client.on("error", () => {});
  await client.connect();
  try {
    return await Promise.all(commands.map((command) => client.sendCommand([...command])));
  } finally {
    client.destroy();
  }
}

/** A number that a server says of itself in INFO. */
export async function readInfo(port: number, field: string): Promise<number> {
  const info = String(await ask(port, "INFO", "everything"));
  return Number(new RegExp(`^${field}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
}
