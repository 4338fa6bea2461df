import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import type { Refusal } from "../domain/refusal.ts";
import { refusal } from "../domain/refusal.ts";

/** The largest body, in bytes: a definition with the most and longest names fits four times. */
const largest = 16_384;

/** Reads an object in JSON. */
export function readJson(request: Request): TaskEither<Refusal, Readonly<Record<string, unknown>>> {
  return async () => {
    const type = request.headers.get("content-type");
    // Of another site's page a browser sends this only after it was allowed to.
    if (mediaType(type) !== "application/json") {
      return E.left(refusal("NotJson", "content-type: application/json", type ?? undefined));
    }
    const text = await readText(request);
    return text._tag === "Left" ? text : parse(text.right);
  };
}

/** Reads the fields of a form. */
export function readForm(request: Request): TaskEither<Refusal, URLSearchParams> {
  return async () => {
    const type = request.headers.get("content-type");
    if (mediaType(type) !== "application/x-www-form-urlencoded") {
      return E.left(refusal("NotJson", "content-type: application/x-www-form-urlencoded", type ?? undefined));
    }
    const text = await readText(request);
    return text._tag === "Left" ? text : E.right(new URLSearchParams(text.right));
  };
}

function mediaType(type: string | null): string | undefined {
  return type?.split(";")[0]?.trim().toLowerCase();
}

async function readText(request: Request): Promise<Either<Refusal, string>> {
  const tooLarge = (size: number) => E.left(refusal("TooLarge", `a body of at most ${largest} bytes`, size));
  const declared = Number(request.headers.get("content-length") ?? 0);
  if (declared > largest) return tooLarge(declared);
  const parts: Array<Uint8Array> = [];
  let size = 0;
  try {
    for await (const part of request.body ?? []) {
      size += part.length;
      // What was declared may be wrong, or missing.
      if (size > largest) return tooLarge(size);
      parts.push(part);
    }
    const decoder = new TextDecoder("utf-8", { fatal: true });
    return E.right(parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode());
  } catch {
    return E.left(refusal("Malformed", "a whole body in UTF-8", `${size} bytes`));
  }
}

function parse(text: string): Either<Refusal, Readonly<Record<string, unknown>>> {
  const expected = "a JSON object";
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? E.right(value) : E.left(refusal("Malformed", expected, value));
  } catch {
    return E.left(refusal("Malformed", expected, text));
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
