/** A copy that nobody else holds, and whether parts of it can still be changed. */
export interface Isolated<A> {
  readonly value: A;
  /** Whether it holds what cannot be frozen (dates, maps, sets, bytes): such a copy is made anew for each reader. */
  readonly mutable: boolean;
}

interface Walk {
  /** The copies of what was met; undefined as long as there is but one object, which nothing can lead back to. */
  seen: Map<object, unknown> | undefined;
  readonly freeze: "all" | "what was frozen";
  mutable: boolean;
}

/**
 * Copies plain data and freezes the copy, so that it may be handed to many readers.
 *
 * Instances of classes and functions are kept by reference: what they mean cannot be copied. Throws a RangeError on
 * data that is nested too deeply for the stack.
 */
export function isolate<A>(value: A): Isolated<A> {
  if (typeof value !== "object" || value === null) return { value, mutable: false };
  const walk: Walk = { seen: undefined, freeze: "all", mutable: false };
  return { value: copy(value, walk) as A, mutable: walk.mutable };
}

/**
 * The value itself where nobody can change it, else a copy that differs from it in nothing else, for one more reader.
 *
 * Throws a RangeError as {@linkcode isolate} does.
 */
export function duplicate<A>(value: A): A {
  return copy(value, { seen: undefined, freeze: "what was frozen", mutable: false }) as A;
}

function copy(value: unknown, walk: Walk): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = walk.seen?.get(value);
  if (known !== undefined) return known;
  if (Array.isArray(value)) return copyArray(value, walk);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return copyRecord(value, prototype, walk);
  const made = copyContainer(value, walk);
  if (made !== value) walk.mutable = true;
  return made;
}

function copyArray(value: ReadonlyArray<unknown>, walk: Walk): unknown {
  const made: Array<unknown> = remember(walk, value, new Array(value.length));
  let same = true;
  for (let i = 0; i < value.length; i++) {
    if (!(i in value)) continue;
    made[i] = copy(value[i], walk);
    same &&= made[i] === value[i];
  }
  return frozen(made, value, walk, same);
}

function copyRecord(value: object, prototype: object | null, walk: Walk): unknown {
  const made = shallow(value, prototype);
  let same = true;
  for (const field of Object.keys(made)) {
    const inner = made[field];
    if (typeof inner !== "object" || inner === null) continue;
    if (walk.seen?.get(value) !== made) remember(walk, value, made);
    const copied = copy(inner, walk);
    if (copied === inner) continue;
    same = false;
    // A field of its own, whatever it is called: the copy has it already.
    made[field] = copied;
  }
  if (walk.seen !== undefined) remember(walk, value, made);
  return frozen(made, value, walk, same);
}

/** The fields of a record in a new one. Where it can be, it is one literal: the runtime takes the shape of the original. */
function shallow(value: object, prototype: object | null): Record<string, unknown> {
  if (prototype !== null && Object.getOwnPropertySymbols(value).length === 0) return { ...value };
  const made: Record<string, unknown> = Object.create(prototype);
  for (const [field, inner] of Object.entries(value)) {
    // Defined, not assigned: a field may be called __proto__.
    Object.defineProperty(made, field, { value: inner, enumerable: true, writable: true, configurable: true });
  }
  return made;
}

/** The copy as the walk wants it; the original where that cannot be changed and has `same` parts. */
function frozen(made: object, value: object, walk: Walk, same: boolean): object {
  if (walk.freeze === "all") return Object.freeze(made);
  if (!Object.isFrozen(value)) return made;
  return same ? remember(walk, value, value) : Object.freeze(made);
}

function copyContainer(value: object, walk: Walk): unknown {
  switch (Object.getPrototypeOf(value)) {
    case Date.prototype:
      return remember(walk, value, new Date((value as Date).getTime()));
    case Map.prototype: {
      const made = remember(walk, value, new Map<unknown, unknown>());
      for (const [key, inner] of value as Map<unknown, unknown>) made.set(copy(key, walk), copy(inner, walk));
      return made;
    }
    case Set.prototype: {
      const made = remember(walk, value, new Set<unknown>());
      for (const inner of value as Set<unknown>) made.add(copy(inner, walk));
      return made;
    }
  }
  if (value instanceof ArrayBuffer || value instanceof DataView) return remember(walk, value, structuredClone(value));
  // Not structuredClone: it makes a Buffer a Uint8Array, and copies all that a view looks into.
  return ArrayBuffer.isView(value) ? remember(walk, value, sliceOf.call(value)) : value;
}

const sliceOf = Object.getPrototypeOf(Uint8Array.prototype).slice as (this: unknown) => object;

function remember<A>(walk: Walk, value: object, made: A): A {
  (walk.seen ??= new Map()).set(value, made);
  return made;
}

/** About how many bytes plain data takes in memory; what it cannot look into counts as one object. */
export function roughSize(value: unknown): number {
  switch (typeof value) {
    case "string":
      return 16 + 2 * value.length;
    case "object":
      return value === null ? 8 : roughSizeOfObject(value);
    default:
      return 8;
  }
}

function roughSizeOfObject(value: object): number {
  if (ArrayBuffer.isView(value)) return 64 + value.byteLength;
  let size = 32;
  if (value instanceof Map || value instanceof Set) {
    for (const inner of value) size += 16 + roughSize(inner);
    return size;
  }
  for (const inner of Object.values(value)) size += 16 + roughSize(inner);
  return size;
}
