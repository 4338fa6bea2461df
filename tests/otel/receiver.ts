/** A span, as it arrived. */
export interface ReceivedSpan {
  readonly name: string;
  readonly id: string;
  readonly parent: string;
  readonly milliseconds: number;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: ReadonlyArray<string>;
}

/** A point of a metric, as it arrived last. */
export interface ReceivedPoint {
  readonly metric: string;
  readonly unit: string;
  /** What a counter says, or how often a histogram was told something. */
  readonly count: number;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** An OTLP receiver on loopback, to which a process exports as JSON. */
export interface Receiver extends AsyncDisposable {
  /** What a process needs to know to export here. */
  readonly environment: Readonly<Record<string, string>>;
  readonly spans: () => ReadonlyArray<ReceivedSpan>;
  readonly points: () => ReadonlyArray<ReceivedPoint>;
  /** All that arrived, as text. */
  readonly text: () => string;
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

/** What OTLP says of a span, as far as it is read. */
interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status?: { readonly code?: number };
  readonly attributes?: ReadonlyArray<Attribute>;
  readonly events?: ReadonlyArray<{ readonly name: string }>;
}

interface OtlpPoints {
  readonly dataPoints: ReadonlyArray<{
    readonly attributes?: ReadonlyArray<Attribute>;
    readonly asInt?: string;
    readonly asDouble?: number;
    readonly count?: string;
  }>;
}

/** And of a metric. */
interface OtlpMetric {
  readonly name: string;
  readonly unit: string;
  readonly sum?: OtlpPoints;
  readonly histogram?: OtlpPoints;
}

/** What nests spans and metrics: lists in objects. */
type Tree = { readonly [name: string]: ReadonlyArray<Tree> };

/** Receives until it is disposed. */
export function openReceiver(): Receiver {
  const bodies: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    bodies.push(await request.text());
    return Response.json({});
  });
  const parts = (...names: readonly [string, string, string]): unknown =>
    names.reduce<ReadonlyArray<Tree>>(
      (found, name) => found.flatMap((each) => each[name] ?? []),
      bodies.map((body): Tree => JSON.parse(body)),
    );
  return {
    environment: {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_DENO_CONSOLE: "ignore",
    },
    spans: () => (parts("resourceSpans", "scopeSpans", "spans") as ReadonlyArray<OtlpSpan>).map(readSpan),
    points: () => pointsOf(parts("resourceMetrics", "scopeMetrics", "metrics") as ReadonlyArray<OtlpMetric>),
    text: () => bodies.join("\n"),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function readSpan(span: OtlpSpan): ReceivedSpan {
  return {
    name: span.name,
    id: span.spanId,
    parent: span.parentSpanId ?? "",
    milliseconds: (Number(span.endTimeUnixNano) - Number(span.startTimeUnixNano)) / 1e6,
    failed: span.status?.code === 2,
    attributes: attributesOf(span.attributes),
    events: (span.events ?? []).map(({ name }) => name),
  };
}

// Each export repeats what was counted so far: the latest counts.
function pointsOf(metrics: ReadonlyArray<OtlpMetric>): ReadonlyArray<ReceivedPoint> {
  const latest = new Map<string, ReceivedPoint>();
  for (const { name, unit, sum, histogram } of metrics) {
    for (const point of (sum ?? histogram)?.dataPoints ?? []) {
      const attributes = attributesOf(point.attributes);
      const count = Number(point.asInt ?? point.asDouble ?? point.count);
      latest.set(JSON.stringify([name, attributes]), { metric: name, unit, count, attributes });
    }
  }
  return [...latest.values()];
}

function attributesOf(attributes: ReadonlyArray<Attribute> = []): Readonly<Record<string, unknown>> {
  const pairs = attributes.map(({ key, value }) => [key, plain(value)] as const);
  return Object.fromEntries(pairs.sort(([one], [other]) => one < other ? -1 : 1));
}

function plain(value: Readonly<Record<string, unknown>>): unknown {
  const [kind, inner] = Object.entries(value)[0]!;
  if (kind === "intValue") return Number(inner);
  if (kind !== "arrayValue") return inner;
  return ((inner as { values?: ReadonlyArray<Record<string, unknown>> }).values ?? []).map(plain);
}
