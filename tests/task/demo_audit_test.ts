import { assertEquals } from "@std/assert";
import { auditSlots, sumAudits } from "../../lib/task/demo/audit.ts";
import type { City } from "../../lib/task/demo/city.ts";

const city = (name: string, version = 0): City => ({
  name,
  lat: "42.55623",
  lng: "1.53319",
  country: "AD",
  admin1: "05",
  admin2: "",
  version,
});
const truth = [city("Ordino"), city("Canillo", 3)];

Deno.test("a slot that says what the source says is not stale", () => {
  assertEquals(auditSlots([[0, city("Ordino")], [1, city("Canillo", 3)], [0, city("Ordino")]], truth), {
    slots: 3,
    stale: 0,
  });
});

Deno.test("a slot that differs in its version, or in anything else, is stale", () => {
  const old = [city("Canillo", 2), city("Canillo", 4), city("Encamp", 3), { ...city("Canillo", 3), admin2: "1" }];
  assertEquals(auditSlots(old.map((each) => [1, each] as const), truth), { slots: 4, stale: 4 });
});

Deno.test("a slot that says there is none, or knows one that there is not, is stale where the source knows better", () => {
  assertEquals(auditSlots([[0, null], [2, city("Nowhere")], [2, null]], truth), { slots: 3, stale: 2 });
});

Deno.test("audits add up", () => {
  assertEquals(sumAudits([{ slots: 3, stale: 1 }, { slots: 4, stale: 2 }]), { slots: 7, stale: 3 });
  assertEquals(sumAudits([]), { slots: 0, stale: 0 });
});
