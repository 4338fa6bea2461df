import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { lockName, nameRegistry } from "../../lib/lock/mod.ts";
import { left, right } from "../support/results.ts";

Deno.test("D18 a lock name is the SHA-1 of the key", () => {
  assertEquals(right(lockName("some_key")), "53def077a4264bd3183d4eb21b1f56f883e1b572");
  assertEquals(right(lockName("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
});

Deno.test("lock names are equal for equal keys only", () => {
  assertEquals(lockName({ a: 1, b: [2n] }), lockName({ b: [2n], a: 1 }));
  const keys = [1, "1", 1n, "'1", null, "null", undefined, true, "", "\x001", "\x00'1", [1], ["1"], new Date(1)];
  assertEquals(new Set(keys.map((key) => right(lockName(key)))).size, keys.length);
  assertEquals(left(lockName(NaN))._tag, "KeyFault");
  assertNotEquals(lockName("é"), lockName("e"));
});

Deno.test("D19 users of one name have one object, those of two names two, and nothing is left after use", () => {
  const registry = nameRegistry((name: string) => ({ name }));
  const a = [right(registry.borrow("a")), right(registry.borrow("a"))];
  const b = right(registry.borrow("b"));
  assert(a[0]!.value === a[1]!.value);
  assert(a[0]!.value !== b.value);
  assertEquals(registry.size(), 2);
  a[0]!.giveBack();
  a[0]!.giveBack();
  assert(right(registry.borrow("a")).value === a[1]!.value, "Giving back twice must not take it from another user");
  b.giveBack();
  assertEquals(registry.size(), 1);
});

Deno.test("D19 a million distinct names leave the registry empty", () => {
  let made = 0;
  const registry = nameRegistry((name: number) => (made++, { name }), { maxNames: 2 });
  using first = right(registry.borrow(-1));
  for (let name = 0; name < 1_000_000; name++) {
    using borrowed = right(registry.borrow(name));
    if (borrowed.value.name !== name) throw new Error(`expected the object of ${name}`);
  }
  assertEquals([registry.size(), made], [1, 1_000_001]);
  first.giveBack();
  assertEquals(registry.size(), 0);
});

Deno.test("a registry refuses one name more than it may have", () => {
  const registry = nameRegistry((name: string) => ({ name }), { maxNames: 1 });
  using _used = right(registry.borrow("a"));
  using _again = right(registry.borrow("a"));
  assertEquals(left(registry.borrow("b")), { _tag: "Full", what: "the registry of names", limit: 1 });
  assertEquals(registry.size(), 1);
});
