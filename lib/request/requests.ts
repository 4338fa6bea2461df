import type { Scope } from "../layer/request.ts";
import type { ScopeOptions } from "../layer/request/options.ts";
import { settingsOf } from "../layer/request/options.ts";
import type { Store } from "../store.ts";
import type { AnyStore } from "./prefetch.ts";
import type { RequestScope } from "./request.ts";
import { request } from "./request.ts";

/** What a manager is made of: stores of the whole process, and functions that make one of a request's own resources. */
export type Definitions = Readonly<Record<string, AnyStore | ((resources: never) => AnyStore)>>;

/** The functions among definitions. */
export type MakersOf<D extends Definitions> = Extract<D[keyof D], (resources: never) => AnyStore>;

/** The resources that the functions among definitions ask for, all of them; unknown if there are none. */
export type ResourcesOf<D extends Definitions> = [MakersOf<D>] extends [never] ? unknown
  : [MakersOf<D>] extends [(resources: infer R) => AnyStore] ? R
  : never;

/** The scope of a definition's store. */
export type ScopeOf<S> = S extends (resources: never) => Store<infer K, infer V> ? Scope<K, V>
  : S extends Store<infer K, infer V> ? Scope<K, V>
  : never;

/** One request of a manager. */
export interface ManagedRequest<D extends Definitions> extends RequestScope {
  /** The scopes of the stores that were defined, by their names. */
  readonly stores: { readonly [Name in keyof D]: ScopeOf<D[Name]> };
}

/** Hands out requests. */
export interface Requests<D extends Definitions> {
  /** Begins a request with its own resources; it ends with `await using`, or `close`. */
  readonly begin: (...resources: unknown extends ResourcesOf<D> ? [] : [ResourcesOf<D>]) => ManagedRequest<D>;
}

/**
 * A manager, made once at the start, that hands out one scope a request over all stores.
 *
 * Where a loader needs something of the request (a database session), the definition is a function of it: the store that
 * it makes is asked for by this request only. Layers that all requests share are made once, outside of it: a `shared`
 * tier shares its entries by its name. A `memory` tier cannot stand on a request's own source; use {@linkcode ambient} of
 * `@lamina/cache/http` there. A store that was made for a request is not closed with it: what its tiers renew in the
 * background should not need the request's resources.
 *
 * Throws a RangeError on options out of range.
 *
 * @example A session reaches the loader
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { memoryBackend, promises, requests, shared, source } from "@lamina/cache";
 * import { pipe } from "fp-ts/lib/function.js";
 * import * as t from "io-ts";
 *
 * interface Session {
 *   readonly query: (ids: ReadonlyArray<number>) => Promise<ReadonlyArray<string>>;
 * }
 * const tier = shared({ backend: memoryBackend<Uint8Array>({ capacity: 1_000 }), name: "user", codec: t.string, ttl: "10m" });
 * const manager = requests({ users: (session: Session) => pipe(source({ load: session.query }), tier) });
 *
 * const session = { query: async (ids: ReadonlyArray<number>) => ids.map((id) => `user ${id}`) };
 * await using request = manager.begin(session);
 * assertEquals(await promises(request.stores.users).get(42), "user 42");
 * ```
 */
export function requests<const D extends Definitions>(definitions: D, options: ScopeOptions = {}): Requests<D> {
  // Before the first request.
  settingsOf(options);
  return {
    begin: (...[resources]) => {
      const begun = request(options);
      const stores = {} as ManagedRequest<D>["stores"];
      for (const [name, definition] of Object.entries(definitions)) {
        let made: AnyStore | undefined;
        // When it is first asked for: most requests use a few of the stores.
        const get = (): unknown => begun.scope(made ??= storeOf(definition, resources));
        Object.defineProperty(stores, name, { get, enumerable: true });
      }
      return { ...begun, stores };
    },
  };
}

function storeOf(definition: Definitions[string], resources: unknown): AnyStore {
  return typeof definition === "function" ? definition(resources as never) : definition;
}
