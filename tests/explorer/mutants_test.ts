/** Mutants of the tables and of the slot function; `deno task prove --mutants` tries all of them. */
import { assert, assertEquals } from "@std/assert";
import { betrayal } from "./battery.ts";
import { misconduct } from "./conduct.ts";
import { mutants, unchanged } from "./mutants.ts";
import { survivors } from "./survivors.ts";

const all = mutants();

// One in eight of those of the slot function: each takes seconds, and those of the tables almost nothing.
const tried = all.filter(({ name }, i) => !name.startsWith("apply") || i % 8 === 0);

Deno.test("mutants of the tables and of the slot function are caught, but for those that are listed", async () => {
  const survived: Array<string> = [];
  for (const { name, make } of tried) {
    if (survivors.has(name)) continue;
    const protocol = await make();
    if ((misconduct(protocol) ?? betrayal(protocol, "also what is reached")) === undefined) survived.push(name);
  }
  assertEquals(survived, []);
  assert(tried.length > 100, `${tried.length} mutants`);
});

Deno.test("the mutants that survive are less than 5 % of all, and each has its reason", () => {
  const names = all.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  assertEquals([...survivors.keys()].filter((name) => !names.includes(name)), []);
  assert(survivors.size < all.length / 20, `${survivors.size} of ${all.length}`);
});

Deno.test("the protocol as it ships is given away by nothing, neither as a module nor as a text", async () => {
  assertEquals(misconduct({}), undefined);
  assertEquals(betrayal(await unchanged(), "also what is reached"), undefined);
});
