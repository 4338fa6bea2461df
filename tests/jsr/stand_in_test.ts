import * as std from "@std/assert";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { crypto } from "@std/crypto";

const hex = (digest: ArrayBuffer) => new Uint8Array(digest).toHex();
const text = new TextEncoder().encode("some_key");

Deno.test("digests are those of the real package, at once and as a promise, whole and in chunks", async () => {
  const sha1 = "53def077a4264bd3183d4eb21b1f56f883e1b572";
  assertEquals(hex(crypto.subtle.digestSync("SHA-1", text)), sha1);
  assertEquals(hex(crypto.subtle.digestSync("SHA-1", [text.slice(0, 3), text.slice(3)])), sha1);
  assertEquals(hex(await crypto.subtle.digest("SHA-1", text)), sha1);
  assertEquals(hex(crypto.subtle.digestSync("MD5", new Uint8Array())), "d41d8cd98f00b204e9800998ecf8427e");
  assertEquals(crypto.subtle.digestSync({ name: "SHA-256" }, text).byteLength, 32);
});

Deno.test("the rest of WebCrypto is there", async () => {
  assertEquals(crypto.getRandomValues(new Uint8Array(8)).length, 8);
  const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  assertEquals((await crypto.subtle.sign("HMAC", key, text)).byteLength, 32);
});

Deno.test("assertions that hold say nothing", () => {
  std.assert(1);
  std.assertFalse(0);
  std.assertEquals({ a: [1, new Map([[1, "b"]])] }, { a: [1, new Map([[1, "b"]])] });
  std.assertNotEquals<unknown>({ a: 1 }, { a: 1, b: undefined });
  std.assertStrictEquals(text, text);
  std.assertExists(0);
  std.assertMatch("abc", /b/);
  std.assertStringIncludes("abc", "bc");
  std.assertAlmostEquals(0.1 + 0.2, 0.3);
  std.assertAlmostEquals(10, 11, 1);
  std.assertGreaterOrEqual(2, 2);
  std.assertLessOrEqual(2, 2);
  std.assertInstanceOf(text, Uint8Array);
});

Deno.test("assertions that do not hold throw, with the caller's message", () => {
  const wrong: ReadonlyArray<(message: string) => unknown> = [
    (message) => std.assert(0, message),
    (message) => std.assertFalse(1, message),
    (message) => std.assertEquals<unknown>([1], [2], message),
    (message) => std.assertNotEquals([1], [1], message),
    (message) => std.assertStrictEquals([1], [1], message),
    (message) => std.assertExists(null, message),
    (message) => std.assertMatch("abc", /x/, message),
    (message) => std.assertStringIncludes("abc", "x", message),
    (message) => std.assertAlmostEquals(1, 2, 0.5, message),
    (message) => std.assertGreaterOrEqual(1, 2, message),
    (message) => std.assertLessOrEqual(2, 1, message),
    (message) => std.assertInstanceOf(text, Map, message),
    (message) => std.fail(message),
    (message) => std.assertThrows(() => {}, message),
    (message) => std.assertThrows(() => {}, Error, "", message),
  ];
  for (const each of wrong) assertThrows(() => each("because"), std.AssertionError, "because", `${each}`);
});

Deno.test("what is thrown has to be of the class and to carry the words", async () => {
  const boom = () => {
    throw new RangeError("boom");
  };
  assertEquals(assertThrows(boom, RangeError, "oo").message, "boom");
  assertThrows(() => assertThrows(boom, TypeError), std.AssertionError, "TypeError");
  assertThrows(() => assertThrows(boom, RangeError, "bang"), std.AssertionError, "bang");
  assertEquals((await assertRejects(() => Promise.reject(new RangeError("boom")), RangeError)).message, "boom");
  await assertRejects(() => assertRejects(() => Promise.resolve()), std.AssertionError);
  await assertRejects(() => assertRejects(() => Promise.reject(new Error("a")), TypeError), std.AssertionError);
  await assertRejects(() => assertRejects(boom, RangeError), std.AssertionError);
});
