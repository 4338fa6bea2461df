import { assert, assertEquals } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as TE from "fp-ts/lib/TaskEither.js";
import { type Guard, guard, type Lock, mutex, readResource, type Resource } from "../../lib/lock/mod.ts";
import { type VirtualClock, virtualClock } from "../../lib/testing/virtual_clock.ts";
import { left, right } from "../support/results.ts";
import { isFree, virtualTime } from "./support.ts";

/** How long a table is valid, is made, is empty while it is replaced, and is read, in milliseconds. */
const [valid, making, emptying, reading] = [10_000, 3_000, 2_000, 400] as const;

interface Table {
  readonly clock: VirtualClock;
  rows: ReadonlyArray<number>;
  madeAt: number;
  readers: number;
  /** How often it was made, and most at once. */
  readonly made: { times: number; now: number; most: number };
  /** How many readers were seen inside while it was made, and while it was replaced. */
  readonly beside: { making: number; replacing: number };
}

function tableOf(clock: VirtualClock): Table {
  const made = { times: 0, now: 0, most: 0 };
  return { clock, rows: [], madeAt: -Infinity, readers: 0, made, beside: { making: 0, replacing: 0 } };
}

function sleep({ clock }: Table, milliseconds: number): Promise<void> {
  return new Promise((resolve) => clock.after(milliseconds, resolve));
}

/** dogpile's example: what is there is removed first, and 2 s later the new is put in its place. */
function resourceOf(table: Table): Resource<never, number> {
  return {
    condition: () => {
      if (table.rows.length === 0) return Promise.resolve("missing");
      return Promise.resolve(table.clock.now() - table.madeAt > valid ? "expired" : "fresh");
    },
    make: async () => {
      table.made.most = Math.max(table.made.most, ++table.made.now);
      for (let step = 0; step < 10; step++) {
        await sleep(table, making / 10);
        table.beside.making = Math.max(table.beside.making, table.readers);
      }
      table.made.now--;
      return E.right(++table.made.times);
    },
    replace: (made) => async () => {
      table.rows = [];
      for (let step = 0; step < 10; step++) {
        await sleep(table, emptying / 10);
        table.beside.replacing = Math.max(table.beside.replacing, table.readers);
      }
      table.rows = [made];
      table.madeAt = table.clock.now();
      return E.right(undefined);
    },
  };
}

interface Seen {
  readonly reads: number;
  readonly empty: number;
}

/** Ten readers who read one after the other for a minute; how often they read, and found nothing. */
async function readFor(table: Table, protect: Guard): Promise<Seen> {
  const { clock } = table;
  const read = readResource({ creating: mutex({ clock }), guard: protect }, resourceOf(table));
  const run = async (index: number): Promise<Seen> => {
    let [reads, empty] = [0, 0];
    while (clock.now() < 60_000) {
      right(
        await read(async () => {
          table.readers++;
          await sleep(table, reading);
          reads++;
          if (table.rows.length === 0) empty++;
          table.readers--;
          return E.right(undefined);
        })(),
      );
      await sleep(table, index);
    }
    return { reads, empty };
  };
  const all = await virtualTime(clock)(Promise.all(Array.from({ length: 10 }, (_, index) => run(index + 1))));
  return all.reduce((sum, each) => ({ reads: sum.reads + each.reads, empty: sum.empty + each.empty }));
}

Deno.test("D20 no reader sees the table that is empty for 2 s inside the write section", async () => {
  const clock = virtualClock();
  const table = tableOf(clock);
  const { reads, empty } = await readFor(table, guard({ clock }));
  assert(reads > 500 && table.made.times >= 4, `expected more than ${reads} reads of ${table.made.times} tables`);
  assertEquals([empty, table.made.most], [0, 1]);
  assert(table.beside.making > 1, "expected readers beside the expensive part");
  assertEquals([table.beside.replacing, clock.pending()], [0, 0]);
});

Deno.test("without a guard they do", async () => {
  const clock = virtualClock();
  // A guard for each instead of one: nobody meets anybody.
  const apart = (side: "read" | "write"): Lock => ({
    name: side,
    acquire: (options) => guard({ clock })[side].acquire(options),
    tryAcquire: () => guard({ clock })[side].tryAcquire(),
  });
  const { empty } = await readFor(tableOf(clock), { read: apart("read"), write: apart("write") });
  assert(empty > 0);
});

Deno.test("D20 who makes a resource holds no read lock, and with nothing to read all wait for him", async () => {
  const clock = virtualClock();
  const table = tableOf(clock);
  const protect = guard({ clock });
  const resource = resourceOf(table);
  const free: boolean[] = [];
  const make = async () => {
    free.push(await isFree(protect.write));
    return await resource.make();
  };
  const read = readResource({ creating: mutex({ clock }), guard: protect }, { ...resource, make });
  const all = Array.from({ length: 5 }, () => read(() => Promise.resolve(E.right(table.rows)))());
  for (const each of await virtualTime(clock)(Promise.all(all))) assertEquals(right(each), [1]);
  assertEquals([free, table.made.times], [[true], 1]);
});

Deno.test("a resource that cannot be made or looked at is an error, and leaves no lock behind", async () => {
  const clock = virtualClock();
  const locks = { creating: mutex({ clock }), guard: guard({ clock }) };
  const rejects = () => Promise.reject(new Error("no disk"));
  const failing: ReadonlyArray<readonly [Partial<Resource<string, number>>, string]> = [
    [{ make: TE.left("no disk") }, "no disk"],
    [{ make: rejects }, "SourceFailed"],
    [{ replace: () => TE.left("no disk") }, "no disk"],
    [{ replace: () => rejects }, "SourceFailed"],
    [{ condition: rejects }, "SourceFailed"],
  ];
  for (const condition of ["missing", "expired"] as const) {
    const whole: Resource<string, number> = {
      condition: () => Promise.resolve(condition),
      make: TE.right(1),
      replace: () => TE.right(undefined),
    };
    for (const [part, expected] of failing) {
      const failed = left(await readResource(locks, { ...whole, ...part })(TE.right("read"))());
      assertEquals(typeof failed === "string" ? failed : failed._tag, expected);
      assertEquals([await isFree(locks.creating), await isFree(locks.guard.write)], [true, true]);
    }
  }
});

Deno.test("who finds an expired resource in the making reads what there is", async () => {
  const clock = virtualClock();
  const table = tableOf(clock);
  table.rows = [0];
  const read = readResource({ creating: mutex({ clock }), guard: guard({ clock }) }, resourceOf(table));
  const seen: Array<readonly [number, ReadonlyArray<number>]> = [];
  const look = () =>
    read(() => {
      seen.push([clock.now(), table.rows]);
      return Promise.resolve(E.right(undefined));
    })();
  const all = [look(), look(), look()];
  await virtualTime(clock)(Promise.all(all));
  assertEquals(seen, [[0, [0]], [0, [0]], [making + emptying, [1]]]);
});
