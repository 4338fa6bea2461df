import { type Attributes, SpanKind, SpanStatusCode, trace, type Tracer } from "@opentelemetry/api";
import type { ReadReport, WriteReport } from "../observe/observer.ts";
import { attributesOf, isHit } from "./attributes.ts";
import type { Telling } from "./instruments.ts";

/** What spans carry. */
export interface SpanSettings {
  /** On each. */
  readonly common: Attributes;
  readonly keyOf: ((key: unknown) => string) | undefined;
  /** Whether calls that a tier answered are spans too. */
  readonly hits: boolean;
}

/** The most keys that a span names: a batch may have thousands. */
const mostKeys = 100;

/** The spans of a store: each is made when its call has ended, and begun as long ago as that took. */
export function spansOf(tracer: Tracer, { common, keyOf, hits }: SpanSettings): Telling {
  const end = (name: string, milliseconds: number, what: Attributes, failure: string | undefined): void => {
    const ended = Date.now();
    const attributes = { ...common, ...what };
    const span = tracer.startSpan(name, { kind: SpanKind.INTERNAL, startTime: ended - milliseconds, attributes });
    if (failure !== undefined) {
      span.setAttribute("error.type", failure);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end(ended);
  };
  const named = (keys: ReadonlyArray<unknown>): Attributes => {
    if (keyOf === undefined || keys.length === 0) return {};
    const names = keys.slice(0, mostKeys).map(keyOf);
    return { "cache.key": names.length === 1 ? names[0]! : names };
  };
  return {
    reads: ({ reads, milliseconds }) => {
      if (!hits && reads.every(isHit)) return;
      const failed = reads.some(({ verdict }) => verdict === undefined);
      const what = { ...readAttributes(reads), ...named(reads.map(({ key }) => key)) };
      end("cache read", milliseconds, what, failed ? "Failed" : undefined);
    },
    write: ({ keys, outcome, milliseconds }: WriteReport) => {
      const what = {
        "cache.operation": "write",
        "cache.key.count": keys.length,
        "cache.outcome": outcome,
        ...named(keys),
      };
      end("cache write", milliseconds, what, outcome === "committed" ? undefined : outcome);
    },
    event: ({ _tag, tier }) => trace.getActiveSpan()?.addEvent(`cache.${_tag}`, { ...common, "cache.tier": tier }),
  };
}

function readAttributes(reads: ReadonlyArray<ReadReport>): Attributes {
  const [first] = reads;
  return {
    "cache.operation": "read",
    "cache.key.count": reads.length,
    "cache.hit.count": reads.filter(isHit).length,
    // Of a batch, how often which stands in the metrics.
    ...(first !== undefined && reads.length === 1 ? attributesOf(first) : {}),
  };
}
