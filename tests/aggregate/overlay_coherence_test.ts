import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { assertEquals, assertThrows } from "@std/assert";
import { batch } from "../../mod.ts";
import { overlay } from "../../lib/aggregate/overlay.ts";
import { scriptedFeed } from "../support/feed.ts";
import { found } from "../support/results.ts";
import { batchIn, memoryIn, sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

type Queue = Parameters<typeof overlay<number, string>>[0];

/** A queue that other processes put into; what it says can be held up on its way. */
function sharedQueue() {
  const queued = new Map<number, string>();
  let answering: Promise<void> = Promise.resolve();
  const queue: Queue = {
    put: (key, value) => () => {
      if (value._tag === "Some") queued.set(key, value.value);
      return Promise.resolve(E.right(undefined));
    },
    latest: (keys) => async () => {
      const latest = keys.map((key) => O.map((value: string) => O.some(value))(O.fromNullable(queued.get(key))));
      await answering;
      return E.right(latest);
    },
  };
  const hold = (): () => Promise<void> => {
    let release: () => void = () => {};
    answering = new Promise((resolve) => release = resolve);
    return () => (release(), turn());
  };
  return { queue, queued, hold };
}

Deno.test("I2 what was looked up before another process put a value is shared with no read that began after", async () => {
  const here = world();
  const { queue, queued, hold } = sharedQueue();
  const texts = batch(batchIn(here))(overlay<number, string>(queue)(here.texts.store));
  const release = hold();
  const first = texts.get(1)();
  await turn();
  queued.set(1, "uno");
  const later = texts.get(1)();
  await release();
  assertEquals([found(await first), found(await later)], ["one", "uno"]);
});

Deno.test("a tier in memory cannot be told of what is queued", () => {
  const here = world();
  const { backend } = scriptedFeed(here.faulty.backend);
  const below = sharedTexts(here, { backend, epoch: { lease: "1s" } });
  const texts = overlay<number, string>(sharedQueue().queue)(below);
  assertThrows(() => memoryIn(here, { invalidations: "pushed" })(texts), RangeError, "expected a tier below");
  assertEquals([texts.changes?.world === below.changes?.world, texts.changes?.slots], [true, undefined]);
});
