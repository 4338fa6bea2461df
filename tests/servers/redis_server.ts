/** A server of a test's own, on a free loopback port, with its own folder. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Of the process that runs now; another one after `restart`. */
  readonly pid: number;
  /** Kills the process, even if it was stopped by SIGSTOP, and removes its folder. */
  readonly stop: () => Promise<void>;
  /** Kills the process and starts another with the same port, folder and arguments. */
  readonly restart: () => Promise<void>;
  /** Sends a signal to the process: SIGSTOP, SIGCONT, SIGTERM. */
  readonly signal: (name: Deno.Signal) => void;
}

// Somebody else may take the free port between finding and using it; three times in a row is no accident.
const attempts = 3;

// A server without data answers within tenths of a second. One that reads a log of what was written to it takes seconds,
// on a loaded machine many; one that cannot start ends, and is not waited for.
const patience = 60_000;

/** Starts a `redis-server` that keeps nothing on disk unless the arguments say so, and waits until it answers PING. */
export function startRedis(args: ReadonlyArray<string> = []): Promise<RedisServer> {
  return startProcess((port, folder) => launch(port, folder, args), "Ready to accept connections");
}

/** Starts a Redis Sentinel with these lines of configuration, and waits until it answers PING. */
export function startSentinel(lines: ReadonlyArray<string>): Promise<RedisServer> {
  return startProcess((port, folder) => launchSentinel(port, folder, lines), "Sentinel ID is");
}

/** Starts the process on a port, and again with what it left in its folder. */
type Launch = (port: number, folder: string) => Deno.ChildProcess;

async function startProcess(start: Launch, sign: string): Promise<RedisServer> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-redis-" });
  for (let attempt = 1;; attempt++) {
    const port = freePort();
    const process = start(port, folder);
    if (await answersPing(port, folder, process, sign)) return running(port, folder, start, sign, process);
    await kill(process);
    if (attempt === attempts) {
      const log = readLog(folder).trim();
      await Deno.remove(folder, { recursive: true });
      throw new Error(`Cannot start redis-server: no answer to PING: received ${log || "nothing"}`);
    }
  }
}

function running(
  port: number,
  folder: string,
  start: Launch,
  sign: string,
  first: Deno.ChildProcess,
): RedisServer {
  let process = first;
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await kill(process);
    await Deno.remove(folder, { recursive: true });
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return process.pid;
    },
    stop,
    restart: async () => {
      await kill(process);
      await Deno.remove(`${folder}/redis.log`);
      process = start(port, folder);
      if (!await answersPing(port, folder, process, sign)) {
        throw new Error("Cannot restart redis-server: no answer to PING");
      }
    },
    signal: (name) => process.kill(name),
    [Symbol.asyncDispose]: stop,
  };
}

function launch(port: number, folder: string, args: ReadonlyArray<string>): Deno.ChildProcess {
  const own = ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", folder, "--logfile", `${folder}/redis.log`];
  return new Deno.Command("redis-server", {
    args: [...own, "--save", "", "--appendonly", "no", "--daemonize", "no", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

function launchSentinel(port: number, folder: string, lines: ReadonlyArray<string>): Deno.ChildProcess {
  const file = `${folder}/sentinel.conf`;
  const own = [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, `logfile ${folder}/redis.log`, "daemonize no"];
  // It writes what it learns into its own configuration, and goes on from there when it is started again.
  if (!exists(file)) Deno.writeTextFileSync(file, [...own, ...lines, ""].join("\n"));
  const args = [file, "--sentinel"];
  return new Deno.Command("redis-server", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch {
    return false;
  }
}

async function kill(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
  await process.status;
}

async function answersPing(
  port: number,
  folder: string,
  process: Deno.ChildProcess,
  sign: string,
): Promise<boolean> {
  let ended = false;
  process.status.then(() => ended = true);
  const end = Date.now() + patience;
  while (!ended && Date.now() < end) {
    // Its own log says so first, because whoever took the port in between would answer a PING as well.
    const answer = readLog(folder).includes(sign) ? await ping(port) : "";
    // Who asks for a password is there as well; who is still loading its data is not.
    if (answer.startsWith("+PONG") || answer.startsWith("-NOAUTH")) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

function readLog(folder: string): string {
  try {
    return Deno.readTextFileSync(`${folder}/redis.log`);
  } catch {
    return "";
  }
}

async function ping(port: number): Promise<string> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("PING\r\n"));
    const answer = new Uint8Array(64);
    const length = await connection.read(answer);
    return new TextDecoder().decode(answer.subarray(0, length ?? 0));
  } catch {
    return "";
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
