import { assertEquals, assertMatch } from "@std/assert";
import { lockFlags, pathOf } from "../../lib/task/stand_in.ts";
import { redisTest } from "../servers/redis.ts";

// Two workers, few cities and a second make races enough; most of the time goes into waiting for the memory tiers' ttl.
const few = ["--workers", "2", "--cities", "500"];
const brief = [...few, "--seconds", "1"];

interface Ended {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Starts the demo as its task does, with a folder of its own for temporary files. */
function start(folder: string, args: ReadonlyArray<string>): Deno.ChildProcess {
  const lock = lockFlags();
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-all",
      ...lock.length === 0 ? ["--no-lock"] : lock,
      pathOf("lib/task/demo.ts"),
      ...args,
    ],
    env: { TMPDIR: folder, NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the demo to its end, and sees that it leaves no files behind. */
async function demo(...args: ReadonlyArray<string>): Promise<Ended> {
  return await inFolder(async (folder) => await endOf(start(folder, args)));
}

async function inFolder(run: (folder: string) => Promise<Ended>): Promise<Ended> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-test-" });
  try {
    const ended = await run(folder);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), []);
    return ended;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Both pipes end only when every process that inherited them has ended: the workers as well. */
async function endOf(child: Deno.ChildProcess): Promise<Ended> {
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, output: decoder.decode(stdout), errors: decoder.decode(stderr) };
}

Deno.test("the demo leaves no stale slot in any tier", async () => {
  const { code, output, errors } = await demo(...brief);
  assertEquals([code, errors], [0, ""], output);
  assertMatch(output, /^500 cities .*GeoNames.*CC BY 4\.0/m);
  assertMatch(output, /^stale: 0 of [1-9][\d,]*; reads too old: 0 of [1-9][\d,]*$/m);
  for (const line of ["memory", "shared", "source", "renames"]) assertMatch(output, new RegExp(`^${line} .* ms$`, "m"));
});

Deno.test("beside it the demo counts what an ordinary cache-aside leaves stale", async () => {
  const { code, output, errors } = await demo(...brief, "--naive");
  assertEquals([code, errors], [0, ""], output);
  assertMatch(output, /^stale: 0 of [1-9]/m);
  assertMatch(output, /^cache-aside \(--naive\): stale: \d+ of [1-9][\d,]*; reads too old: \d+ of [1-9][\d,]*$/m);
});

redisTest("the demo leaves no stale slot in Redis, and no key", async ({ url }) => {
  const { code, output, errors } = await demo(...brief, "--naive", "--redis", url);
  assertEquals([code, errors], [0, ""], output);
  assertMatch(output, /shared \(Redis\)/);
  assertMatch(output, /^stale: 0 of [1-9]/m);
  assertEquals(await keysLike(url, /demo-/), []);
});

Deno.test("the demo refuses unknown flags, and says which there are", async () => {
  const { code, output, errors } = await demo("--second", "1");
  assertEquals([code, output], [2, ""]);
  assertMatch(errors, /^Cannot start the demo: expected one of --seconds, .*: received "--second"$/m);
});

Deno.test("the demo says where no Redis answers", async () => {
  const { code, errors } = await demo(...brief, "--redis", "redis://127.0.0.1:1");
  assertEquals(code, 1);
  assertMatch(errors, /^Cannot use Redis: expected a server at 127\.0\.0\.1:1: received .*ECONNREFUSED/m);
});

Deno.test("a demo that is interrupted amid its traffic stops its workers and leaves no files", async () => {
  const { code, errors } = await inFolder(async (folder) => {
    const child = start(folder, [...few, "--seconds", "60"]);
    const [watched, kept] = child.stdout.tee();
    const interrupted = interruptAfter(watched, "lamina, 2 s", child);
    const [output, errors, { code }] = await Promise.all([textOf(kept), textOf(child.stderr), child.status]);
    await interrupted;
    return { code, output, errors };
  });
  assertEquals([code, errors], [130, ""]);
});

async function interruptAfter(
  stream: ReadableStream<Uint8Array>,
  text: string,
  child: Deno.ChildProcess,
): Promise<void> {
  let seen = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>)) {
    const before = seen.includes(text);
    seen += part;
    if (!before && seen.includes(text)) child.kill("SIGINT");
  }
}

async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return await new Response(stream).text();
}

async function keysLike(url: string, pattern: RegExp): Promise<ReadonlyArray<string>> {
  const { createClient } = await import("redis");
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  const found: Array<string> = [];
  for await (const keys of client.scanIterator({ COUNT: 1_000 })) {
    found.push(...keys.filter((key) => pattern.test(key)));
  }
  await client.close();
  return found;
}
