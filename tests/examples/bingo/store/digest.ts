import { createHash } from "node:crypto";

/** A short name for an identity, of any length and with any characters: 128 bits meet in no lifetime. */
export function digest(text: string): string {
  return createHash("sha256").update(text).digest("base64url").slice(0, 22);
}
