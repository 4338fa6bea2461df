import { TextLineStream } from "../faults/lines.ts";
import { lockFlags } from "../stand_in.ts";

/** A process that is told what to do by lines of JSON on its standard input, and answers each by one. */
export interface ToldProcess {
  /** Waits until it is ready. */
  readonly ready: () => Promise<unknown>;
  readonly tell: (what: unknown) => Promise<unknown>;
  readonly end: () => Promise<void>;
}

const permissions = ["--allow-env", "--allow-net", "--allow-read", "--allow-sys"];

/** Starts a program of this folder, with what it should know as JSON. It says one line when it is ready. */
export function startTold(program: string, settings: unknown): ToldProcess {
  // Outside of a task the main process has resolved every module, and no worker should write a lock file.
  const chosen = lockFlags();
  const lock = chosen.length === 0 ? ["--no-lock"] : chosen;
  const path = decodeURIComponent(new URL(program, import.meta.url).pathname);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", ...lock, ...permissions, path, JSON.stringify(settings)],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream()).getReader();
  const hear = async (): Promise<unknown> => {
    const { value } = await lines.read();
    if (value === undefined) throw new Error(`Cannot hear ${program}: expected a line: received the process's end`);
    return JSON.parse(value);
  };
  return {
    ready: hear,
    tell: async (what) => {
      await input.write(new TextEncoder().encode(`${JSON.stringify(what)}\n`));
      return await hear();
    },
    end: async () => {
      await input.close().catch(() => {});
      await child.status;
      await lines.cancel();
    },
  };
}

/** In such a process: says that it is ready, and answers each line until there is no more. */
export async function answerLines(answer: (line: string) => Promise<unknown>): Promise<void> {
  const lines = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
  console.log(JSON.stringify("ready"));
  for await (const line of lines) console.log(JSON.stringify(await answer(line)));
}
