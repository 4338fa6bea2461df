import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import * as O from "fp-ts/lib/Option.js";
import { ask } from "./ask.ts";
import { keyBucket } from "./bucket.ts";
import type { AggregateError } from "./event.ts";
import type { Flushing } from "./flush.ts";

/** The latest changes that are queued for keys: one round trip for each bucket that they are in, all at once. */
export async function readLatest<K, V>(
  { packing, port, asking, place, buckets }: Flushing<K, V>,
  keys: ReadonlyArray<K>,
): Promise<E.Either<AggregateError, ReadonlyArray<Option<Option<V>>>>> {
  const found: Array<Option<Option<V>>> = keys.map(() => O.none);
  const wanted = new Map<number, Array<readonly [index: number, name: string]>>();
  for (const [index, key] of keys.entries()) {
    const name = packing.name(key);
    if (name._tag === "Left") return name;
    const bucket = keyBucket(key, name.right, buckets);
    wanted.set(bucket, [...wanted.get(bucket) ?? [], [index, name.right]]);
  }
  const answers = await Promise.all([...wanted].map(async ([bucket, asked]) => {
    const read = await ask(asking, () => port.read(place(bucket), asked.map(([, name]) => name)))();
    if (read._tag === "Left") return read;
    for (const [place, value] of read.right.entries()) {
      const change = O.isSome(value) ? packing.unpack(value.value) : undefined;
      if (change !== undefined) found[asked[place]![0]] = O.some(change.value);
    }
    return read;
  }));
  return answers.find((answer) => answer._tag === "Left") ?? E.right(found);
}
