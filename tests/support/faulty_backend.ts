import type { Backend, MemoryBackend } from "../../mod.ts";
import { memoryBackend } from "../../mod.ts";
import type { Request } from "../../lib/backend/port.ts";
import type { Operation, Reply } from "../../lib/protocol/slot.ts";
import { turn } from "./turn.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";

/**
 * What goes wrong with a request.
 *
 * - `not applied`: answered `Unreachable`, nothing happened
 * - `applied, reported failed`: it took effect, answered `Unreachable`
 * - `applied late`: answered `Unreachable`, takes effect when delivered
 * - `applied twice`: takes effect and is answered, and takes effect again when delivered
 * - `held`: takes effect and is answered when delivered
 * - `answered late`: takes effect, is answered when delivered
 * - `rejects`, `throws`, `short`, `nothing`, `holes`: the backend breaks its contract
 */
export type Fault =
  | "not applied"
  | "applied, reported failed"
  | "applied late"
  | "applied twice"
  | "held"
  | "answered late"
  | "rejects"
  | "throws"
  | "short"
  | "nothing"
  | "holes";

type Bytes = Uint8Array;
type Replies = ReadonlyArray<Reply<Bytes>>;

/** A fault waiting for its request. */
export interface Injected {
  /** Lets what was put off happen. */
  readonly deliver: () => Promise<void>;
}

/** A backend in the test's hands. */
export interface FaultyBackend {
  readonly backend: Backend<Bytes>;
  /** Every call, in order: one is one round trip. */
  readonly calls: Array<ReadonlyArray<Request<Bytes>>>;
  /** The next request with this operation, or the next one that fits, goes wrong. */
  readonly inject: (
    which: Operation<Bytes>["_tag"] | ((request: Request<Bytes>) => boolean),
    fault: Fault,
  ) => Injected;
  /** Every request goes wrong until further notice. */
  readonly down: (fault: Fault | undefined) => void;
  /** What it keeps. */
  readonly slots: () => ReturnType<MemoryBackend<Bytes, string>["inspect"]>;
  /** Forgets everything, locks included, as a restart does. */
  readonly restart: () => void;
}

interface Waiting {
  readonly fits: (request: Request<Bytes>) => boolean;
  readonly fault: Fault;
  readonly delivered: Promise<void>;
}

/** A memory backend of bytes whose requests go wrong as the test says. */
export function faultyBackend(clock: VirtualClock, capacity = 10_000): FaultyBackend {
  const make = () => memoryBackend<Bytes>({ capacity, clock });
  let inner = make();
  let always: Fault | undefined;
  const calls: Array<ReadonlyArray<Request<Bytes>>> = [];
  const waiting: Array<Waiting> = [];
  const never = new Promise<void>(() => {});
  const take = (request: Request<Bytes>): Waiting | undefined => {
    if (always !== undefined) return { fits: () => true, fault: always, delivered: never };
    const index = waiting.findIndex(({ fits }) => fits(request));
    return index < 0 ? undefined : waiting.splice(index, 1)[0];
  };
  const run: Backend<Bytes>["run"] = (requests, call) => () => {
    calls.push(requests);
    const faults = requests.map(take);
    const broken = faults.find((each) => breaks.has(each?.fault ?? ""))?.fault;
    if (broken === "throws") throw new Error("The backend threw");
    if (broken === "rejects") return Promise.reject(new Error("The backend rejected"));
    if (broken === "short") return Promise.resolve([]);
    if (broken === "nothing") return Promise.resolve(undefined as unknown as Replies);
    if (broken === "holes") return Promise.resolve(requests.map(() => undefined) as unknown as Replies);
    return Promise.all(requests.map((request, i) => {
      const now = (): Reply<Bytes> => inner.run.one(request, call);
      return answer(faults[i], now);
    }));
  };
  return {
    backend: { ...inner, name: "faulty", run, close: () => inner.close() },
    calls,
    inject: (which, fault) => {
      let deliver: () => void = () => {};
      const delivered = new Promise<void>((resolve) => deliver = resolve);
      const fits = typeof which === "string" ? ({ operation }: Request<Bytes>) => operation._tag === which : which;
      waiting.push({ fits, fault, delivered });
      return { deliver: () => (deliver(), turn()) };
    },
    down: (fault) => always = fault,
    slots: () => inner.inspect(),
    restart: () => inner = make(),
  };
}

const breaks: ReadonlySet<string> = new Set<Fault>(["rejects", "throws", "short", "nothing", "holes"]);
const unreachable: Reply<Bytes> = { _tag: "Unreachable", reason: "injected" };

/** A request's answer under its fault; `now` lets it take effect. */
async function answer(waiting: Waiting | undefined, now: () => Reply<Bytes>): Promise<Reply<Bytes>> {
  const { fault, delivered = Promise.resolve() } = waiting ?? {};
  if (fault === "not applied") return unreachable;
  if (fault === "applied late") {
    void delivered.then(now);
    return unreachable;
  }
  if (fault === "held") await delivered;
  const reply = now();
  if (fault === "applied, reported failed") return unreachable;
  if (fault === "applied twice") void delivered.then(now);
  if (fault === "answered late") await delivered;
  return reply;
}
