import type { Either } from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { CacheError } from "./cache_error.ts";
import type { Write, WriteFailure } from "./store.ts";

/** A value of a request that is stored once, at the end, if it was changed. */
export interface Draft<V> {
  /** The value as it is now: the changed one, or what the request reads; reading makes nothing dirty. */
  readonly get: TaskEither<CacheError, Option<V>>;
  /** Changes the value, by that of now; it is loaded if the request has not read it yet. */
  readonly modify: (change: (value: Option<V>) => Option<V>) => TaskEither<CacheError, Option<V>>;
  /** Changes the value without loading it; none removes it. */
  readonly set: (value: Option<V>) => Either<CacheError, void>;
  /** Whether it differs from what the request loaded; what it did not load differs. */
  readonly isDirty: () => boolean;
  /** Stores it now, if it is dirty; if that fails, it stays so. */
  readonly store: Write<void>;
}

/** What a draft may be told. */
export interface DraftOptions<V> {
  /**
   * `disabled`: nothing of it is ever stored, and changes are refused; or a function that says so of the loaded value,
   * as for what was archived. `enabled` by default.
   */
  readonly storage?: "enabled" | "disabled" | ((loaded: V) => "enabled" | "disabled");
}

/** Why a draft was not stored. */
export interface Unstored {
  /** The key of the draft. */
  readonly key: unknown;
  /** What became of its write. */
  readonly failure: WriteFailure<never>;
}

/**
 * The draft of a key in a scope: a value that is stored once, at the scope's end, if it then differs from what the
 * request loaded. All drafts of a key in a scope are one.
 *
 * Values are compared by their structure; what was changed back is not stored. A value that was set without having been
 * loaded is stored without asking what there is. Changes are made through the draft: values that it gives are frozen, or
 * copies.
 *
 * @example Two changes, one write
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { draft, scope, source } from "@lamina/cache";
 * import { map } from "fp-ts/lib/Option.js";
 *
 * let saves = 0;
 * const visits = source({
 *   load: async (pages: ReadonlyArray<string>) => pages.map(() => ({ count: 41 })),
 *   save: async () => void saves++,
 * });
 * {
 *   await using mine = scope(visits);
 *   const home = draft(mine, "/home");
 *   const more = map(({ count }: { readonly count: number }) => ({ count: count + 1 }));
 *   await home.modify(more)();
 *   await draft(mine, "/home").modify(more)();
 *   assertEquals([home.isDirty(), saves], [true, 0]);
 * }
 * assertEquals(saves, 1);
 * ```
 */
export function draft<K, V>(
  scope: { readonly draft: (key: K, options?: DraftOptions<V>) => Draft<V> },
  key: K,
  options: DraftOptions<V> = {},
): Draft<V> {
  return scope.draft(key, options);
}
