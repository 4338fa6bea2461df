import type { AnyTable } from "./machine.ts";
import { isEnd } from "./machine.ts";

/**
 * A table as a Mermaid state diagram; the documentation's pictures are made by it, and a test keeps them true.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { diagram } from "@lamina/cache/protocol";
 *
 * assertEquals(diagram({ Asking: { Again: "Asking", Heard: "Done" } }, ["Asking"]).split("\n"), [
 *   "stateDiagram-v2",
 *   "  [*] --> Asking",
 *   "  Asking --> Asking: Again",
 *   "  Asking --> Done: Heard",
 *   "  Done --> [*]",
 * ]);
 * ```
 */
export function diagram(table: AnyTable, start: ReadonlyArray<string>): string {
  const lines = ["stateDiagram-v2", ...start.map((state) => `  [*] --> ${state}`)];
  const ends = new Set<string>();
  for (const [state, cells] of Object.entries(table)) {
    const byNext = new Map<string, Array<string>>();
    for (const [reply, next] of Object.entries(cells)) {
      byNext.set(next, [...(byNext.get(next) ?? []), reply]);
      if (isEnd(table, next)) ends.add(next);
    }
    for (const [next, replies] of byNext) lines.push(`  ${state} --> ${next}: ${replies.join(", ")}`);
  }
  return [...lines, ...[...ends].map((end) => `  ${end} --> [*]`)].join("\n");
}
