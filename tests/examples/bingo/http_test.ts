import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openSubject, price, sums } from "./support.ts";

const who = (body: object) => ["POST", "/api/conversions", body] as const;
const form = { "content-type": "application/x-www-form-urlencoded" };

/** What is refused: the request, the status, and a piece of what it says was expected. */
const refused: ReadonlyArray<
  readonly [request: readonly [string, string, unknown?, object?], status: number, text: string]
> = [
  [["POST", "/api/participations", { experiment: "prize", identity: "ada" }], 404, "the name of an experiment"],
  [["GET", "/api/experiments/prize"], 404, "the name of an experiment"],
  [["DELETE", "/api/experiments/prize"], 404, "the name of an experiment"],
  [["POST", "/api/experiments/prize/archive"], 404, "the name of an experiment"],
  [["POST", "/api/experiments/prize/winner", { alternative: "10" }], 404, "the name of an experiment"],
  [["POST", "/api/experiments/price/winner", { alternative: "11" }], 404, `one of "9.99", "10"`],
  [["POST", "/api/experiments/price/winner", { alternative: 10 }], 400, "the winning alternative"],
  [who({ conversion: "sold", identity: "grace" }), 404, "the name of a conversion"],
  [who({ conversion: "bought", identity: "grace" }), 409, `an identity that takes part in "price"`],
  [who({ conversion: "bought" }), 400, "the identity: 1 to 200 visible characters"],
  [who({ conversion: "bought", identity: "x".repeat(201) }), 400, "the identity: 1 to 200 visible characters"],
  [who({ conversion: "b".repeat(101), identity: "ada" }), 400, "the conversion: 1 to 100 visible characters"],
  [who({ conversion: "bought", identity: "turned \u202e round" }), 400, "visible characters"],
  [who({ conversion: ["bought"], identity: "ada" }), 400, "the conversion"],
  [["POST", "/api/conversions", "{", { "content-type": "application/json" }], 400, "a JSON object"],
  [["POST", "/api/conversions", "[]", { "content-type": "application/json" }], 400, "a JSON object"],
  [["POST", "/api/conversions", "conversion=bought&identity=ada", form], 415, "application/json"],
  [["POST", "/api/conversions"], 415, "application/json"],
  [who({ conversion: "bought", identity: "ada", more: "x".repeat(20_000) }), 413, "at most 16384 bytes"],
  [["PUT", "/api/conversions", { conversion: "bought", identity: "ada" }], 405, "one of POST"],
  [["DELETE", "/"], 405, "GET"],
  [["GET", "/api/nothing"], 404, "/api/experiments"],
  [["GET", "/api/experiments/%ff"], 404, "/api/experiments"],
  [["GET", "/api/experiments?shelf=lost"], 400, "shelf"],
  [["POST", "/api/jobs/everything"], 404, "fold"],
  [["POST", "/api/experiments", { ...price, alternatives: ["9.99", "11"] }], 409, "the definition it already has"],
  [["POST", "/api/experiments", { ...price, name: "" }], 400, "the experiment's name"],
  [["POST", "/api/experiments", { ...price, name: "n".repeat(101) }], 400, "the experiment's name"],
  [["POST", "/api/experiments", { ...price, name: "one", alternatives: ["9.99"] }], 400, "2 to 20 alternatives"],
  [["POST", "/api/experiments", { ...price, name: "one", alternatives: ["a", "a"] }], 400, "different names"],
  [
    ["POST", "/api/experiments", { ...price, name: "one", alternatives: ["a", { name: "b", weight: 0.5 }] }],
    400,
    "weight",
  ],
  [["POST", "/api/experiments", { ...price, name: "one", conversions: [] }], 400, "1 to 10 names"],
  [[...who({ conversion: "bought", identity: "ada" }), { "sec-fetch-site": "cross-site" }], 403, "of this site"],
];

Deno.test("what is refused says what was expected, in JSON, and changes nothing", async () => {
  await using subject = await openSubject();
  const { ask, everything } = subject;
  assertEquals((await ask("POST", "/api/experiments", price)).status, 200);
  assertEquals((await ask("POST", "/api/participations", { experiment: "price", identity: "ada" })).status, 200);
  const before = await everything();
  for (const [[method, path, body, headers], status, text] of refused) {
    const answer = await ask(method, path, body, { ...headers });
    const what = `${method} ${path} ${JSON.stringify(body)?.slice(0, 100)}`;
    assertEquals(answer.status, status, `${what}: ${JSON.stringify(answer.body)}`);
    assertEquals(answer.headers.get("content-type"), "application/problem+json", what);
    assertEquals([answer.body.status, typeof answer.body.title, typeof answer.body.received], [
      status,
      "string",
      "string",
    ]);
    assertStringIncludes(answer.body.expected, text, what);
    assertEquals(await everything(), before, what);
  }
  // What changes something is seen by the same look.
  assertEquals((await ask("POST", "/api/conversions", { conversion: "bought", identity: "ada" })).status, 200);
  assert(JSON.stringify(await everything()) !== JSON.stringify(before));
});

Deno.test("a body without a length is read no further than it may be", async () => {
  await using subject = await openSubject();
  let sent = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      sent += 4_096;
      controller.enqueue(new Uint8Array(4_096).fill(32));
    },
  }, { highWaterMark: 0 });
  const request = new Request("http://bingo.test/api/conversions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: endless,
  });
  const { handlerOf } = await import("./http/handler.ts");
  const response = await handlerOf(subject.bingo, subject.jobs)(request);
  assertEquals([response.status, (await response.json()).status, sent < 65_536], [413, 413, true]);
});

Deno.test("a form of another site is refused, and one of the page itself is done", async () => {
  await using subject = await openSubject();
  const { ask } = subject;
  await ask("POST", "/api/experiments", price);
  const choosing = "experiment=price&action=choose&alternative=10";
  for (const headers of [{ "sec-fetch-site": "same-site" }, { origin: "http://evil.test" }, { origin: "null" }]) {
    const answer = await ask("POST", "/control", choosing, { ...form, ...headers });
    assertEquals(answer.status, 403);
  }
  const winner = async () => (await ask("GET", "/api/experiments/price")).body.winner;
  assertEquals(await winner(), null);
  const done = await ask("POST", "/control", choosing, { ...form, origin: "http://bingo.test" });
  assertEquals([done.status, done.headers.get("location"), await winner()], [303, "/?done=choose", "10"]);
  assertEquals((await ask("POST", "/control", "experiment=price&action=explode", form)).status, 400);
  assertEquals((await ask("POST", "/control", "experiment=prize&action=archive", form)).status, 404);
});

Deno.test("bots share one identity, and convert as one", async () => {
  await using subject = await openSubject();
  const { ask } = subject;
  await ask("POST", "/api/experiments", price);
  const bot = { "user-agent": "Mozilla/5.0 (compatible; Examplebot/2.1; +http://example.test/bot.html)" };
  const given = new Set<string>();
  for (let i = 0; i < 20; i++) {
    const joined = await ask("POST", "/api/participations", { experiment: "price", identity: `crawl ${i}` }, bot);
    given.add(joined.body.alternative);
    await ask("POST", "/api/conversions", { conversion: "bought" }, bot);
  }
  assertEquals(given.size, 1);
  assertEquals(sums((await ask("GET", "/api/experiments/price")).body), { "price": [1, 1], "price (2)": [1, 0] });
});

Deno.test("an identity keeps its alternative, until a winner is everybody's", async () => {
  await using subject = await openSubject();
  const { ask } = subject;
  await ask("POST", "/api/experiments", price);
  const get = async (identity: string) =>
    (await ask("POST", "/api/participations", { experiment: "price", identity })).body.alternative;
  const first = await Promise.all(Array.from({ length: 30 }, (_, i) => get(`visitor ${i}`)));
  assertEquals(new Set(first), new Set(["9.99", "10"]));
  assertEquals(await Promise.all(first.map((_, i) => get(`visitor ${i}`))), first);
  await ask("POST", "/api/experiments/price/winner", { alternative: "10" });
  assertEquals(new Set(await Promise.all(first.map((_, i) => get(`visitor ${i}`)))), new Set(["10"]));
  // What is decided is not counted any more; once the test goes on it is.
  assertEquals(
    (await ask("POST", "/api/conversions", { conversion: "bought", identity: "visitor 1" })).body.counted,
    [],
  );
  await ask("DELETE", "/api/experiments/price/winner");
  assertEquals(await get("visitor 3"), first[3]);
  assertEquals((await ask("POST", "/api/conversions", { conversion: "bought", identity: "visitor 1" })).body.counted, [
    "price",
  ]);
});
