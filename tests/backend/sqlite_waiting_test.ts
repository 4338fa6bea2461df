import { assert, assertEquals } from "@std/assert";
import { virtualClock } from "../../lib/testing/mod.ts";
import { beside, bytes, call, fill, look } from "./sqlite_support.ts";

Deno.test("a call waits for another transaction in growing pauses, and answers when it is over", async () => {
  const timers = virtualClock();
  let pauses = 0;
  const after: typeof timers.after = (milliseconds, run) => {
    assert(milliseconds >= 0.5 && milliseconds <= 100);
    pauses++;
    return timers.after(milliseconds, run);
  };
  await beside({ timers: { now: timers.now, after } }, async (backend, database) => {
    database.exec("BEGIN EXCLUSIVE");
    const replies = backend.run([{ slot: "a", operation: { _tag: "lock", token: "t" } }], call)();
    await timers.advance(900);
    assert(pauses > 5 && pauses < 40, `${pauses} attempts`);
    database.exec("COMMIT");
    await timers.advance(100);
    assertEquals((await replies)[0]?._tag, "Locked");
  });
});

Deno.test("a call that finds no gap before its deadline is Unreachable, and nothing of it happens later", async () => {
  const timers = virtualClock();
  await beside({ timers }, async (backend, database) => {
    database.exec("BEGIN EXCLUSIVE");
    const asked = [{ slot: "a", operation: { _tag: "lock", token: "t" } }] as const;
    const soon = backend.run(asked, { ...call, within: 70 })();
    const never = backend.run(asked, { ...call, within: Infinity })();
    const [none] = await backend.run(asked, { ...call, within: 0 })();
    assert(none?._tag === "Unreachable" && none.reason === "busy" && none.cause instanceof Error);
    await timers.advance(70);
    const [late] = await soon;
    assert(late?._tag === "Unreachable" && late.reason === "busy");
    await timers.advance(30_000);
    assertEquals((await never)[0]?._tag, "Unreachable");
    database.exec("COMMIT");
    await timers.advance(1_000);
    assertEquals([await look(backend, "a"), timers.pending()], ["Vacant", 0]);
  });
});

Deno.test("a hit, however it is asked for, does not wait for whoever is writing", () =>
  beside({}, async (backend, database) => {
    await fill(backend, "a", bytes(1));
    database.exec("BEGIN EXCLUSIVE");
    const asked = [
      { slot: "a", operation: { _tag: "look" } },
      { slot: "a", operation: { _tag: "claim", owner: "Bob" } },
      { slot: "a", operation: { _tag: "refresh", owner: "Bob", which: "expired" } },
    ] as const;
    for (const requests of [asked, ...asked.map((each) => [each])]) {
      const replies = await backend.run(requests, { ...call, within: 0 })();
      assertEquals(replies.map(({ _tag }) => _tag), requests.map(() => "Hit"));
    }
    database.exec("COMMIT");
  }));

Deno.test("X19 a backend that closes lets calls wait a little longer, and then answers closed", async () => {
  const timers = virtualClock();
  await beside({ timers }, async (backend, database) => {
    const lock = (slot: string) =>
      backend.run([{ slot, operation: { _tag: "lock", token: "t" } }], { ...call, within: 9_000 })();
    database.exec("BEGIN EXCLUSIVE");
    const waiting = lock("a");
    const closed = backend.close();
    assertEquals(await lock("b"), [{ _tag: "Unreachable", reason: "closed" }]);
    await timers.advance(500);
    database.exec("COMMIT");
    await timers.advance(200);
    assertEquals((await waiting)[0]?._tag, "Locked");
    await closed;
    assertEquals(await lock("c"), [{ _tag: "Unreachable", reason: "closed" }]);
  });
  await beside({ timers }, async (backend, database) => {
    database.exec("BEGIN EXCLUSIVE");
    const waiting = backend.run([{ slot: "a", operation: { _tag: "lock", token: "t" } }], { ...call, within: 9_000 })();
    const closed = backend.close();
    await timers.advance(1_000);
    assertEquals((await waiting)[0]?._tag, "Unreachable");
    await closed;
    database.exec("COMMIT");
  });
});
