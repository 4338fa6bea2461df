import { assert, assertEquals } from "@std/assert";
import { right } from "../../support/results.ts";
import { redisServersTest } from "../../servers/redis.ts";
import type { BingoProcess } from "./processes.ts";
import { startBingo } from "./processes.ts";
import { redisPlaces } from "./store/places.ts";
import { openSubject, price, rowsOf, sums } from "./support.ts";

async function send(method: string, url: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const json = { "content-type": "application/json" };
  const init = body === undefined ? {} : { headers: json, body: JSON.stringify(body) };
  const response = await fetch(url, { method, ...init });
  return { status: response.status, body: await response.json() };
}

async function withProcesses(
  count: number,
  args: (folder: string) => ReadonlyArray<string>,
  run: (processes: ReadonlyArray<BingoProcess>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-bingo-" });
  const processes = await Promise.all(Array.from({ length: count }, () => startBingo(...args(folder))));
  try {
    await run(processes, folder);
    assertEquals(await Promise.all(processes.map((each) => each.stop())), processes.map(() => 0));
    assertEquals(processes.flatMap(({ events }) => events), []);
  } finally {
    await Promise.all(processes.map((each) => each.kill()));
    await Deno.remove(folder, { recursive: true });
  }
}

/** Winners are chosen in one process after the other; whoever is asked afterwards gets nothing else. */
async function chooseInTurns([here, there]: ReadonlyArray<BingoProcess>): Promise<void> {
  assertEquals((await send("POST", `${here!.url}/api/experiments`, price)).status, 200);
  const get = async ({ url }: BingoProcess, identity: string): Promise<unknown> => {
    const { status, body } = await send("POST", `${url}/api/participations`, { experiment: "price", identity });
    assertEquals(status, 200);
    return (body as { readonly alternative: string }).alternative;
  };
  // Both have cached what there was before; one identity for each alternative.
  const all = Array.from({ length: 20 }, (_, i) => `visitor ${i}`);
  for (const process of [here!, there!]) {
    assertEquals(new Set(await Promise.all(all.map((id) => get(process, id)))), new Set(price.alternatives));
  }
  for (const [i, alternative] of ["10", "9.99", "10", "9.99"].entries()) {
    const chooser = i % 2 === 0 ? here! : there!;
    assertEquals((await send("POST", `${chooser.url}/api/experiments/price/winner`, { alternative })).status, 200);
    const given = await Promise.all([here!, there!].flatMap((process) => all.map((id) => get(process, id))));
    assertEquals(new Set(given), new Set([alternative]));
  }
}

redisServersTest(
  "a chosen winner is what the next request of every process gets, behind instance tiers on a Redis",
  async (start) => {
    const { url } = await start();
    await withProcesses(2, (folder) => ["--redis", url, "--data", folder], chooseInTurns);
  },
);

Deno.test("a chosen winner is what the next request of every process gets, where they share files", async () => {
  await withProcesses(2, (folder) => ["--data", folder], chooseInTurns);
});

Deno.test("what was counted and queued is in the database when the service has ended", async () => {
  const folder = await Deno.makeTempDir({ prefix: "lamina-bingo-" });
  const process = await startBingo("--data", folder);
  await send("POST", `${process.url}/api/experiments`, price);
  for (const identity of ["ada", "grace"]) {
    await send("POST", `${process.url}/api/participations`, { experiment: "price", identity });
  }
  await send("POST", `${process.url}/api/conversions`, { conversion: "bought", identity: "ada" });
  assertEquals(await process.stop(), 0);
  {
    await using subject = await openSubject(undefined, { folder });
    assertEquals(sums((await subject.ask("GET", "/api/experiments/price")).body)["price"], [2, 1]);
    assertEquals(rowsOf(subject.bingo)["identity"]!.length, 2);
  }
  await Deno.remove(folder, { recursive: true });
});

redisServersTest(
  "processes that create one test, and count one identity at once, make and count it once",
  async (start) => {
    const { url } = await start();
    const folder = await Deno.makeTempDir({ prefix: "lamina-bingo-" });
    {
      await using one = await openSubject(redisPlaces(url), { folder });
      await using other = await openSubject(redisPlaces(url), { folder });
      const both = [one, other];
      const made = await Promise.all(both.map(({ ask }) => ask("POST", "/api/experiments", price)));
      assertEquals(made.map(({ status }) => status), [200, 200]);
      assertEquals(made[0]!.body, made[1]!.body);
      assertEquals(rowsOf(one.bingo)["experiment"]!.length, 2);
      const joined = { experiment: "price", identity: "ada" };
      await Promise.all([...both, ...both].map(({ ask }) => ask("POST", "/api/participations", joined)));
      // Different steps of one identity in two processes: neither takes back the other's.
      const answers = await Promise.all(
        ["bought", "came back", "bought", "came back"].map((conversion, i) =>
          both[i % 2]!.ask("POST", "/api/conversions", { conversion, identity: "ada" })
        ),
      );
      assertEquals(answers.flatMap(({ body }) => body.counted).sort(), ["price", "price (2)"]);
      const shown = sums((await one.ask("GET", "/api/experiments/price")).body);
      assertEquals(shown, { "price": [1, 1], "price (2)": [1, 1] });
      right(await other.jobs.flush());
      const [row] = rowsOf(one.bingo)["identity"] as ReadonlyArray<{ readonly experiments: string }>;
      assertEquals(Object.values(JSON.parse(row!.experiments)), ["converted", "converted"]);
      assert(one.events.length + other.events.length === 0);
    }
    await Deno.remove(folder, { recursive: true });
  },
);
