import fc from "fast-check";
import * as E from "fp-ts/lib/Either.js";
import * as O from "fp-ts/lib/Option.js";
import { pipe } from "fp-ts/lib/function.js";
import { assertEquals } from "@std/assert";
import type { Layer, Scope, Write } from "../../../mod.ts";
import { fromVerbs, scope } from "../../../mod.ts";
import type { World } from "../../support/stack.ts";
import { memoryIn, sharedTexts, world } from "../../support/stack.ts";
import { turn } from "../../support/turn.ts";

const kinds = ["get", "get", "force", "put", "mutate", "abort", "forget", "release", "pass", "end"] as const;
const step = fc.record({ who: fc.constantFrom(0, 1), key: fc.constantFrom(1, 2), does: fc.constantFrom(...kinds) });
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never;

/** What one request is due to see of a key; values are numbered in the order in which the source took them. */
interface Due {
  /** The least number: of its own writes and of what it has read. */
  least: number;
  /** How often it disturbed the key itself: until the next time, its reads repeat. */
  disturbed: number;
  /** What its reads repeat. */
  repeated: number | undefined;
}

interface Driven {
  readonly scope: Scope<number, string>;
  readonly due: ReadonlyMap<number, Due>;
}

/** Drives two requests through a script over one stack, and collects what they should not have seen. */
async function drive(
  script: ReadonlyArray<Step>,
  scoped: (here: World) => Scope<number, string>,
): Promise<Array<string>> {
  const here = world({ 1: "0", 2: "0" });
  const wrong: Array<string> = [];
  const open: Array<Promise<void>> = [];
  let last = 0;
  const begin = (): Driven => ({
    scope: scoped(here),
    due: new Map([1, 2].map((key) => [key, { least: 0, disturbed: 0, repeated: undefined }])),
  });
  const requests = [begin(), begin()];

  const read = async ({ scope, due }: Driven, key: number, force: boolean): Promise<void> => {
    const mine = due.get(key)!;
    if (force) mine.disturbed++;
    const { least, disturbed } = mine;
    const answer = await scope.get(key, force ? { force } : undefined)();
    if (answer._tag === "Left") return;
    const number = Number(O.toUndefined(answer.right));
    if (number < least) wrong.push(`a read returned ${number} after ${least}`);
    if (force) mine.disturbed++;
    else if (mine.disturbed === disturbed) {
      if (mine.repeated !== undefined && number !== mine.repeated) {
        wrong.push(`a read returned ${number} where another had returned ${mine.repeated}`);
      }
      mine.repeated = number;
    }
    if (mine.disturbed !== disturbed) mine.repeated = undefined;
    mine.least = Math.max(mine.least, number);
  };
  const write = async ({ scope, due }: Driven, key: number, does: "put" | "mutate" | "abort"): Promise<void> => {
    const mine = due.get(key)!;
    mine.disturbed++;
    mine.repeated = undefined;
    let number = 0;
    const save = (): Write<void, string> => async () => {
      await turn();
      if (does === "abort") return E.left({ outcome: "aborted", error: "a conflict" });
      number = ++last;
      here.texts.rows.set(key, String(number));
      return E.right(undefined);
    };
    const done = await scope.mutate([key], save, does === "put" ? { written: () => [O.some(String(number))] } : {})();
    mine.disturbed++;
    mine.repeated = undefined;
    if (done._tag === "Right") mine.least = Math.max(mine.least, number);
  };

  here.texts.hold("loads");
  const release = () => here.texts.loads.forEach((load) => void load.release());
  for (const { who, key, does } of script) {
    const request = requests[who]!;
    switch (does) {
      case "get":
      case "force":
        open.push(read(request, key, does === "force"));
        break;
      case "put":
      case "mutate":
      case "abort":
        open.push(write(request, key, does));
        break;
      case "forget":
        request.due.get(key)!.disturbed++;
        request.due.get(key)!.repeated = undefined;
        request.scope.forget([key]);
        break;
      case "release":
        release();
        break;
      case "pass":
        await turn();
        break;
      case "end":
        open.push(request.scope.close());
        requests[who] = begin();
    }
  }
  here.texts.flow("loads");
  for (let i = 0; i < 12; i++) {
    release();
    await turn();
  }
  await Promise.all(open);
  for (const { scope } of requests) {
    for (const key of [1, 2]) {
      const now = await scope.get(key, { force: true })();
      if (now._tag === "Left" || O.toUndefined(now.right) !== here.texts.rows.get(key)) {
        wrong.push("a forced read is old");
      }
    }
    await scope.close();
  }
  return wrong;
}

const tiered = (here: World) => pipe(sharedTexts(here), memoryIn(here));
const scoped = (here: World): Scope<number, string> => scope(tiered(here), { clock: here.clock });

Deno.test("B05 two interleaved requests leak nothing to each other: reads repeat, see own writes, and never go back", async () => {
  const law = fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (script) => {
    assertEquals(await drive(script, scoped), []);
  });
  await fc.assert(law, { numRuns: 2_000 });
});

/** Scopes that are wrong in one respect; the property has to notice each. */
const mutants: Readonly<Record<string, (here: World) => Scope<number, string>>> = {
  "one scope for both requests": (() => {
    const shared = new WeakMap<World, Scope<number, string>>();
    return (here) => {
      const known = shared.get(here) ?? scoped(here);
      shared.set(here, known);
      return { ...known, close: () => Promise.resolve() };
    };
  })(),
  "no memory": (here) => ({ ...scoped(here), ...tiered(here) }),
  "writes around the scope": (here) => {
    const below = tiered(here);
    return { ...scope(below, { clock: here.clock }), mutate: below.mutate };
  },
  "a write clears before it begins only": (here) => {
    const below = tiered(here);
    const self = scope(below, { clock: here.clock });
    const hasty: Layer<number, string> = (store) =>
      fromVerbs({
        ...store,
        mutate: (keys, write, options) => () => (self.forget(keys), below.mutate(keys, write, options)()),
      });
    return { ...self, ...hasty(self) };
  },
};

Deno.test("the property about interleaved requests notices each scope that is wrong in one respect", async () => {
  for (const [name, mutant] of Object.entries(mutants)) {
    const script = fc.array(step, { minLength: 10, maxLength: 40 });
    const noticed = fc.asyncProperty(script, async (steps) => (await drive(steps, mutant)).length === 0);
    const { failed } = await fc.check(noticed, { numRuns: 3_000, endOnFailure: true });
    assertEquals(failed, true, name);
  }
});
