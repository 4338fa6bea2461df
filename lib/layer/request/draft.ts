import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Draft, DraftOptions, Unstored } from "../../draft.ts";
import type { Deadline } from "../../deadline.ts";
import type { Identity } from "../../key.ts";
import { identify } from "../../key.ts";
import type { Write, WriteFailure } from "../../store.ts";
import { duplicate, isolate } from "../memory/isolate.ts";
import { readAll } from "./reads.ts";
import { isSame } from "./same.ts";
import type { Scoped } from "./scoped.ts";
import { closedError, during } from "./scoped.ts";
import { aborted, writeAll } from "./writes.ts";

/** A change that was not stored yet. */
export interface Change<K, V> {
  readonly key: K;
  /** What the request had loaded; none if nothing. */
  readonly base: Option<Option<V>>;
  readonly value: Option<V>;
  storing: Promise<Either<WriteFailure<never>, void>> | undefined;
  /** The write of a change that this one replaced while it was being stored: it comes first. */
  before: Promise<unknown> | undefined;
}

/** The draft of a key. All drafts of one key in one request are one. */
export function draftOf<K, V>(self: Scoped<K, V>, key: K, { storage = "enabled" }: DraftOptions<V>): Draft<V> {
  const identity = identify(key);
  if (identity._tag === "Left") return refusedDraft({ _tag: "KeyRefused", reason: identity.left.reason });
  const id = identity.right;
  const set = (value: Option<V>): Either<CacheError, void> => {
    if (self.memo.closed) return E.left(closedError);
    const base = O.alt(() => self.changes.get(id)?.base ?? O.none)(loadedOf(self, id));
    if (isDisabled(storage, base)) return refused("its storage is disabled");
    const replaced = self.changes.get(id);
    const before = replaced?.storing ?? replaced?.before;
    return setChange(self, { key, base, value, storing: undefined, before }, id);
  };
  const get: Draft<V>["get"] = async () => {
    const change = self.changes.get(id);
    if (change !== undefined && !self.memo.closed) return E.right(ownOf(change.value));
    const result = (await readAll(self, [key]))[0]!;
    return result._tag === "Left" ? result : E.right(result.right.value);
  };
  return {
    get,
    set,
    modify: (change) => async () => {
      const now = await get();
      if (now._tag === "Left") return now;
      const changed = settle(change, ownOf(now.right));
      if (changed._tag === "Left") return changed;
      const done = set(changed.right);
      return done._tag === "Left" ? done : changed;
    },
    isDirty: () => isDirty(self.changes.get(id)),
    store: () => self.memo.closed ? Promise.resolve(aborted(closedError)) : storeChange(self, id),
  };
}

/** What the request knows of a key, without asking anybody. */
function loadedOf<K, V>({ memo }: Scoped<K, V>, id: Identity): Option<Option<V>> {
  const kept = memo.kept.get(id)?.result;
  return kept?._tag === "Right" ? O.some(kept.right.value) : O.none;
}

function isDisabled<V>(storage: NonNullable<DraftOptions<V>["storage"]>, base: Option<Option<V>>): boolean {
  if (typeof storage === "string") return storage === "disabled";
  const loaded = O.flatten(base);
  if (loaded._tag === "None") return false;
  try {
    return storage(loaded.value) === "disabled";
  } catch {
    // What cannot be judged is not stored.
    return true;
  }
}

function setChange<K, V>(self: Scoped<K, V>, change: Change<K, V>, id: Identity): Either<CacheError, void> {
  const { changes, memo } = self;
  // Changes are the only copy of what they say, so that none may be forgotten for another.
  if (!changes.has(id) && changes.size >= memo.capacity) return refused(`the request has ${memo.capacity} others`);
  try {
    changes.set(id, { ...change, value: O.map((value: V) => isolate(value).value)(change.value) });
    return E.right(undefined);
  } catch {
    return refused("the value is nested too deeply to be copied, or a getter threw");
  }
}

/** The value for one more reader. */
function ownOf<V>(value: Option<V>): Option<V> {
  return O.isNone(value) ? value : O.some(duplicate(value.value));
}

function settle<V>(change: (value: Option<V>) => Option<V>, value: Option<V>): Either<CacheError, Option<V>> {
  try {
    return E.right(change(value));
  } catch {
    return refused("the function given to modify threw");
  }
}

function isDirty<K, V>(change: Change<K, V> | undefined): change is Change<K, V> {
  return change !== undefined && !(O.isSome(change.base) && isSame(change.base.value, change.value));
}

/** Stores a change if it is one; who asks meanwhile waits for the same write. */
function storeChange<K, V>(self: Scoped<K, V>, id: Identity): Promise<Either<WriteFailure<never>, void>> {
  const change = self.changes.get(id);
  if (change === undefined) return Promise.resolve(done);
  if (change.storing !== undefined) return change.storing;
  if (change.before !== undefined) return change.before.then(() => storeChange(self, id));
  if (!isDirty(change)) {
    self.changes.delete(id);
    return Promise.resolve(done);
  }
  return change.storing = during(self, save(self, change)).then((stored) => {
    change.storing = undefined;
    const isOver = stored._tag === "Right" || stored.left.outcome === "unconfirmed";
    const current = self.changes.get(id);
    if (current !== undefined) current.before = undefined;
    if (!isOver || current === undefined) return stored;
    // What was changed meanwhile is compared with what is stored now.
    if (current === change) self.changes.delete(id);
    else self.changes.set(id, { ...current, base: O.some(change.value) });
    return stored;
  });
}

const done: Either<never, void> = E.right(undefined);

function save<K, V>(self: Scoped<K, V>, { key, value }: Change<K, V>): Promise<Either<WriteFailure<never>, void>> {
  const saving = self.below.save;
  if (O.isNone(saving)) return Promise.resolve(aborted(readOnly));
  const write = (within: Deadline): Write<void> => saving.value([{ key, value }], within);
  return writeAll(self, [key], write, { written: () => [value], intended: [value] });
}

const readOnly: CacheError = {
  _tag: "Unsupported",
  operation: "store a draft",
  instead: "its source is read-only; give the source a save",
};

/** How many drafts are stored at once: as many locks as a backend takes in one pipeline without others noticing. */
const atOnce = 100;

/** Stores every draft that is dirty, and says which could not be. */
export async function storeAll<K, V>(self: Scoped<K, V>): Promise<ReadonlyArray<Unstored>> {
  const changes = [...self.changes];
  const unstored: Array<Unstored> = [];
  for (let at = 0; at < changes.length; at += atOnce) {
    const part = changes.slice(at, at + atOnce);
    const stored = await Promise.all(part.map(([id]) => storeChange(self, id)));
    stored.forEach((each, i) => {
      if (each._tag === "Left") unstored.push({ key: part[i]![1].key, failure: each.left });
    });
  }
  return unstored;
}

function refused(reason: string): Either<CacheError, never> {
  return E.left({ _tag: "ValueRefused", tier: "the draft", reason });
}

function refusedDraft<V>(error: CacheError): Draft<V> {
  const failed = E.left(error);
  const never = () => Promise.resolve(failed);
  return {
    get: never,
    set: () => failed,
    modify: () => never,
    isDirty: () => false,
    store: () => Promise.resolve(aborted(error)),
  };
}
