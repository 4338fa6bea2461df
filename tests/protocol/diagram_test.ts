import { assertEquals, assertStringIncludes } from "@std/assert";
import { diagram, reading, writing } from "../../lib/protocol/mod.ts";

/** The text of a module's documentation, without its comment marks. */
function documentation(): string {
  const file = new URL("../../lib/protocol/mod.ts", import.meta.url);
  return Deno.readTextFileSync(file).split("\n").map((line) => line.replace(/^ \* ?/, "")).join("\n");
}

Deno.test("the diagrams in the protocol's documentation are those of its tables", () => {
  const text = documentation();
  assertStringIncludes(text, diagram(reading, ["Looking", "Claiming", "Forcing", "Waiting"]));
  assertStringIncludes(text, diagram(writing, ["Locking"]));
});

Deno.test("a diagram joins the replies that lead to one state, and marks the ends", () => {
  assertEquals(
    diagram({ Asking: { Yes: "Doing", Maybe: "Doing", No: "Done" }, Doing: { Done: "Done" } }, ["Asking"]),
    [
      "stateDiagram-v2",
      "  [*] --> Asking",
      "  Asking --> Doing: Yes, Maybe",
      "  Asking --> Done: No",
      "  Doing --> Done: Done",
      "  Done --> [*]",
    ].join("\n"),
  );
});
