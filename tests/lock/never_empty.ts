import { assert, assertEquals } from "@std/assert";
import type { Guard } from "../../lib/lock/mod.ts";
import { right } from "../support/results.ts";
import { eventually, type Party } from "./support.ts";

/** Readers that are started, and how often the resource is made anew. */
const readers = ["one", "two", "three"];
const rounds = 5;

/** How long the resource stays empty after all readers came: once as long as in dogpile's guide, which they wait out. */
const emptyFor = 20;
const emptyForLong = 2_000;

/**
 * dogpile's example with parties of their own: a resource is emptied inside the write section, and stays so until every
 * reader wants to read it. No reader may see that; those who read without the guard do.
 */
export async function neverEmpty(
  folder: string,
  guard: Guard,
  start: (...args: ReadonlyArray<string>) => Party,
): Promise<void> {
  const guarded = await play(folder, guard, (name) => start("guarded", folder, name), waits);
  for (const { reads, empty } of guarded) {
    assert(reads >= rounds, "expected each reader to read in each round");
    assertEquals(empty, 0);
  }
  const loose = await play(
    folder,
    guard,
    (name) => start("unguarded", folder, name),
    (seen) => seen.empty > 0,
  );
  for (const { empty } of loose) assert(empty > 0, "expected a reader without the guard to see the empty resource");
}

/** What a reader says of itself in its file. */
interface Seen {
  readonly waits: boolean;
  readonly reads: number;
  readonly empty: number;
}

function waits(seen: Seen): boolean {
  return seen.waits;
}

async function play(
  folder: string,
  guard: Guard,
  start: (name: string) => Party,
  isSeen: (seen: Seen) => boolean,
): Promise<ReadonlyArray<Seen>> {
  await Deno.writeTextFile(`${folder}/resource`, "full");
  for (const name of readers) await Deno.writeTextFile(`${folder}/status-${name}`, "");
  const parties = readers.map(start);
  try {
    for (const party of parties) assertEquals(await party.said(), "ready");
    for (let round = 1; round <= rounds; round++) {
      await eventually("all readers to read", () => all(folder, ({ reads }) => reads >= round));
      const writer = right(await guard.write.acquire()());
      await Deno.writeTextFile(`${folder}/resource`, "");
      await eventually("all readers to come", () => all(folder, isSeen));
      const waited = round === rounds && isSeen === waits ? emptyForLong : emptyFor;
      await new Promise((resolve) => setTimeout(resolve, waited));
      await Deno.writeTextFile(`${folder}/resource`, round === rounds ? "end" : "full");
      right(await writer.release());
    }
    return await Promise.all(parties.map(async (party) => JSON.parse(await party.said())));
  } finally {
    for (const party of parties) await party.kill();
  }
}

/** Whether something is so of all readers. A status that is just being written is none. */
function all(folder: string, holds: (seen: Seen) => boolean): boolean {
  return readers.every((name) => {
    const [state, reads, empty] = Deno.readTextFileSync(`${folder}/status-${name}`).split(" ");
    return empty !== undefined && holds({ waits: state === "waiting", reads: Number(reads), empty: Number(empty) });
  });
}
