import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { sqliteBackend } from "../../lib/backend/sqlite.ts";

const script = new URL("sqlite_process.ts", import.meta.url).pathname;
const call = { within: 5_000, lease: 30_000, level: "pinned" } as const;

/** A process that waits to be told to start, and its lines. */
interface Started {
  readonly process: Deno.ChildProcess;
  readonly line: () => Promise<string>;
  readonly go: () => Promise<void>;
  readonly end: () => Promise<void>;
}

function command(what: string, path: string): ReadonlyArray<string> {
  return [Deno.execPath(), "run", "--no-lock", "--no-check", "--allow-read", "--allow-write", script, what, path];
}

async function start([program = "", ...args]: ReadonlyArray<string>): Promise<Started> {
  const process = new Deno.Command(program, { args, stdin: "piped", stdout: "piped" }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = process.stdin.getWriter();
  let text = "";
  const line = async (): Promise<string> => {
    for (;;) {
      const end = text.indexOf("\n");
      if (end >= 0) {
        const first = text.slice(0, end);
        text = text.slice(end + 1);
        return first;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error(`The process ended: received ${JSON.stringify(text)}`);
      text += value;
    }
  };
  const end = async (): Promise<void> => {
    await writer.close().catch(() => {});
    await process.status;
    await reader.cancel();
  };
  const started = { process, line, go: () => writer.write(new Uint8Array([10])), end };
  assertEquals(await line(), "ready");
  return started;
}

async function inFolder(use: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(`${folder}/cache.sqlite`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the same in several processes at once; returns what each printed. */
async function together(what: string, path: string): Promise<ReadonlyArray<unknown>> {
  const all = await Promise.all(Array.from({ length: 3 }, () => start(command(what, path))));
  await Promise.all(all.map(({ go }) => go()));
  const lines = await Promise.all(all.map(({ line }) => line()));
  await Promise.all(all.map(({ end }) => end()));
  return lines.map((line) => JSON.parse(line));
}

Deno.test("three processes may make the same new file at once, thirty times", () =>
  inFolder(async (path) => {
    assertEquals(await together("open", path), [["Locked"], ["Locked"], ["Locked"]]);
  }));

Deno.test("opening waits for a process that has to let go of the new file first", () =>
  inFolder(async (path) => {
    const reader = await start(command("read", path));
    await reader.go();
    await using backend = sqliteBackend({ path });
    const [reply] = await backend.run([{ slot: "a", operation: { _tag: "look" } }], call)();
    assertEquals(reply, { _tag: "Vacant" });
    await reader.end();
  }));

Deno.test("three processes that count in one slot lose no update", () =>
  inFolder(async (path) => {
    const added = await together("count", path);
    assertEquals(added, [150, 150, 150]);
    await using backend = sqliteBackend({ path });
    const [reply] = await backend.run([{ slot: "counter", operation: { _tag: "look" } }], call)();
    assert(reply?._tag === "Hit");
    assertEquals(reply.found.payload, new Uint8Array([0, 0, 450 >> 8, 450 & 255]));
  }));

Deno.test("three processes with overlapping locks end each of them, and leave none", () =>
  inFolder(async (path) => {
    const replies = await together("lock", path) as ReadonlyArray<Record<string, number>>;
    const total = (tag: string) => replies.reduce((sum, each) => sum + (each[tag] ?? 0), 0);
    assertEquals(total("Locked"), 300);
    assertEquals(total("Shared") + total("Cleared"), 300);
    assert(total("Shared") > 0, "They did not overlap");
    await using backend = sqliteBackend({ path });
    const replied = await backend.run([{ slot: "lock", operation: { _tag: "look" } }], call)();
    assertEquals(replied, [{ _tag: "Vacant" }]);
  }));

Deno.test("a call waits for a process that holds the file, within its time", () =>
  inFolder(async (path) => {
    await using backend = sqliteBackend({ path });
    const holder = await start(command("hold", path));
    const asked = [{ slot: "a", operation: { _tag: "lock", token: "t" } }] as const;
    const [late] = await backend.run(asked, { ...call, within: 50 })();
    assert(late?._tag === "Unreachable");
    assertEquals(late.reason, "busy");
    const [looked] = await backend.run([{ slot: "a", operation: { _tag: "look" } }], { ...call, within: 0 })();
    assertEquals(looked, { _tag: "Vacant" }, "A look needs no lock of the file, and the late call placed none");

    const waiting = backend.run(asked, call)();
    await holder.go();
    assertEquals((await waiting)[0]?._tag, "Locked");
    await holder.end();
  }));

Deno.test("S19 a process killed while it writes leaves a sound file, and a lock that ends with its lease", () =>
  inFolder(async (path) => {
    const writer = await start(command("write", path));
    await writer.go();
    assertEquals(await writer.line(), "writing");
    writer.process.kill("SIGKILL");
    await writer.end();

    let later = 0;
    await using backend = sqliteBackend({ path, clock: { now: () => Date.now() + later } });
    const claim = () => backend.run([{ slot: "crashed", operation: { _tag: "claim", owner: "Bob" } }], call)();
    assertEquals(await claim(), [{ _tag: "Guarded" }]);
    later = call.lease;
    assertEquals((await claim())[0]?._tag, "Mine");

    const database = new DatabaseSync(path, { readOnly: true });
    assertEquals({ ...database.prepare("PRAGMA integrity_check").get() }, { integrity_check: "ok" });
    const counted = database.prepare("SELECT count(*) AS entries, sum(length(payload)) AS bytes FROM slot").get();
    assertEquals({ ...database.prepare("SELECT entries, bytes FROM total").get() }, { ...counted });
    database.close();
  }));

Deno.test("a file that may not grow any more is Unreachable for writes, and still read", () =>
  inFolder(async (path) => {
    // The signal would end the process before SQLite sees the error.
    const limited = `trap '' XFSZ; ulimit -f 600; exec "$@"`;
    const filler = await start(["sh", "-c", limited, "sh", ...command("fill", path)]);
    await filler.go();
    assertEquals(JSON.parse(await filler.line()), ["Unreachable", "Hit"]);
    await filler.end();
  }));
