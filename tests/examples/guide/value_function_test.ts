import * as t from "io-ts";
import { assertEquals } from "@std/assert";
import { memoryBackend, promises, shared, source } from "../../../mod.ts";
import { virtualClock } from "../../../lib/testing/virtual_clock.ts";

// The value and the time at which it was made live in a backend that other processes see as well.
Deno.test("a value that another process has cached is used, and one that vanished is made ahead of its time", async () => {
  const clock = virtualClock();
  const backend = memoryBackend<Uint8Array>({ capacity: 100, clock });
  const loads: Array<string> = [];
  const processOf = (name: string) => {
    const load = (keys: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
      loads.push(`${name} at ${clock.now()}`);
      return Promise.resolve(keys.map((key) => `${key} by ${name}`));
    };
    const tier = shared({ backend, name: "report", codec: t.string, ttl: "5m", clock });
    return promises(tier(source({ load, clock })));
  };
  const [here, there] = [processOf("here"), processOf("there")];

  assertEquals(await here.get("sales"), "sales by here");
  await clock.advance(60_000);
  assertEquals(await there.get("sales"), "sales by here");

  // Evicted long before it would have expired.
  backend.flush();
  assertEquals(await there.get("sales"), "sales by there");
  assertEquals([await here.get("sales"), loads], ["sales by there", ["here at 0", "there at 60000"]]);
});
