import type { Backend } from "../../backend/port.ts";
import type { Clock } from "../../clock.ts";
import { late, orLate } from "../../deadline.ts";
import type { ReadingReplies } from "../../protocol/reading.ts";
import { board, join, type Landing } from "./flight.ts";
import type { Read } from "./read.ts";
import type { Tier } from "./tier.ts";

type Reply = ReadingReplies["Waiting"];

/** Waits for what others claimed: each read until something happened to its slot, or its patience ended. */
export async function wait<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  reads: ReadonlyArray<Read<K, V, P, N>>,
): Promise<ReadonlyArray<Reply>> {
  // Others wait for one that asks as soon as it is woken; of a batch, each waits for the slowest.
  if (reads.length === 1) return [await waitOne(tier, reads[0]!, true)];
  return await Promise.all(reads.map((read) => waitOne(tier, read, false)));
}

/** The first pause between two polls where nobody can tell of a change; it doubles up to the longest. */
const shortestPoll = 5;

/** Short enough not to be felt behind a load that somebody waits for, long enough not to be felt by the backend. */
const longestPoll = 50;

/** So often a read is woken at once: loads that follow each other on one key are rarely more. */
const quickWakes = 16;

/** How long a lost notification can delay a reader: a poll costs a round trip. */
const poll = 250;

async function waitOne<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  leads: boolean,
): Promise<Reply> {
  if (tier.policy.wait === 0) return "Spent";
  const now = tier.clock.now();
  read.waits ??= now + tier.policy.wait;
  const left = Math.min(read.waits, read.ends) - now;
  if (left <= 0) return "Spent";
  read.woken++;
  const flight = tier.flights.get(read.slot);
  if (flight === undefined && leads) board(tier, read, false);
  if (flight === undefined || flight === read.flight) return await waitForOthers(tier, read, left);
  const landing = await orLate(tier.clock, left, join(flight));
  return landing === late ? "Spent" : shareOf(read, landing);
}

/** What a read may take of another's of this process: what was current at some moment since the read began. */
function shareOf<K, V, P, N>(read: Read<K, V, P, N>, landing: Landing<V>): Reply {
  switch (landing._tag) {
    case "Nothing":
      return "Woken";
    case "Failed":
      read.error = landing.error;
      return "Failed";
    case "Loaded":
      if (!(landing.entry.asOf > read.began)) return "Woken";
      read.shared = { ...landing.entry, value: landing.copy() };
      return "Shared";
  }
}

/** Waits for a read of another process: for its backend's word, or where that can get lost or never comes, for a while. */
async function waitForOthers<K, V, P, N>(
  tier: Tier<K, V, P, N>,
  read: Read<K, V, P, N>,
  left: number,
): Promise<Reply> {
  const { backend, clock } = tier;
  // A word that comes again and again without a change must not keep the process, or the backend, busy.
  const rest = read.woken > quickWakes ? after(clock, Math.min(shortestPoll, left)) : undefined;
  const pause = backend.changed === undefined ? Math.min(longestPoll, shortestPoll * 2 ** (read.woken - 1)) : poll;
  const within = Math.min(pause, left);
  await Promise.all([orLate(clock, within, changedIn(backend, read.slot, within)), rest]);
  return "Woken";
}

function after(clock: Clock, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}

/** The backend's word that something happened; where it has none, or breaks its contract, the wait ends with its time. */
async function changedIn<P, N>(backend: Backend<P, N>, slot: N, within: number): Promise<void> {
  try {
    await (backend.changed === undefined ? never() : backend.changed(slot, within)());
  } catch {
    await never();
  }
}

/** A promise of its own for each wait: one for all would keep all that ever waited for it. */
function never(): Promise<never> {
  return new Promise(() => {});
}
