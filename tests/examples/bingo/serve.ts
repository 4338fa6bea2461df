import type { Arguments } from "./arguments.ts";
import { handlerOf } from "./http/handler.ts";
import { jobsOf, runJob, startJobs } from "./jobs.ts";
import { seed } from "./seed.ts";
import type { Bingo, BingoEvent } from "./store/bingo.ts";
import { openBingo } from "./store/bingo.ts";
import { filePlaces, redisPlaces } from "./store/places.ts";

/** Serves until the signal; `onReady` is told the address. What was counted is folded before the end. */
export async function serve(
  settings: Arguments,
  signal: AbortSignal,
  onReady: (url: string) => void,
): Promise<void> {
  await using folder = await folderOf(settings.data);
  const places = settings.redis === undefined ? filePlaces(folder.path) : redisPlaces(settings.redis);
  await using bingo = openBingo({ folder: folder.path, places, onEvent: logEvent });
  if (settings.seed === "sample data") await seeded(bingo);
  const jobs = jobsOf(bingo);
  const server = Deno.serve({
    port: settings.port,
    hostname: "127.0.0.1",
    onListen: ({ port }) => onReady(`http://127.0.0.1:${port}/`),
  }, handlerOf(bingo, jobs));
  const running = settings.jobs === "timers" ? startJobs(bingo, jobs, signal) : undefined;
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  await server.shutdown();
  await running;
  await runJob(bingo, jobs, "flush");
  await runJob(bingo, jobs, "fold");
}

/** One line of JSON an event, for whoever collects logs: its tags say what is lost, late or in doubt. */
function logEvent(event: BingoEvent): void {
  console.error(JSON.stringify(event, (_, value) => value instanceof Error ? value.message : value));
}

async function seeded(bingo: Bingo): Promise<void> {
  const done = await seed(bingo)();
  if (done._tag === "Left") throw new Error(`Cannot make the sample data: received ${JSON.stringify(done.left)}`);
  if (done.right !== "made") console.error("There are experiments already: no sample data was made.");
}

/** The folder of the database; a temporary one ends with the service. */
async function folderOf(data: string | undefined): Promise<AsyncDisposable & { readonly path: string }> {
  if (data === undefined) {
    const path = await Deno.makeTempDir({ prefix: "lamina-bingo-" });
    return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
  }
  await Deno.mkdir(data, { recursive: true });
  return { path: data, [Symbol.asyncDispose]: () => Promise.resolve() };
}
