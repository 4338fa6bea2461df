import type { Attempt, Operations, TransactionOptions } from "../../source/transaction.ts";
import { idOf } from "../../source/loader.ts";
import type { World } from "./world.ts";
import { assign, truthOf } from "./world.ts";

class Met extends Error {}

/** The transactions of a world's source: what is written in one is there at its commit, which ends as the script says. */
export function transactionsOf<K, V>(world: () => World<K, V>): TransactionOptions<K, V> {
  const begun = new WeakMap<object, Operations<K, V>>();
  return {
    begin: () => {
      const attempt = attemptIn(world());
      begun.set(attempt, attempt);
      return Promise.resolve(attempt);
    },
    joining: {
      place: [world],
      join: (attempt) => begun.get(attempt)!,
    },
  };
}

function attemptIn<K, V>(world: World<K, V>): Attempt<K, V> {
  const written = new Map<unknown, { readonly key: K; readonly value: V | undefined }>();
  const write = (key: K, value: V | undefined) => Promise.resolve(void written.set(idOf(key), { key, value }));
  const apply = () => written.forEach(({ key, value }) => assign(world, key, value));
  return {
    get: (key) => {
      const own = written.get(idOf(key));
      return Promise.resolve(own === undefined ? truthOf(world, key) : own.value);
    },
    put: write,
    remove: (key) => write(key, undefined),
    commit: () => {
      const how = world.commits.shift();
      if (how === undefined) return Promise.resolve(apply());
      if (typeof how === "number" && how < Infinity) world.clock.after(how, apply);
      return Promise.reject(how === "conflict" ? new Met() : new Error("nobody knows"));
    },
    rollback: () => Promise.resolve(),
    failureOf: (error) => error instanceof Met ? "conflict" : "unknown",
  };
}
