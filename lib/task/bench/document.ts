import * as t from "io-ts";
import { type Codec, json, type Wire, wire } from "../../codec.ts";

/** What is cached outside of the process. */
export interface Document {
  readonly id: number;
  readonly name: string;
  readonly text: string;
}

const documentType: t.Type<Document, unknown, unknown> = t.type({ id: t.number, name: t.string, text: t.string });

/** The codec of documents, the same for the tiers and for the floors. */
export const documentCodec: Codec<Document> = json(documentType);

/** What makes a document an entry, as a tier does it; not compressed, since no other library does that. */
export const documentWire: Wire<Document> = wire(documentCodec, { compress: "never" });

/** The document of a key, of about so many bytes as JSON. */
export function makeDocument(id: number, size: number): Document {
  const bare = { id, name: `document ${id}`, text: "" };
  return { ...bare, text: "x".repeat(size - JSON.stringify(bare).length) };
}
