import * as O from "fp-ts/lib/Option.js";
import { assertEquals, assertRejects } from "@std/assert";
import { Hono } from "hono";
import type { RequestScope, Scope, Store } from "../../mod.ts";
import { draft, memory, promises, request, scope, source } from "../../mod.ts";
import type { ServingOptions } from "../../lib/http/mod.ts";
import { ambient, honoScope, serving } from "../../lib/http/mod.ts";
import { withoutRejections } from "../support/rejections.ts";
import { found, left, right } from "../support/results.ts";
import { world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

type Handler = (request: Request, page: RequestScope) => Response | Promise<Response>;
type Server = (handler: Handler, options?: ServingOptions) => (request: Request) => Response | Promise<Response>;

const asked = new Request("http://localhost/");

/** The same handler in each kind of server. */
const servers: Readonly<Record<string, Server>> = {
  "Deno.serve": (handler, options) => serving(() => request(), handler, options),
  "Hono": (handler, options) => {
    const app = new Hono<{ Variables: { page: RequestScope } }>();
    app.onError(() => new Response("failed", { status: 503 }));
    app.use(honoScope(() => request(), { ...options, name: "page" }));
    app.get("/", (context) => handler(context.req.raw, context.get("page")));
    return (request) => app.fetch(request);
  },
};

/** Every test of this file, once for each kind of server. */
function serverTest(name: string, run: (server: Server, kind: string) => Promise<void>): void {
  for (const [kind, server] of Object.entries(servers)) Deno.test(`${name} (${kind})`, () => run(server, kind));
}

serverTest("B05 each of two requests at once has a scope of its own, which ends with its answer", async (server) => {
  const here = world();
  const scopes: Array<Scope<number, string>> = [];
  const answer = server(async (_request, page) => {
    const texts = page.scope(here.texts.store);
    scopes.push(texts);
    return new Response(found(await texts.get(1)()));
  });
  here.texts.hold("loads");
  const first = answer(asked);
  await turn();
  here.texts.rows.set(1, "changed behind");
  const second = answer(asked);
  await turn();
  for (const load of here.texts.loads) await load.release();
  assertEquals([await (await first).text(), await (await second).text()], ["one", "changed behind"]);
  for (const texts of scopes) assertEquals(left(await texts.get(1)())._tag, "Closed");
  assertEquals(here.texts.loads.length, 2);
});

serverTest("B05 a handler that throws ends its request, and stores nothing of it", async (server, kind) => {
  await withoutRejections(async () => {
    const here = world();
    let texts: Scope<number, string> | undefined;
    const answer = server((_request, page) => {
      texts = page.scope(here.texts.store);
      right(draft(texts, 1).set(O.some("half done")));
      throw new Error("the handler failed");
    });
    if (kind === "Hono") assertEquals((await answer(asked)).status, 503);
    else await assertRejects(async () => await answer(asked), Error, "the handler failed");
    assertEquals([left(await texts!.get(1)())._tag, here.texts.saves.length], ["Closed", 0]);
  });
});

serverTest("B07 dirty drafts are stored before the answer goes out", async (server) => {
  const here = world();
  const answer = server((_request, page) => {
    right(draft(page.scope(here.texts.store), 1).set(O.some("uno")));
    return new Response("done");
  });
  here.texts.hold("saves");
  let answered = false;
  const answering = Promise.resolve(answer(asked)).then((response) => (answered = true, response));
  await turn();
  assertEquals(answered, false);
  await here.texts.saves[0]!.commit();
  assertEquals([await (await answering).text(), here.texts.rows.get(1)], ["done", "uno"]);
});

serverTest(
  "a request whose drafts could not be stored is answered so, and they are not stored afterwards",
  async (server) => {
    const here = world();
    const handler: Handler = (_request, page) => {
      right(draft(page.scope(here.texts.store), 1).set(O.some("uno")));
      return new Response("done");
    };
    here.texts.hold("saves");
    const status = async (options?: ServingOptions): Promise<readonly [number, string]> => {
      const answering = server(handler, options)(asked);
      await turn();
      await here.texts.saves.at(-1)!.fail("full");
      const response = await answering;
      return [response.status, await response.text()];
    };
    assertEquals(await status(), [500, "Internal Server Error"]);
    const own = await status({
      onUnstored: async (unstored, response) =>
        new Response(`${await response.text()}, but ${unstored.map(({ key }) => key)}`, { status: 409 }),
    });
    assertEquals([own, here.texts.saves.length], [[409, "done, but 1"], 2]);
  },
);

/** A body that reads through the store while it is sent. */
function streamed(texts: Store<number, string>): ReadableStream<Uint8Array<ArrayBuffer>> {
  const keys = [1, 2];
  return new ReadableStream({
    pull: async (controller) => {
      const key = keys.shift();
      if (key === undefined) return controller.close();
      const read = await texts.get(key)();
      controller.enqueue(new TextEncoder().encode(read._tag === "Left" ? read.left._tag : O.toUndefined(read.right)));
    },
  }, { highWaterMark: 0 });
}

serverTest("a request may last until its body was sent, or was given up", async (server) => {
  const here = world();
  let texts: Scope<number, string> | undefined;
  const handler: Handler = (_request, page) => {
    texts = page.scope(here.texts.store);
    return new Response(streamed(texts), { status: 201, headers: { "x-a": "b" } });
  };
  const sent = await server(handler, { until: "sent" })(asked);
  assertEquals([sent.status, sent.headers.get("x-a"), await sent.text()], [201, "b", "onetwo"]);
  assertEquals(left(await texts!.get(1)())._tag, "Closed");
  const answered = await server(handler)(asked);
  assertEquals(await answered.text(), "ClosedClosed");
  const given = await server(handler, { until: "sent" })(asked);
  assertEquals(found(await texts!.get(1)()), "one");
  await given.body!.cancel();
  assertEquals(left(await texts!.get(1)())._tag, "Closed");
  const empty = await server((_request, page) => {
    texts = page.scope(here.texts.store);
    return new Response(null, { status: 204 });
  }, { until: "sent" })(asked);
  assertEquals([empty.status, left(await texts!.get(1)())._tag], [204, "Closed"]);
});

serverTest("a body that fails while it is sent ends the request", async (server) => {
  const here = world();
  let texts: Scope<number, string> | undefined;
  const answer = await server((_request, page) => {
    texts = page.scope(here.texts.store);
    return new Response(new ReadableStream({ pull: () => Promise.reject(new Error("torn")) }, { highWaterMark: 0 }));
  }, { until: "sent" })(asked);
  await assertRejects(() => answer.text(), Error, "torn");
  assertEquals(left(await texts!.get(1)())._tag, "Closed");
});

Deno.test("what a server gives its handlers beside the request reaches them", async () => {
  const handler = serving(() => request(), (_request, _page, info: { readonly port: number }) => {
    return new Response(String(info.port));
  });
  assertEquals(await (await handler(asked, { port: 7 })).text(), "7");
});

Deno.test("P14 an ambient session reaches the loader below a tier of all requests, each request its own", async () => {
  const session = ambient<string>();
  const load = async (ids: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
    await turn();
    return ids.map((id) => `${id} by ${O.toUndefined(session.current())}`);
  };
  const users = memory({ capacity: 100, ttl: "1m" })(source({ load }));
  const read = (name: string, id: number): Promise<string | undefined> =>
    session.run(name, async () => {
      await using mine = scope(users);
      return await promises(mine).get(id);
    });
  assertEquals(await Promise.all([read("ada", 1), read("grace", 2)]), ["1 by ada", "2 by grace"]);
  assertEquals([await read("grace", 1), session.current()], ["1 by ada", O.none]);
});
