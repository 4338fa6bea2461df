import * as E from "fp-ts/lib/Either.js";
import { pipe } from "fp-ts/lib/function.js";
import * as O from "fp-ts/lib/Option.js";
import * as t from "io-ts";
import { redisBackend } from "../../backend/redis/mod.ts";
import { duration, type DurationLike } from "../../duration.ts";
import { memory } from "../../layer/memory.ts";
import { shared } from "../../layer/shared.ts";
import { source } from "../../source/source.ts";
import type { Store } from "../../store.ts";
import { writing } from "../../write.ts";
import type { Change, Connection, Peer, PeerNode } from "./peer.ts";

/** This package's tier on Redis. */
export const lamina: Peer = {
  name: "lamina",
  about: "@lamina/cache: Redis",
  connect: (connection) => connect(connection, (below) => below),
};

/** How long memory may keep what another node has changed meanwhile: it does not hear of that. */
export const memoryTtl = 1_000;

/** The same below a tier in memory, which is bounded by its ttl towards other nodes. */
export const laminaWithMemory: Peer = {
  name: "lamina + memory",
  about: `@lamina/cache: memory with a ttl of ${memoryTtl / 1_000} s and no invalidations, Redis`,
  connect: (connection) => connect(connection, memory({ capacity: 5_000, ttl: inMilliseconds(memoryTtl) })),
};

function inMilliseconds(count: number): DurationLike {
  return `${count}ms`;
}

type Rows = Store<string, string>;

function connect({ port, namespace, ttl, load }: Connection, above: (below: Rows) => Rows): Promise<PeerNode> {
  const backend = redisBackend({ url: `redis://127.0.0.1:${port}`, connectTimeout: "1s" });
  const below: Rows = pipe(
    source<string, string>({ load: (keys) => Promise.all(keys.map(load)) }),
    shared({ backend, name: namespace, codec: t.string, ttl: inMilliseconds(ttl) }),
  );
  const store = above(below);
  return Promise.resolve({
    get: async (key, deadline) => {
      const within = deadline === undefined ? {} : { deadline: duration(inMilliseconds(deadline)) };
      return O.toUndefined(orThrow(await store.get(key, within)()));
    },
    getMany: async (keys) => orThrow(await store.getMany(keys)()),
    write: async (change) => orThrow(await store.mutate([change.key], writing(change.save), saying(change))()),
    clear: async (keys) => orThrow(await store.invalidate(keys)()),
    [Symbol.asyncDispose]: async () => {
      await store.close();
      await backend.close();
    },
  });
}

/** What a "set" is here: saying what a read would now return, so that it may be published. */
function saying({ value, tell }: Change): { readonly written?: () => ReadonlyArray<O.Option<string>> } {
  return tell === "set" ? { written: () => [O.some(value)] } : {};
}

/** Errors have nothing that JSON would show. */
function readable(_: string, value: unknown): unknown {
  return value instanceof Error ? value.message : value;
}

function orThrow<Err, A>(result: E.Either<Err, A>): A {
  if (E.isRight(result)) return result.right;
  throw new Error(`Cannot use the cache: ${JSON.stringify(result.left, readable)}`);
}
