import { assertEquals } from "@std/assert";
import { memoryBackend } from "../../lib/backend/memory.ts";
import { auditSlots } from "../../lib/task/demo/audit.ts";
import { asideCities, type Medium } from "../../lib/task/demo/cache_aside.ts";
import type { City } from "../../lib/task/demo/city.ts";
import { heldInShared } from "../../lib/task/demo/held_shared.ts";
import { emptyStatistics } from "../../lib/task/demo/statistics.ts";
import type { Subject } from "../../lib/task/demo/subject.ts";
import { tieredCities } from "../../lib/task/demo/tiers.ts";
import type { Truth } from "../../lib/task/demo/truth_sqlite.ts";

/** A source of one city, whose answer to the first load travels until `arrive` is called. */
interface SlowTruth extends Truth {
  /** Resolves when the first load has found its row. */
  readonly found: Promise<void>;
  readonly arrive: () => void;
  readonly rows: () => ReadonlyArray<City>;
}

function slowTruth(): SlowTruth {
  let city: City = { name: "0", lat: "", lng: "", country: "", admin1: "", admin2: "", version: 0 };
  const { promise: found, resolve: find } = Promise.withResolvers<void>();
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>();
  return {
    load: async (ids) => {
      const rows = ids.map(() => city);
      find();
      await arrived;
      return rows;
    },
    rename: (_id, name) => Promise.resolve(city = { ...city, name, version: city.version + 1 }),
    close: () => {},
    found,
    arrive,
    rows: () => [city],
  };
}

function mapMedium(): Medium & { readonly entries: Map<number, City> } {
  const entries = new Map<number, City>();
  return {
    entries,
    get: (id) => Promise.resolve(entries.get(id)),
    set: (id, city) => Promise.resolve(void entries.set(id, city)),
    delete: (id) => Promise.resolve(void entries.delete(id)),
    held: () => Promise.resolve([...entries]),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A load is under way while its city is renamed, and its answer comes last. */
async function overlap(subject: Subject, truth: SlowTruth): Promise<void> {
  const reading = subject.read(0);
  await truth.found;
  await subject.rename(0, "1");
  truth.arrive();
  await reading;
}

Deno.test("a load that a rename overtakes leaves an ordinary cache-aside stale, and the audit sees it", async () => {
  const [truth, medium] = [slowTruth(), mapMedium()];
  await using subject = asideCities({ truth, medium, statistics: emptyStatistics() });
  await overlap(subject, truth);
  assertEquals(auditSlots(await medium.held(1), truth.rows()), { slots: 1, stale: 1 });
  assertEquals((await subject.read(0))?.version, 0);
});

Deno.test("the same load fills neither tier, and the next read returns what was written", async () => {
  const [truth, statistics] = [slowTruth(), emptyStatistics()];
  const backend = memoryBackend<Uint8Array>({ capacity: 10 });
  await using subject = tieredCities({ truth, backend, namespace: "demo", statistics });
  await overlap(subject, truth);
  assertEquals(subject.peek(0), undefined);
  assertEquals((await subject.read(0))?.version, 1);
  assertEquals(statistics.memory.overtaken, 1);
  assertEquals(auditSlots(await heldInShared(backend, "demo", 3), truth.rows()), { slots: 1, stale: 0 });
});

Deno.test("the audit of a shared tier fails where a slot cannot be looked at", async () => {
  const backend = memoryBackend<Uint8Array>({ capacity: 10 });
  await backend.close();
  const failed = await heldInShared(backend, "demo", 3).catch((error: Error) => error.message);
  assertEquals(failed, "Cannot audit the shared tier: expected every slot to be readable: received closed");
});
