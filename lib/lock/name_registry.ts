import * as E from "fp-ts/lib/Either.js";
import type { Full } from "./lock_error.ts";

/**
 * One object for each name, for as long as somebody uses it: dogpile's name registry, without its garbage collector.
 *
 * Who borrows a name that is in use gets the object that is in use; the last to give it back removes it.
 */
export interface NameRegistry<K, A> {
  /** The object of a name, made if nobody uses it; `Full` if too many names are in use. */
  readonly borrow: (name: K) => E.Either<Full, Borrowed<A>>;
  /** How many names are in use. */
  readonly size: () => number;
}

/** An object in use. `using` gives it back at the end of the block. */
export interface Borrowed<A> extends Disposable {
  /** What all who use the name have. */
  readonly value: A;
  /** Ends the use; once more does nothing. */
  readonly giveBack: () => void;
}

/** How a registry is bounded. */
export interface NameRegistryOptions {
  /** The most names in use at once: 100,000 unless told, which is more than a process has callers. */
  readonly maxNames?: number;
}

interface Cell<A> {
  readonly value: A;
  users: number;
}

/**
 * A registry whose objects are made by `make`. Names are equal as in a Map.
 *
 * Throws a RangeError if `maxNames` is no positive whole number.
 *
 * @example Two users of one name have one object, and nothing is left of it
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { nameRegistry } from "@lamina/cache/lock";
 *
 * const registry = nameRegistry((name: string) => ({ name }));
 * {
 *   const [one, two] = [registry.borrow("a"), registry.borrow("a")];
 *   assert(one._tag === "Right" && two._tag === "Right");
 *   assert(one.right.value === two.right.value);
 *   one.right.giveBack();
 *   assertEquals(registry.size(), 1);
 *   two.right.giveBack();
 * }
 * assertEquals(registry.size(), 0);
 * ```
 */
export function nameRegistry<K, A>(make: (name: K) => A, options: NameRegistryOptions = {}): NameRegistry<K, A> {
  const { maxNames = 100_000 } = options;
  if (!(Number.isInteger(maxNames) && maxNames > 0)) {
    throw new RangeError(`Cannot make a name registry: expected a positive whole maxNames: received ${maxNames}`);
  }
  const cells = new Map<K, Cell<A>>();
  const borrow = (name: K): E.Either<Full, Borrowed<A>> => {
    const known = cells.get(name);
    if (known === undefined && cells.size >= maxNames) {
      return E.left({ _tag: "Full", what: "the registry of names", limit: maxNames });
    }
    const cell = known ?? { value: make(name), users: 0 };
    if (known === undefined) cells.set(name, cell);
    cell.users++;
    return E.right(lend(cell.value, () => {
      if (--cell.users === 0) cells.delete(name);
    }));
  };
  return { borrow, size: () => cells.size };
}

function lend<A>(value: A, end: () => void): Borrowed<A> {
  let over = false;
  const giveBack = (): void => {
    if (over) return;
    over = true;
    end();
  };
  return { value, giveBack, [Symbol.dispose]: giveBack };
}
