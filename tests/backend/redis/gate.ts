/** Between a client and a server: passes bytes on, counts requests, and can cut. */
export interface Gate extends Disposable {
  readonly url: string;
  /** What clients sent, as text, in the order of arrival, over all connections. */
  readonly sent: string[];
  /** Connections made so far. */
  readonly connections: () => number;
  /** Cuts the connection as soon as a text has been sent by the client and passed on to the server. */
  readonly cutAfter: (text: string) => void;
  /** Keeps what servers answer from now on until `release`. */
  readonly hold: () => void;
  readonly release: () => void;
}

/** Opens a gate in front of a port of this machine; `rewrite` may change what servers answer, but not its length. */
export function openGate(port: number, rewrite: (chunk: Uint8Array) => Uint8Array = (chunk) => chunk): Gate {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const sent: string[] = [];
  let cut: string | undefined;
  let held: Promise<void> | undefined;
  let release = (): void => {};
  let count = 0;
  const end = (...connections: ReadonlyArray<Deno.TcpConn>): void => {
    for (const each of connections) if (open.delete(each)) each.close();
  };
  const upward = async (client: Deno.TcpConn, server: Deno.TcpConn): Promise<void> => {
    for await (const chunk of chunks(client)) {
      const text = new TextDecoder("latin1").decode(chunk);
      sent.push(text);
      await writeAll(server, chunk);
      if (cut === undefined || !text.includes(cut)) continue;
      cut = undefined;
      return end(client, server);
    }
    end(client, server);
  };
  const downward = async (client: Deno.TcpConn, server: Deno.TcpConn): Promise<void> => {
    for await (const chunk of chunks(server)) {
      await held;
      await writeAll(client, rewrite(chunk));
    }
    end(client, server);
  };
  const accept = async (): Promise<void> => {
    for await (const client of listener) {
      count++;
      const server = await Deno.connect({ hostname: "127.0.0.1", port });
      open.add(client).add(server);
      upward(client, server).catch(() => end(client, server));
      downward(client, server).catch(() => end(client, server));
    }
  };
  accept().catch(() => {});
  return {
    url: `redis://127.0.0.1:${listener.addr.port}`,
    sent,
    connections: () => count,
    cutAfter: (text) => cut = text,
    hold: () => held = new Promise((resolve) => release = resolve),
    release: () => release(),
    [Symbol.dispose]: () => {
      release();
      listener.close();
      end(...open);
    },
  };
}

async function* chunks(connection: Deno.TcpConn): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(65_536);
  for (;;) {
    const length = await connection.read(buffer);
    if (length === null) return;
    yield buffer.slice(0, length);
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
