/** What is asked of the service, and by whom. */
export interface Load {
  readonly identities: number;
  /** The number of the first of them, 0 by default. */
  readonly from?: number;
  readonly conversions: ReadonlyArray<string>;
  /** How many requests are under way at most. */
  readonly atOnce: number;
  /** The addresses of the processes that are up now. */
  readonly urls: () => ReadonlyArray<string>;
  /** Told after each conversion that was acknowledged, how many were. */
  readonly onAcknowledged: (count: number) => void;
}

/** What became of it. */
export interface Loaded {
  /** Conversions whose request was answered with a success. */
  readonly acknowledged: number;
  /** How many requests were sent again, since nobody knew what had become of them. */
  readonly repeated: number;
}

/** The name of the test that all take part in. */
export const loadTest = "load";

/** Nothing is asked for longer, with a pause of some milliseconds between two attempts: then something is broken. */
const mostAttempts = 1_000;

/**
 * Every identity takes part and converts once by every name, each request repeated until it is acknowledged, by any
 * process. So in the end there are as many conversions as identities times names, neither more nor less.
 */
export async function runLoad(load: Load): Promise<Loaded> {
  let acknowledged = 0;
  let repeated = 0;
  const { from = 0 } = load;
  let next = from;
  const ask = async (path: string, body: unknown): Promise<void> => {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const urls = load.urls();
      const url = urls[Math.floor(Math.random() * urls.length)];
      const status = url === undefined ? undefined : await post(url + path, body);
      if (status === 200) return;
      if (status !== undefined && status < 500) throw new Error(`Cannot ${path}: received ${status}`);
      repeated++;
      await new Promise((resolve) => setTimeout(resolve, 20 + 30 * Math.random()));
    }
    throw new Error(`Cannot ${path}: no answer to ${mostAttempts} attempts`);
  };
  const visitors = Array.from({ length: load.atOnce }, async () => {
    while (next < from + load.identities) {
      const identity = `visitor ${next++}`;
      await ask("/api/participations", { experiment: loadTest, identity });
      for (const conversion of load.conversions) {
        await ask("/api/conversions", { conversion, identity });
        load.onAcknowledged(++acknowledged);
      }
    }
  });
  await Promise.all(visitors);
  return { acknowledged, repeated };
}

/** The status of the answer; undefined where there was none, so that nobody knows what has become of it. */
async function post(url: string, body: unknown): Promise<number | undefined> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    return response.status;
  } catch {
    return undefined;
  }
}
