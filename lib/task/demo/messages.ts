import type { HeldSlot } from "./audit.ts";
import type { WorkerPlan } from "./plan.ts";
import type { Statistics } from "./statistics.ts";

/** What a worker tells the main process: lines of JSON. */
export type Told =
  | { readonly _tag: "Ready" }
  | Report
  | Held;

/** What a worker's memory would serve at a moment. */
export interface Held {
  readonly _tag: "Held";
  /** By Date.now. */
  readonly at: number;
  readonly slots: ReadonlyArray<HeldSlot>;
}

/** What happened in a worker: all of its statistics, and what is new. */
export interface Report {
  readonly _tag: "Report";
  readonly statistics: Statistics;
  /** Triples of id, version and time: renames that were acknowledged since the last report. */
  readonly renames: ReadonlyArray<number>;
  /** Triples of id, version and time: reads that ended since the last report, and when they began. */
  readonly reads: ReadonlyArray<number>;
  /** All renames that were acknowledged up to this time have been told. */
  readonly until: number;
}

/** What the main process asks of a worker, which answers each with one message after its reports. */
export type Asked =
  /** The first thing; not an argument of the command, since a server's password may be in it. */
  | { readonly _tag: "Prepare"; readonly plan: WorkerPlan }
  | { readonly _tag: "Run"; readonly milliseconds: number }
  | { readonly _tag: "Peek" };

/** Reads messages, one a line. */
export async function* messagesOf<A>(stream: ReadableStream<Uint8Array>): AsyncGenerator<A> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as A;
  }
}

/** A message as a line. */
export function toLine(message: Told | Asked): string {
  return JSON.stringify(message) + "\n";
}
