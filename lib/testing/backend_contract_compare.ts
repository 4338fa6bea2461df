import type { Reply, Stored } from "../protocol/slot.ts";
import type { Played } from "./backend_contract_play.ts";

/** What is wrong about a reply; its generation is not compared, since it only has to be usable. */
export function compare(
  expected: Reply<Uint8Array>,
  received: Reply<Uint8Array> | undefined,
  slack: number,
): string | undefined {
  const difference = `expected ${showReply(expected)}: received ${showReply(received)}`;
  if (received === undefined || received._tag !== expected._tag) return difference;
  if ("generation" in expected && !("generation" in received && Number.isFinite(received.generation))) {
    return difference;
  }
  if ("until" in expected && !("until" in received && isNear(expected.until, received.until, slack))) return difference;
  if (!("found" in expected)) return undefined;
  const found = "found" in received ? received.found : undefined;
  return isSame(expected.found, found, slack) ? undefined : difference;
}

function isSame(left: Stored<Uint8Array> | undefined, right: Stored<Uint8Array> | undefined, slack: number): boolean {
  if (left === undefined || right === undefined) return left === right;
  return isNear(left.age, right.age, slack) && isNear(left.fresh, right.fresh, slack) &&
    isNear(left.until, right.until, slack) && right.payload instanceof Uint8Array &&
    hex(left.payload) === hex(right.payload);
}

function isNear(left: number, right: number, slack: number): boolean {
  return left === right || Math.abs(left - right) <= slack;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Numbered lines, one an ask, with what was answered. */
export function showPlayed(played: ReadonlyArray<Played>): string {
  const lineOf = new Map(played.map(({ id }, index) => [id, index + 1]));
  return played.map(({ slot, ask, wait, expected, fault }, index) => {
    const { _tag, ...rest } = ask;
    const details = Object.entries(rest).map(([name, value]) => {
      if (name !== "from") return `${name} ${showValue(value)}`;
      const line = lineOf.get(Number(value));
      return line === undefined ? "a generation never given" : `the generation of ${line}`;
    });
    const after = wait > 0 ? `${wait} ms later` : "with it";
    return `${index + 1}. ${after}, ${slot}: ${[_tag, ...details].join(", ")} → ${fault ?? showReply(expected)}`;
  }).join("\n");
}

function showReply(reply: Reply<Uint8Array> | undefined): string {
  if (reply === undefined) return "nothing";
  const { _tag, ...rest } = reply;
  const details = Object.entries(rest).filter(([name]) => name !== "generation");
  return details.length === 0
    ? _tag
    : `${_tag} (${details.map(([name, value]) => `${name} ${showValue(value)}`).join(", ")})`;
}

function showValue(value: unknown): string {
  if (value instanceof Uint8Array) return value.length === 0 ? "empty" : `0x${hex(value)}`;
  if (value instanceof Error || typeof value !== "object" || value === null) return String(value);
  return `[${Object.entries(value).map(([name, each]) => `${name} ${showValue(each)}`).join(", ")}]`;
}
