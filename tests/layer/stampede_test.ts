/** Many callers of one key, far from their server: how often it is asked, and how long they wait, in round trips. */
import { assert, assertEquals } from "@std/assert";
import { pipe } from "fp-ts/lib/function.js";
import * as t from "io-ts";
import type { Backend, Store } from "../../mod.ts";
import { duration, memoryBackend, shared, source } from "../../mod.ts";
import type { VirtualClock } from "../../lib/testing/virtual_clock.ts";
import { virtualClock } from "../../lib/testing/virtual_clock.ts";
import { found, left, right } from "../support/results.ts";
import { sharedTexts, world } from "../support/stack.ts";
import { turn } from "../support/turn.ts";

type Bytes = Uint8Array;

/** A server that everything takes a while to get to, and as long back from it: words of changes as well. */
function far(server: ReturnType<typeof memoryBackend<Bytes>>, clock: VirtualClock, oneWay: number): Backend<Bytes> {
  const travel = (): Promise<void> => new Promise((resolve) => void clock.after(oneWay, resolve));
  return {
    ...server,
    run: (requests, call) => async () => {
      await travel();
      const replies = requests.map((request) => server.run.one(request, call));
      await travel();
      return replies;
    },
    changed: (slot, within) => async () => {
      await travel();
      await server.changed!(slot, within)();
      await travel();
    },
  };
}

const load = 50;
const oneWay = 3;
const roundTrip = 2 * oneWay;

interface Service {
  readonly clock: VirtualClock;
  readonly processes: ReadonlyArray<Store<string, string>>;
  readonly loads: Array<number>;
}

function service(count: number): Service {
  const clock = virtualClock();
  const server = memoryBackend<Bytes>({ capacity: 100, clock });
  const loads: Array<number> = [];
  const processes = Array.from({ length: count }, () =>
    pipe(
      source({
        load: async (keys: ReadonlyArray<string>) => {
          loads.push(clock.now());
          await new Promise<void>((resolve) => void clock.after(load, resolve));
          return keys.map((key) => `value of ${key}`);
        },
        clock,
      }),
      shared({ backend: far(server, clock, oneWay), name: "far", codec: t.string, ttl: "1h", clock }),
    ));
  return { clock, processes, loads };
}

Deno.test("D01 D02 of four processes with 250 callers each, one loads, and the last caller has it after three round trips more", async () => {
  for (let run = 0; run < 5; run++) {
    const { clock, processes, loads } = service(4);
    const ended: Array<number> = [];
    const reads = processes.flatMap((store, process) =>
      Array.from({ length: 250 }, async () => {
        // One process is first, at another distance in each run.
        await new Promise<void>((resolve) => void clock.after(process === 0 ? 0 : run, resolve));
        assertEquals(found(await store.get("k")()), "value of k");
        ended.push(clock.now());
      })
    );
    await clock.advance(1_000);
    await Promise.all(reads);
    assertEquals([loads.length, ended.length], [1, 1_000]);
    assertEquals(Math.max(...ended), load + 3 * roundTrip);
  }
});

Deno.test("D01 callers of one turn ask for a claim once, and hear what they would have heard one behind the other", async () => {
  for (const probe of ["claim", "look"] as const) {
    const here = world();
    const texts = sharedTexts(here, { probe, onBusy: "wait" });
    const claims = () => here.faulty.calls.flat().filter(({ operation }) => operation._tag === "claim").length;
    const reads = async (): Promise<ReadonlyArray<string>> => {
      const entries = await Promise.all(Array.from({ length: 50 }, () => texts.entries([1])()));
      return [...new Set(entries.map(([entry]) => right(entry!).verdict).map(({ _tag, because = _tag }) => because))];
    };
    assertEquals([...await reads()].sort(), ["Filled", "Waited"]);
    assertEquals([claims(), here.texts.loads.length], [1, 1]);
    here.faulty.calls.length = 0;
    assertEquals(await reads(), ["HitShared"]);
    assert(claims() <= 1);
    // A writer's lock: all pass the tier, and nobody waits.
    here.texts.hold("saves");
    const writing = texts.put(1, "uno")();
    await turn();
    assertEquals(await reads(), ["Guarded"]);
    await here.texts.saves[0]!.commit();
    right(await writing);
    here.faulty.down("not applied");
    assertEquals(await reads(), ["Unreachable"]);
  }
});

Deno.test("X17 I2 a read that begins after a write was acknowledged takes no answer to a claim that was sent before", async () => {
  const here = world();
  const [texts, other] = [sharedTexts(here, { probe: "claim" }), sharedTexts(here)];
  assertEquals(found(await other.get(1)()), "one");
  const late = here.faulty.inject("claim", "answered late");
  const before = texts.get(1)();
  await turn();
  right(await texts.put(1, "uno")());
  const after = texts.get(1)();
  await late.deliver();
  assertEquals([found(await after), found(await before)], ["uno", "one"]);
});

Deno.test("X13 one with less time than the others asks for itself, and leaves them theirs", async () => {
  const here = world();
  const texts = sharedTexts(here, { probe: "claim", onBusy: "wait" });
  here.texts.hold("loads");
  const lost = here.faulty.inject("claim", "held");
  const hasty = texts.entries([1], { deadline: duration("5ms") })();
  const patient = texts.entries([1])();
  await here.clock.advance(10);
  assertEquals(left((await hasty)[0]!)._tag, "TimedOut");
  here.texts.flow("loads");
  for (const { release } of here.texts.loads) await release();
  assertEquals(right((await patient)[0]!).verdict._tag, "Filled");
  await lost.deliver();
});
