import { Buffer } from "node:buffer";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { deepStrictEqual } from "node:assert/strict";
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import fc from "fast-check";
import * as t from "io-ts";
import { bytes, type Codec, json, structured, wire, type WireOptions } from "../../lib/codec.ts";
import { anything, assertFault } from "./values.ts";

const strings = json(t.string);
const mebibyte = 1024 * 1024;

function stored<V>(codec: Codec<V>, value: O.Option<V>, options?: WireOptions): Uint8Array {
  const answer = wire(codec, options).encode(value);
  assert(E.isRight(answer), E.isLeft(answer) ? answer.left.detail : "");
  return answer.right;
}

function nibbles(entry: Uint8Array): { readonly codec: number; readonly compression: number } {
  const header = entry[0] ?? NaN;
  return { codec: header >> 4, compression: header & 0xf };
}

/** An entry of bytes as a stranger may have made it: any header, any length before compression, any body. */
function forged(header: number, length: number, body: Uint8Array): Uint8Array {
  const entry = new Uint8Array(7 + body.length);
  entry[0] = header;
  new DataView(entry.buffer).setUint32(3, length);
  entry.set(body, 7);
  return entry;
}

/** The least of three times, in milliseconds. */
function elapsed(run: () => void): number {
  const times = [1, 2, 3].map(() => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

/** Bytes that nothing compresses. */
function noise(length: number): Uint8Array<ArrayBuffer> {
  let state = 1;
  return Uint8Array.from({ length }, () => (state = (Math.imul(state, 1664525) + 1013904223) | 0) >>> 24);
}

Deno.test("S06 an absent entry, an empty value and no bytes at all are three things in every codec", async (test) => {
  const empties: ReadonlyArray<readonly [string, Codec<unknown>, unknown]> = [
    ...["", null, undefined, [], {}].map((value) => ["json", json(anything), value] as const),
    ...["", null, undefined, [], {}].map((value) => ["structured", structured(anything), value] as const),
    ["bytes", bytes as Codec<unknown>, new Uint8Array()],
  ];
  for (const [name, codec, value] of empties) {
    await test.step(`${name} of ${JSON.stringify(value)}`, () => {
      const { decode } = wire(codec);
      deepStrictEqual(decode(stored(codec, O.some(value))), E.right(O.some(value)));
      deepStrictEqual(decode(stored(codec, O.none)), E.right(O.none));
      assertFault(decode(new Uint8Array()), "unknown-header");
    });
  }
});

Deno.test("S06 absence is the same bytes under every codec, and has no body", () => {
  assertEquals(stored(strings, O.none, { version: 258 }), Uint8Array.of(0, 1, 2));
  assertEquals(stored(bytes, O.none, { version: 258 }), Uint8Array.of(0, 1, 2));
  const { decode } = wire(strings);
  assertFault(decode(Uint8Array.of(0, 0, 0, 34, 34)), "corrupt");
  assertFault(decode(Uint8Array.of(1, 0, 0)), "corrupt");
});

Deno.test("S07 X16 an entry of another codec version is a fault, either way", () => {
  const older = { version: 1 };
  const newer = { version: 257 };
  for (const value of [O.some("Ada"), O.none]) {
    assertFault(wire(strings, newer).decode(stored(strings, value, older)), "version");
    assertFault(wire(strings, older).decode(stored(strings, value, newer)), "version");
    assertEquals(wire(strings, newer).decode(stored(strings, value, newer)), E.right(value));
  }
});

Deno.test("S07 an entry of another codec, of an unknown compression or shorter than a header is a fault", () => {
  const { decode } = wire(strings);
  assertFault(decode(stored(bytes, O.some(Uint8Array.of(34, 34)))), "unknown-header");
  for (let id = 2; id < 16; id++) assertFault(decode(Uint8Array.of(id << 4, 0, 0, 34, 34)), "unknown-header");
  for (let algorithm = 3; algorithm < 16; algorithm++) {
    assertFault(decode(forged(0x10 | algorithm, 2, Uint8Array.of(34, 34))), "unknown-header");
  }
  for (let length = 0; length < 3; length++) assertFault(decode(new Uint8Array(length).fill(0x10)), "unknown-header");
});

Deno.test("S07 whatever the bytes, nothing throws, and a value is of the type", () => {
  const header = fc.constantFrom(0x00, 0x10, 0x11, 0x12, 0x13, 0x20, 0xff);
  const entries = fc.tuple(header, fc.uint8Array({ maxLength: 200 })).map(([first, rest]) => {
    return Uint8Array.of(first, 0, 0, ...rest);
  });
  const { decode } = wire(strings);
  fc.assert(
    fc.property(fc.oneof(entries, fc.uint8Array()), (entry) => {
      const answer = decode(entry);
      if (E.isRight(answer) && O.isSome(answer.right)) assertEquals(typeof answer.right.value, "string");
      if (E.isLeft(answer)) assertEquals(answer.left._tag, "CodecFault");
    }),
    { numRuns: 2_000 },
  );
});

for (const algorithm of ["gzip", "zstd"] as const) {
  const options: WireOptions = { compress: { above: 0, algorithm } };
  const value = `${"abc".repeat(40)}é`.repeat(200);
  const entry = stored(strings, O.some(value), options);

  Deno.test(`S07 ${algorithm} that is damaged or cut short is a fault or the very value`, () => {
    const { decode } = wire(strings);
    assertEquals(decode(entry), E.right(O.some(value)));
    let faults = 0;
    for (let at = 7; at < entry.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const answer = decode(entry.with(at, (entry[at] ?? 0) ^ (1 << bit)));
        if (E.isLeft(answer)) faults++;
        else assertEquals(answer, E.right(O.some(value)), `byte ${at}, bit ${bit}`);
      }
      const short = decode(entry.subarray(0, at));
      if (E.isRight(short)) assertEquals(short, E.right(O.some(value)), `cut at ${at}`);
    }
    assert(faults > (entry.length - 7) * 4, `${faults} faults`);
    for (const at of [3, 7, 8, 20]) assertFault(decode(entry.subarray(0, at)), "corrupt");
  });

  Deno.test(`S12 ${algorithm} is named in the header byte and shrinks the entry`, () => {
    assertEquals(nibbles(entry), { codec: 1, compression: algorithm === "gzip" ? 1 : 2 });
    assert(entry.length < value.length / 40, `${entry.length} bytes`);
  });

  Deno.test(`S12 ${algorithm} that does not shrink the body is not used`, () => {
    for (const value of [noise(5_000), new Uint8Array(), Uint8Array.of(1)]) {
      const entry = stored(bytes, O.some(value), options);
      assertEquals(nibbles(entry), { codec: 2, compression: 0 });
      assertEquals(wire(bytes).decode(entry), E.right(O.some(value)));
    }
  });

  Deno.test(`S13 inflating ${algorithm} stops at maxInflated`, () => {
    const pack = algorithm === "gzip" ? gzipSync : zstdCompressSync;
    const header = algorithm === "gzip" ? 0x21 : 0x22;
    const bomb = pack(new Uint8Array(64 * mebibyte));
    const honest = forged(header, 64 * mebibyte, bomb);
    assertFault(wire(bytes).decode(honest), "too-large");
    assertFault(wire(bytes, { maxInflated: 64 * mebibyte - 1 }).decode(honest), "too-large");
    const roomy = wire(bytes, { maxInflated: 64 * mebibyte });
    const whole = elapsed(() => assert(E.isRight(roomy.decode(honest))));
    // A header that understates what follows.
    for (const length of [0, 1, 1_000, 8 * mebibyte]) {
      assertFault(wire(bytes).decode(forged(header, length, bomb)), "corrupt");
    }
    // What is not inflated takes no time: hundreds of times less, of which a tenth is asked.
    const stopped = elapsed(() => assertFault(wire(bytes).decode(forged(header, 1_000, bomb)), "corrupt"));
    assert(stopped < whole / 10, `${stopped} ms to stop, ${whole} ms to inflate all`);
    assertFault(wire(bytes).decode(forged(header, 1_001, pack(new Uint8Array(1_000)))), "corrupt");
  });
}

Deno.test("S12 what was ever written stays readable", async (test) => {
  const text = "Lamina ".repeat(30);
  const written: ReadonlyArray<readonly [string, string, unknown]> = [
    ["absent", "AAAH", undefined],
    ["json", "EAAHeyJhIjpbMSwiw6kiXX0=", { a: [1, "é"] }],
    [
      "json with tags",
      "EAAHAXsiYSI6eyIkIjpbImJpZ2ludCIsIjEiXX0sImIiOnsiJCI6WyJNYXAiLFtbImsiLHsiJCI6WyJEYXRlIiw1XX1dXV19fQ==",
      { a: 1n, b: new Map([["k", new Date(5)]]) },
    ],
    ["json in gzip", "EQAHAAAA1B+LCAAAAAAAAANT8knMzcxLVBhGlBIArYOux9QAAAA=", text],
    ["json in zstd", "EgAHAAAA1Ci1L/0EWIUAAEgiTGFtaW5hICIBAEhRhQs82VzG", text],
    ["bytes", "IAAHAAEC", Uint8Array.of(1, 2)],
    ["structured clone", "MAAH/w9vIgFhQQFaEAEAAAAAAAAAJAABewE=", { a: [1n] }],
  ];
  for (const [name, base64, value] of written) {
    await test.step(name, () => {
      const codec = { 0: json(anything), 1: json(anything), 2: bytes as Codec<unknown>, 3: structured(anything) };
      const entry = Buffer.from(base64, "base64");
      const { decode } = wire(codec[nibbles(entry).codec as 0 | 1 | 2 | 3], { version: 7 });
      deepStrictEqual(decode(entry), E.right(value === undefined ? O.none : O.some(value)));
    });
  }
});

Deno.test("S12 compression begins above 4096 bytes, or where one says, or never", () => {
  const body = (length: number) => O.some("a".repeat(length - 2));
  assertEquals(nibbles(stored(strings, body(4096))).compression, 0);
  assertEquals(nibbles(stored(strings, body(4097))).compression, 2);
  assertEquals(nibbles(stored(strings, body(5_000), { compress: { above: 5_000 } })).compression, 0);
  assertEquals(nibbles(stored(strings, body(5_001), { compress: { above: 5_000 } })).compression, 2);
  assertEquals(nibbles(stored(strings, body(500_000), { compress: "never" })).compression, 0);
});

Deno.test("An entry above maxBytes is refused as too large, measured as it would be stored", () => {
  const { encode } = wire(bytes, { maxBytes: 100 });
  // A header of three bytes, and the codec's own byte.
  assertEquals(E.isRight(encode(O.some(noise(96)))), true);
  assertFault(encode(O.some(noise(97))), "too-large");
  assert(E.isRight(wire(strings).encode(O.some("a".repeat(2 * mebibyte)))));
  assertFault(wire(strings, { compress: "never" }).encode(O.some("a".repeat(mebibyte))), "too-large");
});

Deno.test("What is written can be read: a body above maxInflated is refused, as it is when read", () => {
  const small: WireOptions = { maxInflated: 5_000 };
  assertFault(wire(strings, small).encode(O.some("a".repeat(5_000))), "too-large");
  assert(E.isRight(wire(strings, small).encode(O.some("a".repeat(4_998)))));
  assertFault(wire(bytes, small).decode(stored(bytes, O.some(noise(5_000)))), "too-large");
  const large = wire(bytes, { maxBytes: 16 * mebibyte, compress: "never" });
  const entry = large.encode(O.some(new Uint8Array(10 * mebibyte)));
  assert(E.isRight(entry) && E.isRight(large.decode(entry.right)));
});

Deno.test("A codec of one's own that throws becomes a fault", () => {
  const thrower: Codec<string> = {
    id: 15,
    encode: () => {
      throw new Error("secret");
    },
    decode: () => {
      throw new Error("secret");
    },
  };
  const { encode, decode } = wire(thrower);
  assertEquals(assertFault(encode(O.some("a")), "unrepresentable").detail, "the codec's encode threw");
  assertEquals(assertFault(decode(Uint8Array.of(0xf0, 0, 0)), "corrupt").detail, "the codec's decode threw");
});

Deno.test("Options out of range are refused at construction", () => {
  const wrong: ReadonlyArray<WireOptions> = [
    ...[-1, 65_536, 1.5, NaN].map((version) => ({ version })),
    ...[0, -1, 2.5, Infinity].map((maxBytes) => ({ maxBytes })),
    ...[-1, NaN, 2 ** 32].map((maxInflated) => ({ maxInflated })),
    ...[-1, NaN].map((above) => ({ compress: { above } })),
    { compress: { above: 1, algorithm: "brotli" as "gzip" } },
  ];
  for (const options of wrong) assertThrows(() => wire(strings, options), RangeError, "in Wire:");
  for (const id of [0, 16, 1.5]) {
    assertThrows(() => wire({ ...strings, id }), RangeError, "Cannot set codec id in Wire:");
  }
});
