import { assertEquals } from "@std/assert";
import { turn } from "./turn.ts";

/** Runs a test's body and fails if anything rejected meanwhile without anybody to hear it. */
export async function withoutRejections(body: () => Promise<void>): Promise<void> {
  const unheard: Array<unknown> = [];
  const hear = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    unheard.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", hear);
  try {
    await body();
    await turn();
  } finally {
    globalThis.removeEventListener("unhandledrejection", hear);
  }
  assertEquals(unheard, []);
}
