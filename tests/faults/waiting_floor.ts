import { createClient } from "redis";
import { sleep } from "../../lib/task/faults/patience.ts";
import { type Outcome, sharedNow, valueOf } from "./waiting_worker.ts";

/** What waiting for another process costs at least: the commands that cannot be left out, without a tier. */
export interface Floor {
  /** One caller of a key: claims it, loads and sets it; or waits for the server's word, and gets it. */
  readonly run: (key: string, load: number) => Promise<Omit<Outcome, "_tag">>;
  readonly close: () => void;
}

/** Connects as a tier's backend does: once for commands, and once to hear of changes. */
export async function connectFloor(url: string): Promise<Floor> {
  const common = { url, maintNotifications: "disabled", disableOfflineQueue: true } as const;
  const data = createClient({ ...common, RESP: 2 });
  const tracking = createClient({ ...common, RESP: 3, emitInvalidate: true });
  let changed: () => void = () => {};
  tracking.on("invalidate", () => changed());
  for (const client of [data, tracking]) client.on("error", (error) => console.error(`Cannot use Redis: ${error}`));
  await Promise.all([data.connect(), tracking.connect()]);
  return {
    run: async (key, load) => {
      const claimed = await data.sendCommand(["SET", key, "claimed", "NX", "GET"]);
      if (claimed === null) {
        const began = sharedNow();
        await sleep(load);
        const ended = sharedNow();
        await data.sendCommand(["SET", key, valueOf(key)]);
        const fill = sharedNow();
        return { loads: [{ key, began, ended }], fills: [fill], woken: [], answered: [fill], wrong: 0 };
      }
      const change = new Promise<void>((resolve) => changed = resolve);
      const early = await tracking.sendCommand(["GET", key]);
      if (`${early}` === "claimed") await change;
      const woken = sharedNow();
      const value = await data.sendCommand(["GET", key]);
      return {
        loads: [],
        fills: [],
        woken: [woken],
        answered: [sharedNow()],
        wrong: `${value}` === valueOf(key) ? 0 : 1,
      };
    },
    close: () => {
      data.destroy();
      tracking.destroy();
    },
  };
}
