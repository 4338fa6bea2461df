import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { prefetch } from "../../mod.ts";
import { honoScope, serving } from "../../lib/http/mod.ts";
import { openProxy } from "../../lib/task/bench/counting_proxy.ts";
import { untilSettled } from "../../lib/task/bench/redis_tier.ts";
import { redisBackend } from "../../lib/backend/redis/mod.ts";
import { redisTest } from "../servers/redis.ts";
import type { Page, Sold } from "./pages.ts";
import { openShop, renderPage } from "./pages.ts";

type Handler = (request: Request) => Response | Promise<Response>;

/** One page behind each kind of server. */
const servers: Readonly<Record<string, (sold: Sold) => Handler>> = {
  "Deno.serve": ({ manager }) =>
    serving(() => manager.begin(), async (_request, page) => new Response(await renderPage(page))),
  "Hono": ({ manager }) => {
    const app = new Hono<{ Variables: { scope: Page } }>();
    app.use(honoScope(() => manager.begin()));
    app.get("/page", async (context) => context.text(await renderPage(context.get("scope"))));
    return (request) => app.fetch(request);
  },
};

redisTest(
  "B02 B03 a request of 40 keys of 3 types takes one round trip to the shared tier when warm, 3 when cold, and no more",
  async ({ url, prefix }) => {
    await untilSettled(url);
    await using proxy = openProxy(url);
    await using backend = redisBackend({ url: proxy.url });
    for (const [name, make] of Object.entries(servers)) {
      for (const instance of ["none", "instance"] as const) {
        const sold = openShop(backend, `${prefix}${name.slice(0, 1)}${instance}`, instance);
        // The greeting of the connection is no part of what is counted.
        await sold.shop.prices.get("another")();
        sold.calls();
        await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, make(sold));
        const page = async () => await (await fetch(`http://127.0.0.1:${server.addr.port}/page`)).text();
        let text = "";
        assertEquals(await proxy.count(async () => text = await page()), 3, `${name}, ${instance}, cold`);
        assertEquals(text.split("\n").slice(0, 2), ["user 0 6", "user 1 6"]);
        assertEquals(sold.calls(), { users: 1, orders: 1, prices: 1 });
        assertEquals(await proxy.count(page), 1, `${name}, ${instance}, warm`);
        assertEquals([sold.calls(), await page()], [{}, text]);
      }
    }
  },
);

redisTest(
  "B02 a prefetch leaves out what the instance tier holds: all of it costs no round trip",
  async ({ url, prefix }) => {
    await untilSettled(url);
    await using proxy = openProxy(url);
    await using backend = redisBackend({ url: proxy.url });
    const { shop, manager } = openShop(backend, prefix, "instance");
    await shop.users.getMany([1, 2, 3])();
    await shop.orders.getMany([1, 2])();
    const trips = async (users: ReadonlyArray<number>, orders: ReadonlyArray<number>): Promise<number> => {
      await using page = manager.begin();
      return await proxy.count(prefetch(page, [shop.users, users], [shop.orders, orders]));
    };
    assertEquals([await trips([1, 2, 3], []), await trips([1, 2], [1, 2])], [0, 1]);
    // One that nobody has is claimed at once, and filled.
    assertEquals([await trips([1, 4], []), await trips([4, 1], [])], [2, 0]);
  },
);
