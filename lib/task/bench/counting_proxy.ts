/** A way to a server that counts what goes through it. */
export interface CountingProxy extends AsyncDisposable {
  readonly url: string;
  /** How many round trips something takes. */
  readonly count: (act: () => Promise<unknown>) => Promise<number>;
}

interface Traffic {
  trips: number;
  /** Whether something was sent since the last answer was delivered. */
  asking: boolean;
}

/**
 * How long an answer is kept back, in milliseconds. All that a client sends before it has an answer is one round trip,
 * and on a loopback interface the answer to the beginning of a pipeline would overtake its end.
 */
const delay = 15;

/** Opens a proxy on a free loopback port in front of a server. */
export function openProxy(to: string): CountingProxy {
  const target = new URL(to);
  const traffic: Traffic = { trips: 0, asking: false };
  const open = new Set<Deno.TcpConn>();
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = accept(listener, async (client) => {
    const server = await Deno.connect({ hostname: target.hostname, port: Number(target.port || 6_379) });
    for (const each of [client, server]) open.add(each);
    await Promise.all([ask(client, server, traffic), answer(server, client, traffic)]);
    for (const each of [client, server]) open.delete(each);
  });
  const url = new URL(target);
  url.host = `127.0.0.1:${listener.addr.port}`;
  return {
    url: url.href,
    count: async (act) => {
      const before = traffic.trips;
      await act();
      return traffic.trips - before;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const each of open) close(each);
      await accepting;
    },
  };
}

async function accept(listener: Deno.TcpListener, serve: (client: Deno.TcpConn) => Promise<void>): Promise<void> {
  const serving: Array<Promise<void>> = [];
  for await (const client of listener) serving.push(serve(client));
  await Promise.all(serving);
}

async function ask(client: Deno.TcpConn, server: Deno.TcpConn, traffic: Traffic): Promise<void> {
  await pump(client, (bytes) => {
    if (!traffic.asking) traffic.trips++;
    traffic.asking = true;
    return send(server, bytes);
  });
  close(server);
}

async function answer(server: Deno.TcpConn, client: Deno.TcpConn, traffic: Traffic): Promise<void> {
  await pump(server, async (bytes) => {
    await new Promise((resolve) => setTimeout(resolve, delay));
    traffic.asking = false;
    await send(client, bytes);
  });
  close(client);
}

async function pump(from: Deno.TcpConn, pass: (bytes: Uint8Array) => Promise<void>): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
      await pass(buffer.slice(0, length));
    }
  } catch {
    // One of the two hung up.
  }
}

async function send(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
}

function close(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It was closed from the other side.
  }
}
