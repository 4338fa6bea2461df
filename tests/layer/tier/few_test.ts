import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { makeFew } from "../../../lib/layer/tier/few.ts";

const steps = fc.array(fc.tuple(fc.constantFrom("set", "delete", "get"), fc.nat({ max: 4 })), { maxLength: 60 });

Deno.test("what is known of a few names is what a Map would know", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const few = makeFew<number, object>();
      const map = new Map<number, object>();
      for (const [what, name] of steps) {
        const value = {};
        if (what === "set") {
          few.set(name, value);
          map.set(name, value);
        } else if (what === "delete") {
          few.delete(name);
          map.delete(name);
        }
        assertEquals(few.size, map.size);
        for (let each = 0; each <= 4; each++) assertEquals(few.get(each) === map.get(each), true);
      }
    }),
    { numRuns: 1_000 },
  );
});
