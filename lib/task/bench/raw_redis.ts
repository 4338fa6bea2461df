import { Buffer } from "node:buffer";
import * as O from "fp-ts/lib/Option.js";
import { createClient, RESP_TYPES } from "redis";
import { type Document, documentWire } from "./document.ts";

/** Redis without a cache in front: the commands that cannot be left out, and the decoding that cannot. */
export interface Raw {
  readonly get: (name: string) => Promise<Document>;
  readonly getMany: (names: ReadonlyArray<string>) => Promise<ReadonlyArray<Document>>;
  /** As `getMany`, where some are not there. */
  readonly find: (names: ReadonlyArray<string>) => Promise<ReadonlyArray<Document | undefined>>;
  readonly set: (name: string, value: Document) => Promise<void>;
  /** As `set` of each, in one command, which knows no expiry. */
  readonly setMany: (pairs: ReadonlyArray<readonly [string, Document]>) => Promise<void>;
  readonly send: (command: ReadonlyArray<string>) => Promise<unknown>;
  readonly close: () => void;
}

/** Connects as a tier's backend does: without the driver's timer a command, which would make the floor dearer. */
export async function connect(url: string): Promise<Raw> {
  const client = createClient({ url, RESP: 2, maintNotifications: "disabled", disableOfflineQueue: true });
  client.on("error", (error) => console.error(`Cannot use Redis: ${error}`));
  await client.connect();
  const options = { timeout: 0, typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer } };
  const send = (command: ReadonlyArray<string | Buffer>): Promise<unknown> =>
    client.sendCommand(command as Array<string | Buffer>, options);
  return {
    get: async (name) => decode(await send(["GET", name])),
    getMany: async (names) => (await send(["MGET", ...names]) as ReadonlyArray<unknown>).map(decode),
    find: async (names) =>
      (await send(["MGET", ...names]) as ReadonlyArray<unknown>).map((found) =>
        found === null ? undefined : decode(found)
      ),
    set: async (name, value) => void await send(["SET", name, encode(value), "PX", "3600000"]),
    setMany: async (pairs) => void await send(["MSET", ...pairs.flatMap(([name, value]) => [name, encode(value)])]),
    send,
    close: () => client.destroy(),
  };
}

function decode(reply: unknown): Document {
  const value = documentWire.decode(
    new Uint8Array((reply as Buffer).buffer, (reply as Buffer).byteOffset, (reply as Buffer).length),
  );
  if (value._tag === "Right" && value.right._tag === "Some") return value.right.value;
  throw new TypeError("Cannot decode an entry: expected a document");
}

function encode(value: Document): Buffer {
  const bytes = documentWire.encode(O.some(value));
  if (bytes._tag === "Left") throw new TypeError(`Cannot encode an entry: ${bytes.left.detail}`);
  return Buffer.from(bytes.right);
}
