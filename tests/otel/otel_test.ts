import { assert, assertEquals } from "@std/assert";
import { metrics, trace } from "@opentelemetry/api";
import { otelObserver } from "../../lib/otel/mod.ts";
import { lockFlags, pathOf } from "../../lib/task/stand_in.ts";
import { observe, promises, source } from "../../mod.ts";
import { openReceiver, type ReceivedPoint, type Receiver } from "./receiver.ts";

/** Runs the traffic in a process of its own, and answers what it printed. */
async function runTraffic(
  environment: Readonly<Record<string, string>>,
  ...args: ReadonlyArray<string>
): Promise<string> {
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...lockFlags(),
      "--allow-env",
      "--allow-read",
      "--allow-net",
      pathOf("tests/otel/traffic.ts"),
      ...args,
    ],
    env: { NO_COLOR: "1", ...environment },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return decoder.decode(stdout) + decoder.decode(stderr);
}

const only = (points: ReadonlyArray<ReceivedPoint>, metric: string) =>
  points.filter((point) => point.metric === metric).map(({ count, attributes }) => {
    const { "cache.name": name, ...rest } = attributes;
    assertEquals(name, "users");
    return [Object.values(rest).join(" "), count] as const;
  }).sort(([one], [other]) => one < other ? -1 : 1);

function expectSpans(receiver: Receiver): void {
  const spans = receiver.spans();
  const request = spans.find(({ name }) => name === "request");
  const ours = spans.filter((each) => each !== request);
  assert(ours.every(({ parent, milliseconds }) => parent === request?.id && milliseconds > 0));
  assertEquals(request?.events, ["cache.Unreadable"]);
  const shown: ReadonlyArray<Readonly<Record<string, unknown>>> = ours.map(
    ({ name, attributes: { "cache.name": store, ...rest }, failed }) => {
      assertEquals(store, "users");
      return { name, failed, ...rest };
    },
  );
  const read = { name: "cache read", failed: false, "cache.operation": "read", "cache.level": "pinned" };
  const filled = {
    ...read,
    "cache.tier": "user",
    "cache.verdict": "Filled",
    "cache.key.count": 1,
    "cache.hit.count": 0,
  };
  const { "cache.level": _, ...mixed } = { ...read, "cache.key.count": 3, "cache.hit.count": 1 };
  assertEquals(shown, [
    filled,
    { ...filled, "cache.tier": "memory", "cache.verdict": "HitMemory", "cache.hit.count": 1 },
    mixed,
    {
      ...mixed,
      failed: true,
      "cache.key.count": 1,
      "cache.hit.count": 0,
      "cache.verdict": "Failed",
      "error.type": "Failed",
    },
    {
      name: "cache write",
      failed: false,
      "cache.operation": "write",
      "cache.key.count": 1,
      "cache.outcome": "committed",
    },
    filled,
  ]);
}

Deno.test("Deno's own exporter sends a span of each call, and metrics by verdict, without keys or values", async () => {
  await using receiver = openReceiver();
  assertEquals(await runTraffic(receiver.environment), "done\n");
  expectSpans(receiver);
  const points = receiver.points();
  assertEquals(only(points, "cache.reads"), [
    ["Failed", 1],
    ["pinned memory HitMemory", 2],
    ["pinned user Filled", 4],
  ]);
  assertEquals(only(points, "cache.writes"), [["committed", 1]]);
  assertEquals(only(points, "cache.events"), [["Unreadable user", 1]]);
  assertEquals(only(points, "cache.operation.duration"), [
    ["read Failed", 1],
    ["read Filled", 2],
    ["read HitMemory", 1],
    ["read Mixed", 1],
    ["write committed", 1],
  ]);
  assertEquals(points.find(({ metric }) => metric === "cache.operation.duration")?.unit, "s");
  assert(!receiver.text().includes("secret"));
  // Elsewhere any digits may occur, in times and ids.
  const told = JSON.stringify([receiver.spans(), points].flat().map(({ attributes }) => attributes));
  for (const key of ["4711", "4714", "13"]) assert(!told.includes(key), key);
});

Deno.test("keys are told to whom asks for them, and values are not", async () => {
  await using receiver = openReceiver();
  assertEquals(await runTraffic(receiver.environment, "keys"), "done\n");
  const keys = receiver.spans().map(({ attributes }) => attributes["cache.key"]).filter((key) => key !== undefined);
  const batch = ["user 4711", "user 4712", "user 4713"];
  assertEquals(keys, ["user 4711", "user 4711", batch, "user 13", "user 4711", "user 4714"]);
  assert(!receiver.text().includes("secret"));
});

Deno.test("a process without an SDK does the same, and tells nobody", async () => {
  await using receiver = openReceiver();
  const { OTEL_DENO: _, ...environment } = receiver.environment;
  assertEquals(await runTraffic(environment), "done\n");
  assertEquals(receiver.text(), "");
});

/** A meter and a tracer that write down what they are told. */
function recording() {
  const told: string[] = [];
  const tracer = trace.getTracer("none");
  const meter = metrics.getMeter("none");
  const noting = new Proxy(tracer, {
    get: (target, name) =>
      name === "startSpan"
        ? (...args: Parameters<typeof tracer.startSpan>) => (told.push(args[0]), target.startSpan(...args))
        : Reflect.get(target, name),
  });
  return { told, tracer: noting, meter };
}

Deno.test("calls that a tier answers are no spans where that is not wanted, and none are where no spans are", () => {
  for (const [spans, expected] of [["every call", 2], ["not of hits", 1], ["none", 0]] as const) {
    const { told, ...injected } = recording();
    const observer = otelObserver({ ...injected, spans });
    const hit = { _tag: "HitMemory", tier: "memory", level: "pinned" } as const;
    observer.reads?.({ reads: [{ key: "a", verdict: hit, milliseconds: 1 }], milliseconds: 1 });
    observer.reads?.({ reads: [{ key: "a", verdict: { ...hit, _tag: "Filled" }, milliseconds: 1 }], milliseconds: 1 });
    assertEquals(told, Array.from({ length: expected }, () => "cache read"));
  }
});

Deno.test("what goes wrong while telling changes nothing for callers", async () => {
  const keyOf = (): never => {
    throw new Error("no");
  };
  const layer = observe(otelObserver({ keyOf }));
  await using lengths = promises(layer(source({
    load: async (keys: ReadonlyArray<string>) => await Promise.resolve(keys.map(({ length }) => length)),
  })));
  assertEquals(await lengths.getMany(["a", "bb"]), [1, 2]);
});
