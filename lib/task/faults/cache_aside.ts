import { createClient } from "redis";
import type { Deadline } from "../../deadline.ts";
import type { Subject } from "./subject.ts";
import { NotSaved, type Passing, type Truth } from "./truth_sqlite.ts";

/** Longer than any run, so that what is wrong stays wrong. */
const ttl = 3_600_000;

const notCalled = new AbortController().signal;

/**
 * What most caches are: a read that misses loads and sets, a write saves and deletes. It is here to show that the
 * checker finds what it leaves behind.
 */
export async function openCacheAside(url: string, truth: Truth, passing: Passing): Promise<Subject> {
  const client = createClient({ url });
  client.on("error", () => {});
  await client.connect();
  const patient = { at: Infinity, signal: notCalled, left: () => Infinity as ReturnType<Deadline["left"]> };
  return {
    read: async (_client, key) => {
      const held = await client.get(key);
      if (held !== null) return { value: held, verdict: "HitShared" };
      const [value] = await truth.load([key]);
      await client.set(key, value!, { PX: ttl });
      return { value, verdict: "Filled" };
    },
    write: async (_client, key, value) => {
      try {
        await truth.save(key, value, patient, passing);
      } catch (error) {
        return error instanceof NotSaved ? "aborted" : "unknown";
      }
      await client.del(key);
      return "committed";
    },
    turn: () => Promise.resolve("nowhere"),
    close: () => client.close(),
  };
}
