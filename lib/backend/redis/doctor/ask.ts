import { late, orLate } from "../../../deadline.ts";
import { systemClock } from "../../../clock.ts";
import { destroyClient, makeClient, type NodeAddress } from "../client.ts";
import { reasonOf } from "../failure.ts";
import { readIdentity, readInfo, readTime } from "../server.ts";
import { type Ask, type KeyBounds, lookAtKeys } from "./keys.ts";
import type { NodeReading, ServerReading } from "./readings.ts";

/** What bounds the questions to one server. */
export interface AskBounds {
  /** For the connection and each answer, in milliseconds. */
  readonly patience: number;
  readonly keys: KeyBounds;
}

/** A connection to one server, on which anything may be asked; ended by `end`. */
export interface Line {
  readonly ask: Ask;
  readonly end: () => void;
}

/** Connects to a server; rejects with the reason if that cannot be done in time. */
export async function connectTo(node: NodeAddress, patience: number): Promise<Line> {
  let over = false;
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const client = makeClient(node, patience, lost.reject, () => over);
  const end = (): void => {
    over = true;
    lost.reject(new Error("closed"));
    destroyClient(client);
  };
  const inTime = async <A>(answer: Promise<A>): Promise<A> => {
    // What is abandoned may still fail, and nobody would hear of it.
    answer.catch(() => {});
    const outcome = await orLate(systemClock, patience, settled(Promise.race([answer, lost.promise])));
    if (outcome === late) throw new Error(`no answer within ${Math.round(patience)} ms`);
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  };
  try {
    await inTime(Promise.resolve(client.connect()));
  } catch (error) {
    end();
    throw error;
  }
  return { ask: (...command) => inTime(client.sendCommand(command)), end };
}

async function settled<A>(promise: Promise<A>): Promise<PromiseSettledResult<A>> {
  const [outcome] = await Promise.allSettled([promise]);
  return outcome;
}

/** Reads a server; what cannot be read is said in the reading. */
export async function readNode(address: NodeAddress, bounds: AskBounds): Promise<NodeReading> {
  const node = address.name;
  let line: Line;
  try {
    line = await connectTo(address, bounds.patience);
  } catch (error) {
    return { _tag: "Unreached", node, reason: reasonOf(error) };
  }
  const { ask, end } = line;
  try {
    const [server, now] = await readServer(ask);
    const keys = await lookAtKeys(ask, server.identity, now, bounds.keys).catch(reasonOf);
    return { _tag: "Read", node, server, keys };
  } catch (error) {
    return { _tag: "Unreached", node, reason: reasonOf(error) };
  } finally {
    end();
  }
}

/** What it says about itself, and its time. */
async function readServer(ask: Ask): Promise<readonly [ServerReading, now: number]> {
  const fields = readInfo(String(await ask("INFO")));
  const sent = Date.now();
  const began = performance.now();
  const mode = fields.get("redis_mode") ?? "standalone";
  // A sentinel keeps neither keys nor the time.
  const time = mode === "sentinel" ? [sent / 1_000, 0] : await ask("TIME");
  const trip = performance.now() - began;
  if (!Array.isArray(time)) throw new Error("the server does not tell its time");
  const now = readTime(time[0], time[1]);
  const numberOf = (name: string): number => Number(fields.get(name) ?? 0);
  const trackingRefused = mode === "sentinel" ? undefined : await tryTracking(ask);
  const server: ServerReading = {
    version: fields.get("redis_version") ?? "unknown",
    mode,
    role: fields.get("role") ?? "master",
    loading: fields.get("loading") === "1",
    policy: fields.get("maxmemory_policy") ?? "",
    maxmemory: numberOf("maxmemory"),
    used: numberOf("used_memory"),
    evicted: numberOf("evicted_keys"),
    uptime: 1_000 * numberOf("uptime_in_seconds"),
    identity: readIdentity(fields),
    replicas: [...fields].flatMap(([name, value]) => /^slave\d+$/.test(name) ? [readReplica(value)] : []),
    clock: { ahead: now - (sent + trip / 2), error: trip / 2 },
    trackingRefused,
  };
  return [server, now];
}

function readReplica(text: string): { readonly state: string; readonly lag: number } {
  const parts = new Map(text.split(",").map((part) => [part.split("=")[0], part.split("=")[1] ?? ""]));
  return { state: parts.get("state") ?? "unknown", lag: Number(parts.get("lag") ?? 0) };
}

// What is told would come to this connection, which reads nothing.
async function tryTracking(ask: Ask): Promise<string | undefined> {
  try {
    await ask("CLIENT", "TRACKING", "ON", "REDIRECT", String(await ask("CLIENT", "ID")));
    await ask("CLIENT", "TRACKING", "OFF");
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}
