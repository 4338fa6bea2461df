import { sleep } from "../faults/patience.ts";
import { exponential, type Random, seeded } from "./random.ts";
import type { City } from "./city.ts";
import type { Subject } from "./subject.ts";

/** What a client does. */
export interface Traffic {
  readonly subject: Subject;
  /** Which client of which worker it is. */
  readonly worker: number;
  readonly client: number;
  readonly seed: number;
  readonly writeRatio: number;
  /** Picks a city; which ones are popular depends on the day. */
  readonly pick: (random: Random, day: number) => number;
  /** Until when it goes on, by Date.now. */
  readonly end: number;
  readonly onRead: (id: number, city: City, begun: number) => void;
  readonly onRenamed: (id: number, city: City) => void;
}

/** How many clients a worker has. */
export const clientsAWorker = 64;

/** How long a client pauses between two requests, in milliseconds: a mean. */
const thinking = 20;

/** How many requests a client makes until other cities are popular: a day takes a tenth of a second here. */
const requestsADay = 2;

/** Runs one client: it looks at cities, now and then renames one, and then looks at what it renamed. */
export async function runClient(traffic: Traffic): Promise<void> {
  const { subject, worker, client, writeRatio, pick, end } = traffic;
  const random = seeded(traffic.seed, worker, client);
  const pause = () => sleep(exponential(thinking, random));
  for (let round = 0;; round++) {
    await pause();
    const id = pick(random, Math.floor(round / requestsADay));
    const renames = random() < writeRatio;
    if (Date.now() >= end) return;
    if (renames) {
      const renamed = await subject.rename(id, `City ${worker}-${client}-${round}`);
      if (renamed !== undefined) traffic.onRenamed(id, renamed);
    }
    const begun = Date.now();
    const city = await subject.read(id);
    if (city !== undefined) traffic.onRead(id, city, begun);
  }
}
