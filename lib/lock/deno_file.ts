import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import type { BackendFailed } from "../cache_error.ts";
import type { Door, Leave, Mode } from "./door.ts";
import { guardOf, lockOf } from "./door.ts";
import { gated, queued } from "./doors.ts";
import type { LocalLocks } from "./local.ts";
import { localDoors } from "./local.ts";
import type { LockError } from "./lock_error.ts";
import { digestName } from "./name.ts";
import { type LockOptions, readLockOptions, refused } from "./options.ts";
import { poll } from "./poll.ts";

/** Where locks of files are, and what bounds the waits for them. */
export interface FileLocksOptions extends LockOptions {
  /**
   * The directory of the files, on a local disk; made if it is not there. Nothing may remove files from it while
   * somebody uses them: who opens a new file of the same name does not wait for the holder of the old one.
   */
  readonly directory: string;
}

/** Files of each kind. A lock file is never removed, so their number is fixed; two names in 256 share one. */
const stripes = 256;

/**
 * Locks and guards of all processes of a machine, by `flock` on files. A process that ends, however it ends, lets go of
 * what it held.
 *
 * There are 256 files of each kind and no more, and a name has one of them by its digest: two names of one stripe have
 * one lock, whose `name` is the file's, and wait for each other. Who holds one and acquires the other waits for
 * himself until his deadline; {@linkcode withAll} takes such a pair once. Callers of one process come in their order;
 * between processes there is none, as they poll, with pauses of up to 50 ms, since a wait for `flock` cannot be ended.
 *
 * Only on Deno; elsewhere every attempt is `BackendFailed`, and so it is where the directory cannot be written. Throws a
 * RangeError if an option is out of range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fileLocks, withLock } from "@lamina/cache/lock";
 * import { right } from "fp-ts/lib/Either.js";
 * import * as TE from "fp-ts/lib/TaskEither.js";
 *
 * const directory = await Deno.makeTempDir();
 * const report = fileLocks({ directory }).lock("report");
 * assertEquals(await withLock(report)(() => TE.right("alone on this machine"))(), right("alone on this machine"));
 * await Deno.remove(directory, { recursive: true });
 * ```
 */
export function fileLocks(options: FileLocksOptions): LocalLocks {
  const { directory } = options;
  if (typeof directory !== "string" || directory === "") throw refused("file locks", "a directory", directory);
  const settings = readLockOptions("file locks", options);
  const queue = localDoors(settings);
  const file = (name: string): Door => fileDoor(directory, name);
  return {
    lock: (key) => {
      const name = `lock-${stripeOf(key)}`;
      return lockOf(name, queued(queue.door(name), file(name)), "exclusive", settings);
    },
    guard: (key) => {
      const [gate, room] = [`gate-${stripeOf(key)}`, `room-${stripeOf(key)}`];
      return guardOf(room, gated(queued(queue.door(gate), file(gate)), file(room), "shared"), settings);
    },
    size: queue.size,
  };
}

function stripeOf(key: string): string {
  return String(parseInt(digestName(key).slice(0, 8), 16) % stripes).padStart(3, "0");
}

/** A door that is a file. Each holder and each who tries has opened it for himself: `flock` belongs to the opening. */
function fileDoor(directory: string, name: string): Door {
  const path = `${directory}/${name}`;
  return {
    enter: async (mode, bound) => {
      const opened = await open(directory, path);
      if (opened._tag === "Left") return opened;
      const locked = await poll(bound, () => tryLock(opened.right, mode));
      if (locked._tag === "Right") return locked;
      close(opened.right);
      return locked;
    },
    tryEnter: async (mode) => {
      const opened = await open(directory, path);
      if (opened._tag === "Left") return opened;
      const locked = await tryLock(opened.right, mode);
      if (locked._tag === "Left" || locked.right._tag === "None") close(opened.right);
      return locked;
    },
  };
}

/** Locks an open file, if it can be had; closing it is what unlocks it. */
async function tryLock(file: Deno.FsFile, mode: Mode): Promise<E.Either<LockError, O.Option<Leave>>> {
  try {
    const locked = await file.tryLock(mode === "exclusive");
    return E.right(locked ? O.some(() => Promise.resolve(close(file))) : O.none);
  } catch (cause) {
    return E.left(failed("cannot lock a file", cause));
  }
}

async function open(directory: string, path: string): Promise<E.Either<BackendFailed, Deno.FsFile>> {
  const attempt = () => Deno.open(path, { create: true, read: true, write: true });
  try {
    return E.right(await attempt());
  } catch (first) {
    try {
      if (!(first instanceof Deno.errors.NotFound)) throw first;
      await Deno.mkdir(directory, { recursive: true });
      return E.right(await attempt());
    } catch (cause) {
      return E.left(failed("cannot open a file", cause));
    }
  }
}

function close(file: Deno.FsFile): E.Either<LockError, void> {
  try {
    return E.right(file.close());
  } catch (cause) {
    return E.left(failed("cannot close a file", cause));
  }
}

function failed(what: string, cause: unknown): BackendFailed {
  return { _tag: "BackendFailed", backend: "file", reason: `${what}: ${cause}`, cause };
}
