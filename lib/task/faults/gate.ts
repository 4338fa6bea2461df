/** Which way bytes go through a gate: requests to the server, or replies from it. */
export type Direction = "requests" | "replies";

/** A TCP proxy in the hands of a fault run or a test. */
export interface Gate extends AsyncDisposable {
  readonly port: number;
  /** From now on new connections go to that port. */
  readonly lead: (port: number) => void;
  /** From now on what arrives in that direction waits; it goes on in order when the gate is opened. */
  readonly hold: (direction: Direction) => void;
  readonly open: (direction: Direction) => void;
  /** From now on everything takes so many milliseconds longer, in each direction. */
  readonly delay: (milliseconds: () => number) => void;
  /** Ends all connections, with whatever is held in them. */
  readonly cut: () => void;
  /** From now on the connections that exist stay silent, in both directions and for ever; new ones work. */
  readonly numb: () => void;
  /** From now on nothing is heard on the connections that exist and track; what is asked on them gets through. */
  readonly mute: () => void;
  /** Waits until something is held in that direction. */
  readonly holding: (direction: Direction) => Promise<void>;
  /** How many pieces were held so far, how many connections were cut, how many are numb, and how many mute. */
  readonly counts: () => {
    readonly held: number;
    readonly cut: number;
    readonly numbed: number;
    readonly muted: number;
  };
}

interface State {
  target: number;
  delay: () => number;
  readonly pairs: Set<Pair>;
  readonly barred: Record<Direction, PromiseWithResolvers<void> | undefined>;
  /** Who waits for something to be held. */
  readonly watchers: Record<Direction, Array<() => void>>;
  /** How many pieces wait now. */
  readonly waiting: Record<Direction, number>;
  readonly counts: { held: number; cut: number; numbed: number; muted: number };
}

interface Pair {
  readonly client: Deno.TcpConn;
  readonly server: Deno.TcpConn;
  readonly pumps: Promise<unknown>;
  numb: boolean;
  /** Whether its client has asked to be told of changes. */
  tracks: boolean;
  mute: boolean;
  closed: boolean;
}

/** Opens a gate to a port of this machine. */
export function openGate(target: number): Gate {
  const state: State = {
    target,
    delay: () => 0,
    pairs: new Set(),
    barred: { requests: undefined, replies: undefined },
    watchers: { requests: [], replies: [] },
    waiting: { requests: 0, replies: 0 },
    counts: { held: 0, cut: 0, numbed: 0, muted: 0 },
  };
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const accepting = accept(state, listener);
  const open = (direction: Direction): void => {
    state.barred[direction]?.resolve();
    state.barred[direction] = undefined;
  };
  const cut = (): void => state.pairs.forEach((pair) => end(state, pair, "cut"));
  return {
    port: listener.addr.port,
    lead: (port) => void (state.target = port),
    hold: (direction) => void (state.barred[direction] ??= Promise.withResolvers()),
    open,
    delay: (milliseconds) => void (state.delay = milliseconds),
    cut,
    numb: () => state.pairs.forEach((pair) => numb(state, pair)),
    mute: () => state.pairs.forEach((pair) => mute(state, pair)),
    holding: (direction) =>
      state.waiting[direction] > 0
        ? Promise.resolve()
        : new Promise((resolve) => void state.watchers[direction].push(resolve)),
    counts: () => ({ ...state.counts }),
    [Symbol.asyncDispose]: async () => {
      listener.close();
      const pumps = [...state.pairs].map((pair) => pair.pumps);
      cut();
      open("requests");
      open("replies");
      await Promise.all([accepting, ...pumps]);
    },
  };
}

async function accept(state: State, listener: Deno.TcpListener): Promise<void> {
  const connecting = new Set<Promise<void>>();
  for (;;) {
    const client = await listener.accept().catch(() => undefined);
    if (client === undefined) break;
    const made = connect(state, client).finally(() => connecting.delete(made));
    connecting.add(made);
  }
  await Promise.all(connecting);
}

async function connect(state: State, client: Deno.TcpConn): Promise<void> {
  const server = await Deno.connect({ hostname: "127.0.0.1", port: state.target }).catch(() => undefined);
  if (server === undefined) return client.close();
  client.setNoDelay();
  server.setNoDelay();
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const pair: Pair = { client, server, pumps: promise, numb: false, tracks: false, mute: false, closed: false };
  state.pairs.add(pair);
  resolve(Promise.all([
    pump(state, pair, client, server, "requests"),
    pump(state, pair, server, client, "replies"),
  ]));
}

function numb(state: State, pair: Pair): void {
  if (!pair.numb) state.counts.numbed += 1;
  pair.numb = true;
}

function mute(state: State, pair: Pair): void {
  if (!pair.tracks || pair.mute) return;
  pair.mute = true;
  state.counts.muted += 1;
}

function end(state: State, pair: Pair, by: "itself" | "cut" = "itself"): void {
  if (pair.closed) return;
  if (by === "cut") state.counts.cut += 1;
  pair.closed = true;
  state.pairs.delete(pair);
  pair.client.close();
  pair.server.close();
}

async function pump(state: State, pair: Pair, from: Deno.TcpConn, to: Deno.TcpConn, way: Direction): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (;;) {
      const length = await from.read(buffer);
      if (length === null) break;
      if (way === "requests" && !pair.tracks) pair.tracks = asksToTrack(buffer.subarray(0, length));
      await pass(state, way);
      // What a numb connection says is lost, as on a cable that was pulled.
      const isLost = (): boolean => pair.numb || pair.mute && way === "replies";
      for (let at = 0; at < length && !isLost();) at += await to.write(buffer.subarray(at, length));
    }
  } catch {
    // Either side ended it, or it was cut.
  }
  end(state, pair);
}

/** In the driver's handshake, which is one piece. */
function asksToTrack(bytes: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(bytes).includes("TRACKING");
}

async function pass(state: State, way: Direction): Promise<void> {
  const delay = state.delay();
  if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
  for (let bar = state.barred[way]; bar !== undefined; bar = state.barred[way]) {
    state.counts.held += 1;
    state.waiting[way] += 1;
    for (const watcher of state.watchers[way].splice(0)) watcher();
    await bar.promise;
    state.waiting[way] -= 1;
  }
}
