import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { append, makeColumns, offsetMask, pageOf, remove } from "../../lib/backend/memory_columns.ts";
import type { Columns, Lens } from "../../lib/backend/memory_columns.ts";
import { expireAt, freshSlot, freshValue, keepAt, noteRead, slotAt, wasRead } from "../../lib/backend/memory_row.ts";
import type { Held, Slot } from "../../lib/protocol/slot.ts";

type Boxed = { readonly boxed: number };

/** What stands round each payload is not kept. */
const lens: Lens<Boxed> = { keep: ({ boxed }) => boxed, take: (kept) => ({ boxed: kept as number }) };

const moment = fc.oneof(
  fc.nat(100),
  fc.constantFrom(0, -0, 1, 5_000, 5_000.25, -7, 2 ** 53, Infinity, -Infinity, NaN, 5e-324),
  fc.double(),
);

const mark = fc.option(fc.record({ owner: fc.string(), generation: moment, deadline: moment }), { nil: undefined });

const held: fc.Arbitrary<Held<Boxed>> = fc.record({
  _tag: fc.constant("Held" as const),
  born: moment,
  payload: fc.integer().map((boxed) => ({ boxed })),
  loaded: moment,
  fresh: moment,
  until: moment,
  expires: moment,
  identity: fc.constantFrom("", "server"),
  mark,
}, { noNullPrototype: true });

const span = fc.oneof(fc.nat(100), fc.nat());

/** As every fill in this process makes it. */
const usual = fc.tuple(held, span, span).map(([slot, life, grace]): Held<Boxed> => {
  const [fresh, until] = [1 + life, 1 + life + grace];
  return { ...slot, fresh, until, expires: until, identity: "", mark: undefined };
});

/** As no lifetime makes it: not usable for as long as it is fresh. */
const short = fc.tuple(usual, fc.nat(50)).map(([slot, until]): Held<Boxed> => {
  return { ...slot, fresh: until + 50, until, expires: until };
});

/** All but usual. */
const odd = fc.tuple(usual, held, fc.constantFrom("fresh", "until", "expires", "identity", "mark", "born")).map(
  ([slot, other, field]): Held<Boxed> => ({ ...slot, [field]: other[field as keyof typeof other] }),
);

const slot: fc.Arbitrary<Slot<Boxed>> = fc.oneof(
  odd,
  usual,
  short,
  held,
  fc.record({ _tag: fc.constant("Void" as const), born: moment, pass: moment, expires: moment }, {
    noNullPrototype: true,
  }),
  fc.record({
    _tag: fc.constant("Claimed" as const),
    born: moment,
    owner: fc.string(),
    generation: moment,
    deadline: moment,
  }, { noNullPrototype: true }),
);

const keptOf = (columns: Columns<Boxed, string>, row: number) => pageOf(columns, row).kept[row & offsetMask];

Deno.test("a slot is had back from its columns exactly as it was, and whether it was read", () => {
  const columns = makeColumns<Boxed, string>(lens, 10, false);
  const row = append(columns, "a");
  fc.assert(
    fc.property(slot, fc.boolean(), fc.boolean(), (given, before, after) => {
      keepAt(columns, row, given, before);
      assertEquals(slotAt(columns, row), given);
      // Down to the sign of zero.
      for (const [field, value] of Object.entries(slotAt(columns, row))) {
        if (typeof value === "number") assert(Object.is(value, given[field as keyof typeof given]), field);
      }
      assertEquals(wasRead(columns, row), before);
      noteRead(columns, row, after);
      assertEquals([wasRead(columns, row), slotAt(columns, row)], [after, given]);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("a held slot of the usual shape is kept without an object, and any other as it is", () => {
  const columns = makeColumns<Boxed, string>(lens, 10, false);
  const row = append(columns, "a");
  fc.assert(fc.property(usual, held, (plain, odd) => {
    keepAt(columns, row, plain, false);
    assertEquals(keptOf(columns, row), plain.payload.boxed);
    const marked = { ...odd, mark: { owner: "Ann", generation: 1, deadline: 2 } };
    keepAt(columns, row, marked, false);
    assertEquals(keptOf(columns, row), marked);
  }));
});

Deno.test("a value is shown while its slot is fresh, whichever way it is kept, and is noted as read only then", () => {
  const columns = makeColumns<Boxed, string>(lens, 10, false);
  const row = append(columns, "a");
  const term = new Float64Array(1);
  fc.assert(
    fc.property(slot, moment, fc.constantFrom(-Infinity, 6_000, Infinity), (given, at, until) => {
      term[0] = until;
      const isFresh = given._tag === "Held" && given.fresh > at && given.until > at;
      const shown = isFresh && until > at ? given.payload.boxed : undefined;
      keepAt(columns, row, given, false);
      assertEquals(freshValue(columns, "a", () => at, term), shown);
      assertEquals(wasRead(columns, row), shown !== undefined);
      assertEquals(freshSlot(columns, "a", at), isFresh ? given : undefined);
      assertEquals(slotAt(columns, row), given);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("what is expired is fresh no longer, and nothing else of it changes", () => {
  const columns = makeColumns<Boxed, string>(lens, 10, false);
  const row = append(columns, "a");
  fc.assert(fc.property(usual, fc.boolean(), fc.nat(), (given, isRead, now) => {
    keepAt(columns, row, given, isRead);
    const done = expireAt(columns, row, now);
    assertEquals(done, now > 0);
    const fresh = done ? Math.min(given.fresh, now) : given.fresh;
    assertEquals([slotAt(columns, row), wasRead(columns, row)], [{ ...given, fresh }, isRead]);
  }));
  keepAt(columns, row, { _tag: "Void", born: 0, pass: 0, expires: 0 }, false);
  assertEquals(expireAt(columns, row, 1_000), false);
});

Deno.test("rows come and go over many pages, and each name keeps what is its own", () => {
  const columns = makeColumns<Boxed, string>(lens, 150_000, true);
  const kept = new Map<string, number>();
  const put = (name: string, boxed: number) => {
    const row = columns.rows.get(name) ?? append(columns, name);
    const until = 1 + boxed;
    const times = { born: boxed, loaded: -boxed, fresh: until, until, expires: until };
    keepAt(
      columns,
      row,
      { _tag: "Held", payload: { boxed }, ...times, identity: "", mark: undefined },
      boxed % 2 === 0,
    );
    pageOf(columns, row).counts[row & offsetMask] = boxed;
    kept.set(name, boxed);
  };
  const check = () => {
    assertEquals([columns.count, columns.rows.size], [kept.size, kept.size]);
    for (const [name, boxed] of kept) {
      const row = columns.rows.get(name)!;
      const [page, found] = [pageOf(columns, row), slotAt(columns, row)];
      const isRight = found._tag === "Held" && found.payload.boxed === boxed && found.born === boxed &&
        found.loaded === -boxed && found.until === 1 + boxed && page.names[row & offsetMask] === name &&
        page.counts[row & offsetMask] === boxed && wasRead(columns, row) === (boxed % 2 === 0);
      if (!isRight) throw new Error(`Expected ${boxed} in the row of ${name}: received ${JSON.stringify(found)}`);
    }
  };
  for (let i = 0; i < 120_000; i++) put(`name ${i}`, i);
  check();
  for (let i = 0; i < 120_000; i++) {
    if (i % 10 === 3) continue;
    remove(columns, columns.rows.get(`name ${i}`)!);
    kept.delete(`name ${i}`);
  }
  check();
  // One page more than there are rows for may stay.
  assertEquals([columns.count, columns.pages.length], [12_000, 2]);
  for (let i = 0; i < 50_000; i++) put(`later ${i}`, i);
  check();
});

Deno.test("columns have room for what is expected and one row more, and for others above it", () => {
  const lengths = (capacity: number, count: number): ReadonlyArray<number> => {
    const columns = makeColumns<Boxed, number>(lens, capacity, false);
    for (let i = 0; i < count; i++) append(columns, i);
    return columns.pages.map(({ names, kept, fresh, times }) => {
      assertEquals([kept.length, fresh.length, times.length], [names.length, names.length, 3 * names.length]);
      return names.length;
    });
  };
  assertEquals(lengths(1_000_000, 3), [16]);
  assertEquals(lengths(1_000_000, 1_000), [1_024]);
  assertEquals(lengths(10, 11), [11]);
  assertEquals(lengths(10, 12), [22]);
  assertEquals(lengths(40_000, 40_001), [32_768, 40_001 - 32_768]);
  assertEquals(lengths(40_000, 40_002), [32_768, 32_768]);
  assertEquals(lengths(32_768, 32_769), [32_768, 1]);
});
