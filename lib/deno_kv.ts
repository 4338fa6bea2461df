/** What a source and a backend in Deno KV both have to know of it: its limits, and how it says no. */
/** Deno KV reads at most so many keys at once. */
const keysPerRead = 10;

/** So many reads are under way at once: more only wait for each other on a local database. */
const readsAtOnce = 8;

/** Reads keys, in their order. */
export async function readKeys(
  kv: Deno.Kv,
  keys: ReadonlyArray<Deno.KvKey>,
): Promise<ReadonlyArray<Deno.KvEntryMaybe<unknown>>> {
  const found: Array<Deno.KvEntryMaybe<unknown>> = [];
  const atOnce = keysPerRead * readsAtOnce;
  for (let from = 0; from < keys.length; from += atOnce) {
    const some = keys.slice(from, from + atOnce);
    const chunks = Array.from(
      { length: Math.ceil(some.length / keysPerRead) },
      (_, i) => some.slice(i * keysPerRead, (i + 1) * keysPerRead),
    );
    found.push(...(await Promise.all(chunks.map((chunk) => kv.getMany<Array<unknown>>(chunk)))).flat());
  }
  return found;
}

// KV tells its failures apart by their messages only: all of them, of the disk too, are TypeErrors.

/** Tells whether another process is writing the file; where KV is remote this does not occur. */
export function isLocked(error: unknown): boolean {
  return error instanceof TypeError && /^database is locked/.test(error.message);
}

/** Tells whether one of KV's limits was passed: it checks them before it touches the database. */
export function isRefused(error: unknown): boolean {
  return error instanceof TypeError && /\(max \d+( bytes)?\)$/.test(error.message);
}
