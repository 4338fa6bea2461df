/**
 * `deno task cache`: where the switches of shared tiers on a Redis are, and turning them for all processes.
 *
 * The exit code is 0 if what was asked for is so, 1 if it could not be brought about, and 2 if it was not understood.
 *
 * @module
 */
import { redisBackend } from "../backend/redis/mod.ts";
import { showCacheError } from "../cache_error.ts";
import { milliseconds } from "../duration.ts";
import { type SwitchStatus, tierSwitch } from "../layer/switch.ts";
import { help, parseArguments, type Settings } from "./cache/arguments.ts";
import { askServer, namespacesOn, urlAt } from "./cache/namespaces.ts";

/** Runs the task; what it has to say goes line by line to whoever listens. */
export async function runCache(
  args: ReadonlyArray<string>,
  say: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const settings = parseArguments(args);
  if (settings._tag === "Left") {
    complain(settings.left);
    return 2;
  }
  if (settings.right === "help") {
    say(help);
    return 0;
  }
  try {
    return await obey(settings.right, say, complain);
  } catch (error) {
    complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

async function obey(
  settings: Settings,
  say: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  const { redis, namespace, command } = settings;
  const { isCluster } = await askServer(redis);
  await using backend = redisBackend(isCluster ? { cluster: { nodes: [redis] } } : { url: redis });
  // The first call waits until it is known which nodes there are, and connects.
  await tierSwitch({ backend, name: namespace ?? "any" }).status();
  const urls = isCluster ? backend.nodes().map(({ name }) => urlAt(redis, name)) : [redis];
  const names = namespace === undefined ? await namespacesOn(urls) : [namespace];
  if (names.length === 0) {
    complain("no tier with a switch has used this server");
    return command === "status" ? 0 : 1;
  }
  let code = 0;
  for (const name of names) {
    const control = tierSwitch({ backend, name, lease: milliseconds(settings.lease * 1_000) });
    const outcome = command === "status"
      ? await statusOf(control)
      : await turned(control, command, settings.wait * 1_000);
    (outcome.isSo ? say : complain)(`${name}: ${outcome.text}`);
    if (!outcome.isSo) code = 1;
  }
  return code;
}

/** What to say of a switch, and whether it is what was asked for. */
interface Outcome {
  readonly text: string;
  readonly isSo: boolean;
}

type Control = ReturnType<typeof tierSwitch>;

async function statusOf({ status }: Control): Promise<Outcome> {
  const known = await status();
  if (known._tag === "Left") return { text: showCacheError(known.left), isSo: false };
  const none = "none: no tier with a switch has used this name";
  return { text: known.right._tag === "None" ? none : show(known.right.value), isSo: true };
}

async function turned(control: Control, wish: SwitchStatus["wish"], wait: number): Promise<Outcome> {
  const turned = await control.turn(wish)();
  const reached = turned._tag === "Left" ? turned : await control.reached(milliseconds(wait))();
  if (reached._tag === "Left") return { text: showCacheError(reached.left), isSo: false };
  const isSo = reached.right.mode === wish;
  const hint = isSo || wish !== "on" ? "" : "; a process that uses the tier brings it on: is there one?";
  return { text: show(reached.right) + hint, isSo };
}

function show({ mode, wish, held }: SwitchStatus): string {
  const since = `for ${(held / 1_000).toFixed(1)} s`;
  return mode === wish ? `${mode}, ${since}` : `${mode}, on its way to ${wish}, ${since}`;
}

if (import.meta.main) Deno.exit(await runCache(Deno.args, console.log, console.error));
