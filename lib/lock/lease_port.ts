import type { Option } from "fp-ts/lib/Option.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { BackendFailed } from "../cache_error.ts";

/**
 * Where leases are kept: three atomic steps on named places, each of which has at most one holder, known by its token.
 *
 * A step that fails may have taken effect, or take effect later; nothing is sent twice. A step never waits for a holder.
 */
export interface LeasePort {
  /** What it is, for errors. */
  readonly name: string;
  /**
   * Makes `token` the holder of a place for so many milliseconds, if it has none. Answers with a fence: a number above
   * all that it gave for that place before. None if it has a holder.
   */
  readonly acquire: (name: string, token: string, milliseconds: number) => TaskEither<BackendFailed, Option<number>>;
  /** Lets the holder have it for so many milliseconds from now; false if `token` is not the holder. */
  readonly renew: (name: string, token: string, milliseconds: number) => TaskEither<BackendFailed, boolean>;
  /** Ends it; false, and nothing is changed, if `token` is not the holder. */
  readonly release: (name: string, token: string) => TaskEither<BackendFailed, boolean>;
}
