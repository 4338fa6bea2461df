import { assertEquals } from "@std/assert";
import { type Freshness, judgeFreshness } from "../../lib/task/demo/freshness.ts";

const bound = 2_000;
const counts = (judge: Freshness) => [judge.tooOld(), judge.judged(), judge.waiting()];

/** Worker 0 was told at 1000 that its rename to version 2 of city 7 is done; both workers told all up to `until`. */
function renamed(until = 1e9): Freshness {
  const judge = judgeFreshness(2, bound);
  judge.acknowledged(0, 7, 2, 1_000);
  judge.told(0, until);
  judge.told(1, until);
  return judge;
}

Deno.test("elsewhere an old version may be read for as long as the bound, and not a millisecond longer", () => {
  const judge = renamed();
  judge.read({ worker: 1, id: 7, version: 1, begun: 3_000 });
  assertEquals(counts(judge), [0, 1, 0]);
  judge.read({ worker: 1, id: 7, version: 1, begun: 3_001 });
  assertEquals(counts(judge), [1, 2, 0]);
});

Deno.test("one's own rename is seen at once", () => {
  const judge = renamed();
  judge.read({ worker: 0, id: 7, version: 1, begun: 1_000 });
  assertEquals(counts(judge), [0, 1, 0]);
  judge.read({ worker: 0, id: 7, version: 1, begun: 1_001 });
  assertEquals(counts(judge), [1, 2, 0]);
});

Deno.test("what is current or newer, or of a city that nobody renamed, is never too old", () => {
  const judge = renamed();
  for (const [id, version] of [[7, 2], [7, 3], [8, 0]] as const) {
    for (const worker of [0, 1]) judge.read({ worker, id, version, begun: 1e8 });
  }
  assertEquals(counts(judge), [0, 6, 0]);
});

Deno.test("of several newer versions the one that was acknowledged first counts, in whatever order they are told", () => {
  for (const order of [[2, 3, 4], [4, 3, 2], [3, 2, 4]]) {
    const judge = judgeFreshness(2, bound);
    const at: Record<number, number> = { 2: 9_000, 3: 1_000, 4: 9_500 };
    for (const version of order) judge.acknowledged(0, 7, version, at[version]!);
    judge.told(0, 1e9);
    judge.read({ worker: 1, id: 7, version: 1, begun: 3_500 });
    judge.read({ worker: 1, id: 7, version: 3, begun: 3_500 });
    assertEquals(counts(judge), [1, 2, 0], `${order}`);
  }
});

Deno.test("a read is judged when all others have told what can matter to it, and then at once", () => {
  const judge = judgeFreshness(3, bound);
  judge.read({ worker: 1, id: 7, version: 1, begun: 5_000 });
  judge.told(0, 3_000);
  assertEquals(counts(judge), [0, 0, 1]);
  judge.acknowledged(2, 7, 2, 2_999);
  judge.told(2, 3_000);
  assertEquals(counts(judge), [1, 1, 0]);
});

Deno.test("a rename that was never acknowledged makes nothing old", () => {
  const judge = judgeFreshness(1, bound);
  judge.read({ worker: 0, id: 7, version: 1, begun: 1e8 });
  assertEquals(counts(judge), [0, 1, 0]);
});
