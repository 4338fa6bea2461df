/**
 * `deno task bingo`: an A/B-testing service over HTTP, cached and counted as gae_bingo does it, with a page.
 *
 * - `domain/` is pure: what experiments and identities are, and what may become of them.
 * - `store/` has the tiers, the counters, the write-behind and the database.
 * - `http/` reads requests and answers them; `page/` draws the page.
 * - `jobs.ts` is what has to be done now and then; any scheduler may do it.
 *
 * @module
 */
import { help, parseArguments } from "./arguments.ts";
import { serve } from "./serve.ts";

async function main(args: ReadonlyArray<string>): Promise<number> {
  const parsed = parseArguments(args);
  if (parsed._tag === "Left") {
    console.error(`${parsed.left}\nSee deno task bingo --help.`);
    return 2;
  }
  if (parsed.right === "help") {
    console.log(help);
    return 0;
  }
  const ending = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(name, () => ending.abort());
  try {
    await serve(parsed.right, ending.signal, (url) => console.log(`Bingo is at ${url}`));
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
