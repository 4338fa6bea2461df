import type { Duration } from "../../duration.ts";
import { tierSwitch } from "../../layer/switch.ts";
import { source } from "../../source/source.ts";
import { sleep } from "./patience.ts";
import type { Scenario, Site, StartServer, World } from "./scenario.ts";
import { namespace } from "./settings.ts";
import { openBackend, tierOn } from "./tiers.ts";

/** For how many milliseconds a process goes by the switch, and how many there are between two turns of it. */
const poll = 100;
const turns = 1_000;

/** With half of a test's lease, the way to `on` takes two thirds of the time between two turns. */
const share = 0.5;

/** How long a stopped process is stopped, as a share of the lease: for several polls, and shorter than its locks live. */
const stalled = 0.6;

/** How long the way to `on` may take at the end, in milliseconds, on a machine that is busy. */
const patience = 20_000;

/** One process of four turns the tier's switch every second, while the others are stopped now and then. */
export const switching: Scenario = {
  name: "a switch turned every second, and processes that stall",
  needs: "redis-server",
  promised: "linearizable",
  shown: [
    "switch was on",
    "switch was off",
    "stalls",
    "read.HitShared",
    "read.Bypassed",
    "read.Filled",
    "switched on for the audit",
  ],
  prepare: (_folder, start) => site(start),
};

async function site(start: StartServer): Promise<Site> {
  const server = await start();
  const through = { kind: "redis", url: server.url, waitReplicas: 0, poll } as const;
  return {
    share,
    turns,
    through: () => through,
    direct: () => through,
    fault: async ({ stall, pause, lease, count }) => {
      await pause(lease * Math.random());
      await stall(lease * share * stalled);
      count("stalls");
    },
    heal: (world) => untilOn(through, world),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The workers are gone: somebody has to use the tier until it is on, or there is nothing to audit. */
async function untilOn(through: Parameters<typeof openBackend>[0], { lease, count }: World): Promise<void> {
  const own = (lease * share) as Duration;
  await using backend = openBackend(through, lease);
  const control = tierSwitch({ backend, name: namespace, lease: own, poll: poll as Duration });
  const load = () => Promise.reject(new Error("nothing is read"));
  const origin = source<string, string>({ load, commit: (own / 3) as Duration });
  await using store = tierOn(backend, { lease: own, level: "pinned", poll })(origin);
  const end = performance.now() + patience;
  for (let mode = ""; mode !== "on" && performance.now() < end; await sleep(poll / 2)) {
    await control.turn("on")();
    await store.get("nothing")();
    const status = await control.status();
    if (status._tag === "Right" && status.right._tag === "Some") mode = status.right.value.mode;
    if (mode === "on") count("switched on for the audit");
  }
}
