import { right } from "../../support/results.ts";
import type { BrowserPage } from "../../servers/chromium.ts";
import { handlerOf } from "./http/handler.ts";
import { seed } from "./seed.ts";
import type { Subject } from "./support.ts";
import { openSubject } from "./support.ts";

/** Serves a service with the sample data to a browser. */
export async function withPage(
  page: BrowserPage,
  run: (url: string, subject: Subject) => Promise<void>,
): Promise<void> {
  await using subject = await openSubject();
  right(await seed(subject.bingo)());
  const handler = handlerOf(subject.bingo, subject.jobs);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, handler);
  try {
    await run(`http://127.0.0.1:${server.addr.port}/`, subject);
    await page.go("about:blank");
  } finally {
    await server.shutdown();
  }
}

/** What a browser says of an expression, which has to be of a type that JSON has. */
// deno-lint-ignore no-explicit-any -- it is compared with what is expected
export async function evaluate(page: BrowserPage, expression: string): Promise<any> {
  return JSON.parse(String(await page.evaluate(`JSON.stringify(${expression})`)));
}
