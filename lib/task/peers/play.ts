import { sleep } from "../faults/patience.ts";
import { within } from "./bound.ts";
import type { PeerCase, Played } from "./cases.ts";
import type { Peer } from "./peer.ts";
import { caseTtl, openScene, quiet, type Scene } from "./scene.ts";

/** What a library made of a case. */
export type Finding =
  | { readonly _tag: "Fresh" }
  /** Some node answered with an old value for so long after everything had ended. */
  | { readonly _tag: "Stale"; readonly milliseconds: number; readonly ended: "itself" | "with its ttl" | "not seen" }
  | { readonly _tag: "Unsupported"; readonly because: string }
  | { readonly _tag: "Failed"; readonly because: string };

/** No case takes longer, whatever a library does. */
const longest = 30_000;

/** Between two looks at all nodes. */
const pause = 50;

/** So many looks in a row without an old value end the watch. */
const enough = 5;

/** An entry that was taken over from Redis just before its end may live for another ttl in memory. */
const longestWatch = 2.5 * caseTtl;

/** Plays a case with a library. */
export async function playCase(peer: Peer, played: PeerCase, port: number): Promise<Finding> {
  try {
    return await within(longest, `the case ${played.name}`, play(peer, played, port));
  } catch (error) {
    return { _tag: "Failed", because: error instanceof Error ? error.message : String(error) };
  }
}

async function play(peer: Peer, { name, play }: PeerCase, port: number): Promise<Finding> {
  await using scene = await openScene(peer, port, `${name}-${peer.name.replace(/\W+/g, "-")}`);
  // No entry is older than this, so what is stale for a ttl from here on, or longer, was ended by its ttl.
  const begun = performance.now();
  const played = await play(scene);
  if (typeof played === "string") return { _tag: "Unsupported", because: played };
  // What is still to be delivered between nodes gets the time for it.
  await sleep(quiet);
  return await watch(scene, begun, { ...played, readers: [...played.readers, await scene.start()] });
}

async function watch(scene: Scene, begun: number, played: Played): Promise<Finding> {
  const start = performance.now();
  let lastStale = -1;
  for (let freshInARow = 0; freshInARow < enough;) {
    const now = performance.now() - start;
    if (now > longestWatch) return { _tag: "Stale", milliseconds: now, ended: "not seen" };
    const stale = await anyStale(scene, played);
    if (stale) lastStale = performance.now() - start;
    freshInARow = stale ? 0 : freshInARow + 1;
    await sleep(pause);
  }
  if (lastStale < 0) return { _tag: "Fresh" };
  // The look before the last one saw it still, and they are a pause apart.
  const lived = start + lastStale + 2 * pause - begun;
  return { _tag: "Stale", milliseconds: lastStale, ended: lived < caseTtl ? "itself" : "with its ttl" };
}

async function anyStale({ truth }: Scene, { keys, readers }: Played): Promise<boolean> {
  const looks = keys.flatMap((key) =>
    readers.map(async (reader) => {
      const value = await reader.get(key);
      return value !== undefined && value !== truth.get(key);
    })
  );
  return (await Promise.all(looks)).some((stale) => stale);
}
