/**
 * Whether two values have the same structure: plain data, dates, maps, sets and bytes by what they hold, everything else
 * by reference. Throws nothing: what is nested too deeply, or throws when looked into, counts as different.
 */
export function isSame(left: unknown, right: unknown): boolean {
  try {
    return same(left, right, new Map());
  } catch {
    return false;
  }
}

type Seen = Map<object, unknown>;

function same(left: unknown, right: unknown, seen: Seen): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) return false;
  if (Object.getPrototypeOf(left) !== Object.getPrototypeOf(right)) return false;
  // A cycle: it is compared already, further up.
  if (seen.get(left) === right) return true;
  seen.set(left, right);
  if (Array.isArray(left)) return sameItems(left, right as ReadonlyArray<unknown>, seen);
  switch (Object.getPrototypeOf(left)) {
    case Object.prototype:
    case null:
      return sameRecords(left, right, seen);
    case Date.prototype:
      return Object.is((left as Date).getTime(), (right as Date).getTime());
    // In their order, which a reader sees as well.
    case Map.prototype:
    case Set.prototype:
      return sameItems([...left as Iterable<unknown>], [...right as Iterable<unknown>], seen);
    case ArrayBuffer.prototype:
      return sameBytes(new Uint8Array(left as ArrayBuffer), new Uint8Array(right as ArrayBuffer));
  }
  return ArrayBuffer.isView(left) && sameBytes(bytesOf(left), bytesOf(right as ArrayBufferView));
}

function sameItems(left: ReadonlyArray<unknown>, right: ReadonlyArray<unknown>, seen: Seen): boolean {
  if (left.length !== right.length) return false;
  // Not every: it would skip the holes of an array.
  for (let i = 0; i < left.length; i++) if (!same(left[i], right[i], seen)) return false;
  return true;
}

function sameRecords(left: object, right: object, seen: Seen): boolean {
  const fields = Object.entries(left);
  if (fields.length !== Object.keys(right).length) return false;
  const others = new Map(Object.entries(right));
  return fields.every(([field, value]) => others.has(field) && same(value, others.get(field), seen));
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
