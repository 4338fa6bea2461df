import { assert, assertEquals } from "@std/assert";
import { type Gate, openGate } from "../../lib/task/faults/gate.ts";
import { sleep } from "../../lib/task/faults/patience.ts";

/** A gate to a server that answers with what it is sent. */
async function withEcho(run: (gate: Gate) => Promise<void>): Promise<void> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const echoes: Array<Promise<void>> = [];
  const accepting = (async () => {
    for await (const connection of listener) {
      echoes.push(connection.readable.pipeTo(connection.writable).catch(() => {}));
    }
  })();
  {
    await using gate = openGate(listener.addr.port);
    await run(gate);
  }
  listener.close();
  await accepting;
  await Promise.all(echoes);
}

/** Says something through the gate and gives the answer; "" if the connection ended instead. */
async function say(connection: Deno.Conn, what: string): Promise<string> {
  await connection.write(new TextEncoder().encode(what));
  const buffer = new Uint8Array(64);
  const length = await connection.read(buffer).catch(() => null);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}

const connect = (gate: Gate) => Deno.connect({ hostname: "127.0.0.1", port: gate.port });

Deno.test("a gate lets everything through until it is told otherwise", async () => {
  await withEcho(async (gate) => {
    using connection = await connect(gate);
    assertEquals(await say(connection, "one"), "one");
  });
});

Deno.test("a gate holds either direction, says so, and goes on in order", async () => {
  await withEcho(async (gate) => {
    for (const direction of ["requests", "replies"] as const) {
      using connection = await connect(gate);
      gate.hold(direction);
      let answer = "";
      const saying = say(connection, direction).then((heard) => answer = heard);
      await gate.holding(direction);
      await sleep(20);
      assertEquals(answer, "");
      gate.open(direction);
      assertEquals(await saying, direction);
    }
    assertEquals(gate.counts().held, 2);
  });
});

Deno.test("a gate delays, cuts, and leaves a connection open and silent while new ones work", async () => {
  await withEcho(async (gate) => {
    using slow = await connect(gate);
    gate.delay(() => 30);
    const begun = performance.now();
    assertEquals(await say(slow, "slow"), "slow");
    // Once for each direction, and timers may be early by a millisecond.
    assert(performance.now() - begun >= 58);
    gate.delay(() => 0);
    gate.cut();
    assertEquals(await say(slow, "cut").catch(() => ""), "");
    using silent = await connect(gate);
    assertEquals(await say(silent, "heard"), "heard");
    gate.numb();
    let answer: string | undefined;
    const saying = say(silent, "lost").then((heard) => answer = heard);
    using fresh = await connect(gate);
    assertEquals(await say(fresh, "new"), "new");
    assertEquals(answer, undefined);
    gate.cut();
    assertEquals(await saying, "");
    assertEquals(gate.counts(), { held: 0, cut: 3, numbed: 1, muted: 0 });
  });
});
