/** A connection to a page of a browser, by the Chrome DevTools Protocol over a WebSocket. */
export interface DevTools {
  /** Sends a command, and gives its result. Rejects with what the browser says against it. */
  readonly send: (
    method: string,
    params?: Readonly<Record<string, unknown>>,
  ) => Promise<Readonly<Record<string, unknown>>>;
  /** Waits for the next event of a name; asked for before what causes it. */
  readonly next: (event: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Answer {
  readonly id?: number;
  readonly method?: string;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

/** A command is answered within milliseconds, a page shown within some hundred; this much is a hang. */
const patience = 30_000;

/** Connects to a page's address. */
export async function connect(url: string): Promise<DevTools> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, PromiseWithResolvers<Readonly<Record<string, unknown>>>>();
  const events = new Map<string, Array<() => void>>();
  socket.onmessage = ({ data }) => {
    const { id, method, result, error }: Answer = JSON.parse(String(data));
    if (method !== undefined) {
      const told = events.get(method) ?? [];
      events.delete(method);
      told.forEach((tell) => tell());
    }
    const sent = id === undefined ? undefined : waiting.get(id);
    if (id !== undefined) waiting.delete(id);
    if (error !== undefined) sent?.reject(new Error(error.message));
    else sent?.resolve(result ?? {});
  };
  const closed = new Promise<void>((resolve) => socket.onclose = () => resolve());
  closed.then(() => waiting.forEach(({ reject }) => reject(new Error("Cannot ask the browser: it hung up"))));
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve();
    socket.onerror = () => reject(new Error(`Cannot connect to the browser at ${url}`));
  });
  let count = 0;
  return {
    send: (method, params = {}) => {
      const sent = Promise.withResolvers<Readonly<Record<string, unknown>>>();
      waiting.set(++count, sent);
      socket.send(JSON.stringify({ id: count, method, params }));
      return within(sent.promise, method);
    },
    next: (event) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      events.set(event, [...events.get(event) ?? [], resolve]);
      return within(promise, event);
    },
    close: () => {
      socket.close();
      return within(closed, "the end");
    },
  };
}

async function within<A>(promise: Promise<A>, what: string): Promise<A> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Cannot wait longer for ${what}: received nothing`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
