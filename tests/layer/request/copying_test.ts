import { assertEquals } from "@std/assert";
import { scope, source } from "../../../mod.ts";

/** A value with a part that cannot be frozen, and one of a class, which may refuse to be looked at. */
function fickle(): { readonly value: { readonly when: Date; readonly part: object }; refuse: () => void } {
  let refuses = false;
  class Part {}
  const part = new Proxy(new Part(), {
    getPrototypeOf: () => {
      if (refuses) throw new Error("not any more");
      return Part.prototype;
    },
  });
  return { value: { when: new Date(0), part }, refuse: () => refuses = true };
}

Deno.test("a value that cannot be copied for one more reader fails that reader, and keeps no other waiting", async () => {
  const { value, refuse } = fickle();
  await using request = scope(
    source({ load: (keys: ReadonlyArray<number>) => Promise.resolve(keys.map(() => value)) }),
  );
  assertEquals((await request.get(1)())._tag, "Right");
  refuse();
  const [one, many] = await Promise.all([request.get(1)(), request.getMany([1, 1])()]);
  assertEquals([one, many].map((read) => read._tag === "Left" && read.left._tag), ["SourceFailed", "SourceFailed"]);
});
