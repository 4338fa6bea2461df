import { assertEquals } from "@std/assert";
import { identity } from "fp-ts/lib/function.js";
import { memoryCounters, memoryQueue } from "../../../lib/aggregate/mod.ts";
import { localLocks } from "../../../lib/lock/mod.ts";
import { duration, memoryBackend } from "../../../mod.ts";
import { handlerOf } from "./http/handler.ts";
import type { Jobs } from "./jobs.ts";
import { jobsOf } from "./jobs.ts";
import type { Bingo, BingoEvent } from "./store/bingo.ts";
import { openBingo } from "./store/bingo.ts";
import type { Places } from "./store/places.ts";

/** What an answer says, once it is read. */
export interface Answered {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- tests say what they expect of an answer by comparing it
  readonly body: any;
  readonly headers: Headers;
}

/** A service in this process, and how to ask it. */
export interface Subject extends AsyncDisposable {
  readonly bingo: Bingo;
  readonly jobs: Jobs;
  readonly events: ReadonlyArray<BingoEvent>;
  /** Asks it; a body that is no text is sent as JSON. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<Answered>;
  /** All that the service knows, in the database and in front of it: to see that nothing has changed. */
  readonly everything: () => Promise<unknown>;
}

/** Places in the memory of this process: what a service needs that is alone. */
export function memoryPlaces(): Places {
  const backend = memoryBackend<Uint8Array>({ capacity: 10_000 });
  const [counters, queue, locks] = [memoryCounters(), memoryQueue(), localLocks()];
  const close = (): Promise<void> => Promise.all([backend, counters, queue].map((each) => each.close())).then(() => {});
  const instance = { instance: identity, settling: duration("0ms") };
  return { backend, counters, queue, locks, ...instance, [Symbol.asyncDispose]: close };
}

/** Opens a service on a database of its own, or on that of another one. */
export async function openSubject(
  places: Places = memoryPlaces(),
  options: { readonly folder?: string; readonly now?: () => number } = {},
): Promise<Subject> {
  const folder = options.folder ?? await Deno.makeTempDir({ prefix: "lamina-bingo-" });
  const events: Array<BingoEvent> = [];
  const clock = options.now === undefined ? {} : { now: options.now };
  const bingo = openBingo({ folder, places, onEvent: (event) => events.push(event), ...clock });
  const jobs = jobsOf(bingo);
  const handler = handlerOf(bingo, jobs);
  const ask: Subject["ask"] = async (method, path, body, headers = {}) => {
    const json = body === undefined || typeof body === "string" ? {} : { "content-type": "application/json" };
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const init = { method, headers: { ...json, ...headers }, ...(text === undefined ? {} : { body: text }) };
    const response = await handler(new Request(`http://bingo.test${path}`, init));
    const read = await response.text();
    const isJson = response.headers.get("content-type")?.includes("json");
    return { status: response.status, body: isJson ? JSON.parse(read) : read, headers: response.headers };
  };
  return {
    bingo,
    jobs,
    events,
    ask,
    everything: async () => ({
      rows: rowsOf(bingo),
      // What runs, and what waits, without taking it.
      counts: await bingo.counters.standing(allCounters(bingo))(),
      queued: await bingo.queue.latest(["ada", "grace", "a bot"])(),
    }),
    [Symbol.asyncDispose]: async () => {
      await bingo[Symbol.asyncDispose]();
      if (options.folder === undefined) await Deno.remove(folder, { recursive: true });
    },
  };
}

const tables = ["experiment", "alternative", "total", "folded", "snapshot", "taken", "identity"];

/** The rows of every table. */
export function rowsOf({ database }: Bingo): Readonly<Record<string, ReadonlyArray<unknown>>> {
  return Object.fromEntries(tables.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all()]));
}

function allCounters({ database }: Bingo): ReadonlyArray<string> {
  const rows = database.prepare("SELECT experiment, place FROM alternative ORDER BY experiment, place").all();
  return rows.flatMap(({ experiment, place }) =>
    ["participants", "conversions"].map((what) => `${experiment}:${place}:${what}`)
  );
}

/** The test that most tests begin with. */
export const price = { name: "price", alternatives: ["9.99", "10"], conversions: ["bought", "came back"] } as const;

/** The counts of an experiment, summed over its alternatives. */
export function sums(
  { outcomes }: {
    readonly outcomes: ReadonlyArray<
      {
        readonly name: string;
        readonly counts: ReadonlyArray<{ readonly participants: number; readonly conversions: number }>;
      }
    >;
  },
): Readonly<Record<string, readonly [participants: number, conversions: number]>> {
  return Object.fromEntries(outcomes.map(({ name, counts }) => [
    name,
    [counts.reduce((sum, each) => sum + each.participants, 0), counts.reduce((sum, each) => sum + each.conversions, 0)],
  ]));
}

/** Takes part. */
export async function join(subject: Subject, identity: string, experiment = "price"): Promise<void> {
  const { status, body } = await subject.ask("POST", "/api/participations", { experiment, identity });
  assertEquals(status, 200, JSON.stringify(body));
}

/** Converts, and says which experiments count it. */
export async function convert(
  subject: Subject,
  identity: string,
  conversion = "bought",
): Promise<ReadonlyArray<string>> {
  const { status, body } = await subject.ask("POST", "/api/conversions", { conversion, identity });
  assertEquals(status, 200, JSON.stringify(body));
  return body.counted;
}
