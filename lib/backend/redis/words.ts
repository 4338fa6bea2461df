import { Buffer } from "node:buffer";
import type { Level, Operation, Stored } from "../../protocol/slot.ts";
import type { Request } from "../port.ts";
import { claimValue } from "./value.ts";

/** What a script is told beside its operations; lua_slot.ts reads it. */
export interface Context {
  readonly lease: number;
  readonly level: Level;
  /** The moment of the server's change of identity, on its clock. */
  readonly changed: number;
  readonly identity: string;
  /** Whether the server may evict locks, which then have a ttl. */
  readonly evictable: boolean;
  /** The time instead of the server's. */
  readonly now: number | undefined;
}

// How many bytes the context has, and an operation beside its name and payload: four numbers, and the name's length; the
// payload has its own before it.
const contextLength = 34;
const headLength = 36;
const sizeLength = 4;

const levels: Readonly<Record<Level, number>> = { pinned: 0, probation: 1, strict: 2 };

/** What an operation tells beside its key: a name, up to four numbers, and bytes. */
interface Told {
  readonly name: string;
  readonly generation: number;
  readonly age: number;
  readonly fresh: number;
  readonly until: number;
  readonly payload: Uint8Array;
}

/**
 * All that a script is told, as one word: of several, the driver makes as many pieces for the socket, and the server as
 * many strings and numbers out of text.
 */
export function packWords(context: Context, requests: ReadonlyArray<Request<Uint8Array>>): Buffer {
  const told = requests.map(({ operation }) => toldOf(operation));
  let length = contextLength;
  for (const { name, payload } of told) length += headLength + Buffer.byteLength(name) + sizeLength + payload.length;
  const bytes = Buffer.allocUnsafe(length);
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  packContext(bytes, view, context);
  let at = contextLength;
  for (const each of told) at = pack(bytes, view, at, each);
  return bytes;
}

function packContext(bytes: Buffer, view: DataView, context: Context): void {
  view.setFloat64(0, context.lease);
  view.setFloat64(8, context.changed);
  view.setFloat64(16, context.now ?? NaN);
  bytes.write(context.identity, 24, "latin1");
  view.setUint8(32, levels[context.level]);
  view.setUint8(33, context.evictable ? 1 : 0);
}

function pack(bytes: Buffer, view: DataView, start: number, told: Told): number {
  const { name, payload } = told;
  const written = bytes.write(name, start + headLength);
  const at = start + headLength + written;
  view.setFloat64(start, told.generation);
  view.setFloat64(start + 8, told.age);
  view.setFloat64(start + 16, told.fresh);
  view.setFloat64(start + 24, told.until);
  view.setUint32(start + 32, written);
  view.setUint32(at, payload.length);
  bytes.set(payload, at + sizeLength);
  return at + sizeLength + payload.length;
}

const nothing: Told = { name: "", generation: 0, age: 0, fresh: 0, until: 0, payload: new Uint8Array() };

function toldOf(operation: Operation<Uint8Array>): Told {
  switch (operation._tag) {
    case "look":
      return nothing;
    case "claim":
      return { ...nothing, name: operation.owner };
    case "refresh":
      return { ...nothing, name: operation.owner, fresh: operation.which === "expired" ? 1 : 0 };
    case "fill": {
      const { owner, generation, stored } = operation;
      return told(claimValue(owner, generation), generation, stored);
    }
    case "release":
      return { ...nothing, name: operation.owner, generation: operation.generation, until: operation.pass };
    case "lock":
      return { ...nothing, name: operation.token };
    case "unlock": {
      const { token, generation, written } = operation;
      return written === undefined
        ? { ...nothing, name: token, generation, until: NaN }
        : told(token, generation, written);
    }
  }
}

function told(name: string, generation: number, { payload, age, fresh, until }: Stored<Uint8Array>): Told {
  return { name, generation, age, fresh, until, payload };
}
