import * as O from "fp-ts/lib/Option.js";
import { assertEquals, assertThrows } from "@std/assert";
import type { Change, HttpSource, ResponseError, Store } from "../../mod.ts";
import { httpSource } from "../../mod.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { allFound, found, left, right } from "../support/results.ts";

interface User {
  readonly name: string;
}

/** An API with users by number: how it answers is the test's affair, else as it should. */
interface Api extends AsyncDisposable {
  readonly users: Map<number, User>;
  readonly store: (options?: Partial<HttpSource<number, User>>) => Store<number, User>;
  readonly asked: Array<string>;
  answer: (request: Request) => Response | Promise<Response> | undefined;
}

function openApi(): Api {
  const users = new Map<number, User>();
  const usual = async (request: Request, id: number): Promise<Response> => {
    if (request.method === "PUT") users.set(id, await request.json());
    else if (request.method === "DELETE") return new Response(null, { status: users.delete(id) ? 204 : 404 });
    const user = users.get(id);
    return user === undefined ? new Response("none", { status: 404 }) : Response.json(user);
  };
  const api: Pick<Api, "asked" | "answer"> = { asked: [], answer: () => undefined };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, (request) => {
    const id = Number(new URL(request.url).pathname.slice(1));
    api.asked.push(`${request.method} ${id}`);
    return api.answer(request) ?? usual(request, id);
  });
  const at = (id: number): string => `http://127.0.0.1:${server.addr.port}/${id}`;
  const change = ({ key, value }: Change<number, User>): Request =>
    O.isSome(value)
      ? new Request(at(key), { method: "PUT", body: JSON.stringify(value.value) })
      : new Request(at(key), { method: "DELETE" });
  const read = async (response: Response): Promise<User> => await response.json();
  return Object.assign(api, {
    users,
    store: (options: Partial<HttpSource<number, User>> = {}) => httpSource({ at, read, change, ...options }),
    [Symbol.asyncDispose]: () => server.shutdown(),
  });
}

function statusOf(error: unknown): number {
  return (error as { readonly cause: ResponseError }).cause.status;
}

Deno.test("a resource is loaded, one that is not there is absent, and saves and removals are requests", async () => {
  await using api = openApi();
  await using users = api.store();
  right(await users.put(1, { name: "Ada" })());
  assertEquals(allFound(await users.getMany([2, 1])()), [undefined, { name: "Ada" }]);
  right(await users.remove(1)());
  assertEquals(found(await users.get(1)()), undefined);
  assertEquals(api.asked, ["PUT 1", "GET 2", "GET 1", "DELETE 1", "GET 1"]);
});

Deno.test("any other response fails its key with its status, and no other key", async () => {
  await using api = openApi();
  await using users = api.store();
  api.users.set(1, { name: "Ada" });
  for (const status of [400, 401, 429, 500, 503]) {
    api.answer = ({ url }) => url.endsWith("/2") ? new Response("no", { status }) : undefined;
    const [ada, failed] = await users.entries([1, 2])();
    assertEquals(right(ada!).value, O.some({ name: "Ada" }));
    assertEquals(statusOf(left(failed!)), status);
  }
  api.answer = () => new Response(null, { status: 410 });
  assertEquals(found(await users.get(2)()), undefined);
  api.answer = () => new Response("no JSON");
  assertEquals(left(await users.get(2)())._tag, "SourceFailed");
  await using careless = api.store({ read: () => Promise.reject(new Error("not read")) });
  assertEquals(left(await careless.get(2)())._tag, "SourceFailed");
});

Deno.test("so many loads are under way at once, and no more", async () => {
  await using api = openApi();
  await using users = api.store({ concurrency: 3 });
  const waiting: Array<() => void> = [];
  let most = 0;
  let now = 0;
  api.answer = async ({ url }) => {
    most = Math.max(most, ++now);
    // The third one lets all go, and so does whoever comes later.
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length >= 3) waiting.forEach((go) => go());
    });
    now--;
    return Response.json({ name: url.slice(url.lastIndexOf("/") + 1) });
  };
  const ids = Array.from({ length: 10 }, (_, i) => i);
  assertEquals(allFound(await users.getMany(ids)()).map((user) => user?.name), ids.map(String));
  assertEquals(most, 3);
  for (const concurrency of [0, 1.5, NaN]) assertThrows(() => api.store({ concurrency }), RangeError, "concurrency");
});

Deno.test("a save that is refused is aborted, and one that was answered otherwise, or not, is unknown", async () => {
  await using api = openApi();
  await using users = api.store();
  for (const [status, outcome] of [[400, "aborted"], [409, "aborted"], [412, "aborted"], [500, "unknown"]] as const) {
    api.answer = () => new Response("no", { status });
    const failure = left(await users.put(1, { name: "Ada" })());
    assertEquals([failure.outcome, statusOf(failure.error)], [outcome, status]);
  }
  api.answer = () => new Response("gone", { status: 404 });
  right(await users.remove(1)());
  assertEquals(left(await users.put(1, { name: "Ada" })()).outcome, "aborted");
});

Deno.test("a connection that breaks after the request was sent leaves the save unknown, applied or not", async () => {
  for (const isApplied of [true, false]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let applied = "";
    const serving = (async () => {
      for await (const connection of listener) {
        const buffer = new Uint8Array(4_096);
        const length = await connection.read(buffer);
        if (isApplied) applied += new TextDecoder().decode(buffer.subarray(0, length ?? 0));
        connection.close();
      }
    })();
    const at = `http://127.0.0.1:${listener.addr.port}/`;
    const change = () => new Request(at, { method: "POST", body: "renamed" });
    await using store = httpSource({ at: (_: number) => at, read: (response) => response.text(), change });
    assertEquals(left(await store.put(1, "renamed")()).outcome, "unknown");
    assertEquals(applied.includes("renamed"), isApplied);
    assertEquals(left(await store.get(1)())._tag, "SourceFailed");
    listener.close();
    await serving;
  }
});

Deno.test("a save and a load that are not answered in time end with their signal", async () => {
  const clock = virtualClock();
  const signals: Array<AbortSignal> = [];
  const fetch = ({ signal }: Request): Promise<Response> => {
    signals.push(signal);
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const at = "http://127.0.0.1/";
  await using store = httpSource({
    at: (_: number) => at,
    read: (response) => response.text(),
    change: () => new Request(at, { method: "PUT" }),
    fetch,
    clock,
    commit: "1s",
    loadTimeout: "2s",
  });
  const saving = store.put(1, "x")();
  const loading = store.get(1)();
  await clock.advance(1_000);
  assertEquals(left(await saving).outcome, "unknown");
  await clock.advance(1_000);
  assertEquals((left(await loading) as { readonly cause: Error }).cause.name, "TimeoutError");
  assertEquals([signals.map(({ aborted }) => aborted), clock.pending()], [[true, true], 0]);
});

Deno.test("of several changes in one save the first may be refused, and after that nobody knows", async () => {
  await using api = openApi();
  await using users = api.store();
  const save = O.toUndefined(users.save)!;
  const changes = [1, 2].map((key) => ({ key, value: O.some({ name: "Ada" }) }));
  const within = { at: Infinity, left: () => Infinity as never, signal: new AbortController().signal };
  for (const [refused, outcome] of [["1", "aborted"], ["2", "unknown"]] as const) {
    api.answer = ({ url }) => url.endsWith(refused) ? new Response("no", { status: 422 }) : undefined;
    assertEquals(left(await save(changes, within)()).outcome, outcome);
  }
});
