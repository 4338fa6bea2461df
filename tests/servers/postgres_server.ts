/** A server of a test's own, on a free loopback port, with its own folder. */
export interface PostgresServer extends AsyncDisposable {
  /** For the user `postgres`, without a password; at another port if a gate stands in front. */
  readonly url: (port?: number) => string;
  readonly port: number;
  /** Ends all its processes at once, without anybody's commit, and removes its folder. */
  readonly stop: () => Promise<void>;
}

/** What stands in postgresql.conf. */
export type PostgresSettings = Readonly<Record<string, string>>;

/** Who it runs as, and what that takes. */
type Identity = { readonly uid?: number; readonly gid?: number };

// Somebody else may take the free port between finding and using it; three times in a row is no accident.
const attempts = 3;

// A new server answers within tenths of a second, and one that recovers from a crash not much later.
const patience = 20_000;

/** Makes a cluster and starts a server on it that syncs nothing to disk, and waits until it takes connections. */
export async function startPostgres(binaries: string, settings: PostgresSettings = {}): Promise<PostgresServer> {
  const identity = await whoever();
  const folder = await makeFolder(identity);
  try {
    template ??= makeTemplate(binaries, identity);
    await run(["cp", "-a", `${await template}/data`, `${folder}/data`]);
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const port = freePort();
      const process = launch(binaries, folder, port, identity, settings);
      if (await isReady(folder, process)) return running(folder, port, process);
      await kill(process);
    }
    throw new Error(`Cannot start postgres: it takes no connections: received ${readLog(folder).trim() || "nothing"}`);
  } catch (error) {
    await Deno.remove(folder, { recursive: true });
    throw error;
  }
}

/** A cluster as it is made, which takes a second; a copy takes a tenth of it. */
let template: Promise<string> | undefined;

async function makeTemplate(binaries: string, identity: Identity): Promise<string> {
  const folder = await makeFolder(identity);
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const own = ["--pgdata", `${folder}/data`, "--username", "postgres", "--auth", "trust"];
  await run(
    [`${binaries}/initdb`, ...own, "--encoding", "UTF8", "--locale", "C", "--no-sync", "--wal-segsize", "1"],
    folder,
    identity,
  );
  return folder;
}

async function makeFolder({ uid, gid }: Identity): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "lamina-postgres-" });
  if (uid !== undefined) await Deno.chown(folder, uid, gid ?? null);
  return folder;
}

async function run([program = "", ...args]: ReadonlyArray<string>, cwd = "/", identity: Identity = {}): Promise<void> {
  const command = new Deno.Command(program, { args, cwd, stdin: "null", stdout: "null", ...identity });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(`Cannot run ${program}: received ${new TextDecoder().decode(stderr).trim()}`);
}

function running(folder: string, port: number, process: Deno.ChildProcess): PostgresServer {
  let stopped: Promise<void> | undefined;
  const end = async () => {
    await kill(process);
    await Deno.remove(folder, { recursive: true });
  };
  const stop = () => stopped ??= end();
  return {
    url: (at = port) => `postgres://postgres@127.0.0.1:${at}/postgres`,
    port,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

// The server refuses to run as root.
async function whoever(): Promise<Identity> {
  if (Deno.uid() !== 0) return {};
  const [uid, gid] = [await idOf("-u"), await idOf("-g")];
  return { uid, gid };
}

async function idOf(which: "-u" | "-g"): Promise<number> {
  const { stdout } = await new Deno.Command("id", { args: [which, "postgres"], stderr: "null" }).output();
  const id = Number(new TextDecoder().decode(stdout).trim() || NaN);
  // "nobody", where there is no user of that name.
  return Number.isInteger(id) ? id : 65_534;
}

function launch(
  binaries: string,
  folder: string,
  port: number,
  identity: Identity,
  wanted: PostgresSettings,
): Deno.ChildProcess {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    logging_collector: "on",
    log_directory: folder,
    log_filename: "postgres.log",
    // What a test asks for is small, and starting takes time in proportion.
    shared_buffers: "4MB",
    max_connections: "40",
    max_logical_replication_workers: "0",
    autovacuum: "off",
    ...wanted,
  };
  return new Deno.Command(`${binaries}/postgres`, {
    args: [
      ...["-D", `${folder}/data`, "-p", `${port}`],
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    ...identity,
  }).spawn();
}

/** An immediate shutdown: the postmaster ends its children, as a kill of it alone would not. */
async function kill(process: Deno.ChildProcess): Promise<void> {
  try {
    process.kill("SIGQUIT");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it has ended already
  }
  await process.status;
}

async function isReady(folder: string, process: Deno.ChildProcess): Promise<boolean> {
  let ended = false;
  process.status.then(() => ended = true);
  const end = Date.now() + patience;
  while (!ended && Date.now() < end) {
    if (readLog(folder).includes("ready to accept connections")) return true;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return false;
}

function readLog(folder: string): string {
  try {
    return Deno.readTextFileSync(`${folder}/postgres.log`);
  } catch {
    return "";
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
