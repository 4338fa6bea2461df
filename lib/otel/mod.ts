/**
 * Spans and metrics by OpenTelemetry, from the verdicts of reads and the outcomes of writes.
 *
 * The API alone does nothing: who wants to see something registers an SDK first, or runs Deno with `OTEL_DENO=true`,
 * which brings one of its own.
 *
 * @module
 */
import { type Meter, metrics, trace, type Tracer } from "@opentelemetry/api";
import type { Observer } from "../observe/observer.ts";
import { instrumentsOf } from "./instruments.ts";
import { spansOf } from "./spans.ts";

/** What is told, and to whom. */
export interface OtelOptions {
  /** What the store is called: the attribute `cache.name`, which tells stores apart. */
  readonly name?: string;
  /** Makes a key the attribute `cache.key` of its span. Without it no key is told; values never are. */
  readonly keyOf?: (key: unknown) => string;
  /** Whether calls become spans, or are only counted and timed: a hit in memory takes less time than its span. */
  readonly spans?: "every call" | "not of hits" | "none";
  /** Makes the spans; the globally registered provider's for this package unless told. */
  readonly tracer?: Tracer;
  /** Makes the metrics; the globally registered provider's for this package unless told. */
  readonly meter?: Meter;
}

const scope = "@lamina/cache";

/**
 * An observer that tells OpenTelemetry: for the `observe` layer, which sees reads and writes, and for tiers, which
 * notice events.
 *
 * - `cache.reads` counts keys by `cache.verdict` (`Failed` if the read failed), `cache.tier`, `cache.level` and, where a
 *   tier was bypassed, `cache.bypass.reason`; `cache.writes` counts writes by `cache.outcome`; `cache.events` what tiers
 *   noticed by `cache.event` and `cache.tier`.
 * - `cache.operation.duration` is a histogram of the seconds that calls took, by `cache.operation` and what became of it.
 * - A call is a span, `cache read` or `cache write`, under the caller's, with the number of its keys, and of its hits. It
 *   is made when the call has ended: what the source traces stands beside it. An event of a tier is one of the span in
 *   which it is noticed.
 *
 * The number of attributes' values is bounded by verdicts, tiers and levels, unless `keyOf` is given.
 *
 * @example Without an SDK nothing is told, and nothing fails
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memory, observe, promises, source } from "@lamina/cache";
 * import { otelObserver } from "@lamina/cache/otel";
 * import { pipe } from "fp-ts/lib/function.js";
 *
 * const observer = otelObserver({ name: "lengths" });
 * await using lengths = promises(pipe(
 *   source({ load: async (keys: ReadonlyArray<string>) => keys.map((key) => key.length) }),
 *   memory({ capacity: 100, ttl: "1m", observer }),
 *   observe(observer),
 * ));
 * assertEquals(await lengths.get("four"), 4);
 * ```
 */
export function otelObserver(options: OtelOptions = {}): Observer {
  const { name, keyOf, spans = "every call" } = options;
  const common = name === undefined ? {} : { "cache.name": name };
  const instruments = instrumentsOf(options.meter ?? metrics.getMeter(scope), common);
  const tracing = spans === "none"
    ? undefined
    : spansOf(options.tracer ?? trace.getTracer(scope), { common, keyOf, hits: spans === "every call" });
  return {
    reads: (report) => {
      instruments.reads(report);
      tracing?.reads(report);
    },
    write: (report) => {
      instruments.write(report);
      tracing?.write(report);
    },
    event: (event) => {
      instruments.event(event);
      tracing?.event(event);
    },
  };
}
