import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import type { Backend, Store } from "../../mod.ts";
import { collect, memory, prefetch, relation, requests, shared, source } from "../../mod.ts";
import type { ManagedRequest, Requests } from "../../mod.ts";

interface User {
  readonly name: string;
}
interface Order {
  readonly user: number;
  readonly items: ReadonlyArray<string>;
}
const User: t.Type<User, unknown, unknown> = t.type({ name: t.string });
const Order: t.Type<Order, unknown, unknown> = t.type({ user: t.number, items: t.readonlyArray(t.string) });

/** The stores of a shop: three types of values, under one backend. */
export type Shop = {
  readonly users: Store<number, User>;
  readonly orders: Store<number, Order>;
  readonly prices: Store<string, number>;
};

/** A shop, and what is asked of its source. */
export interface Sold {
  readonly shop: Shop;
  readonly manager: Requests<Shop>;
  /** How often each source was called since it was last asked. */
  readonly calls: () => Readonly<Record<string, number>>;
}

/** What a page reads: 40 keys of three types. */
export const wanted: {
  readonly users: ReadonlyArray<number>;
  readonly orders: ReadonlyArray<number>;
  readonly prices: ReadonlyArray<string>;
} = {
  users: Array.from({ length: 10 }, (_, i) => i),
  orders: Array.from({ length: 20 }, (_, i) => i),
  prices: Array.from({ length: 10 }, (_, i) => `item ${i}`),
};

/** The stores behind tiers on a backend; the instance tier in front of users only, if any. */
export function openShop(backend: Backend<Uint8Array>, prefix: string, instance: "instance" | "none" = "none"): Sold {
  const counts: Record<string, number> = {};
  const counted = <K, V>(name: string, make: (key: K) => V): Store<K, V> =>
    source({
      load: (keys: ReadonlyArray<K>) => {
        counts[name] = (counts[name] ?? 0) + 1;
        return Promise.resolve(keys.map(make));
      },
      save: () => Promise.resolve(),
      commit: "500ms",
    });
  const tier = { backend, ttl: "60s", lease: "1s" } as const;
  const users = pipe(
    counted("users", (id: number): User => ({ name: `user ${id}` })),
    shared({ ...tier, name: `${prefix}user`, codec: User }),
  );
  const shop: Shop = {
    users: instance === "none" ? users : memory({ capacity: 100, ttl: "60s", lease: "1s" })(users),
    orders: pipe(
      counted("orders", (id: number): Order => ({ user: id % 10, items: [`item ${id % 10}`] })),
      shared({ ...tier, name: `${prefix}order`, codec: Order }),
    ),
    prices: pipe(
      counted("prices", (item: string) => item.length),
      shared({ ...tier, name: `${prefix}price`, codec: t.number }),
    ),
  };
  const calls = () => {
    const now = { ...counts };
    for (const name of Object.keys(counts)) delete counts[name];
    return now;
  };
  return { shop, manager: requests(shop), calls };
}

/** What the handlers of a page are given. */
export type Page = ManagedRequest<Shop>;

/** The body of a page: one prefetch, and then as many reads, single ones, many at once, and relations. */
export async function renderPage(page: Page): Promise<string> {
  const { users, orders, prices } = page.stores;
  await prefetch(page, [users, wanted.users], [orders, wanted.orders], [prices, wanted.prices])();
  await prefetch(page, [users, wanted.users], [prices, ["item 3"]])();
  const userOf = relation(users, (order: Order) => order.user);
  const found = await orders.getMany(wanted.orders)();
  const list = found._tag === "Left" ? [] : found.right.flatMap((order) => O.isSome(order) ? [order.value] : []);
  await collect(list, userOf)();
  let text = "";
  for (const order of list) {
    const user = await userOf(order)();
    const price = await prices.get(order.items[0]!)();
    if (user._tag === "Left" || price._tag === "Left") return "failed";
    text += `${O.toUndefined(user.right)?.name} ${O.toUndefined(price.right)}\n`;
  }
  return text;
}
