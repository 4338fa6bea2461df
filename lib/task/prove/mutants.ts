import { betrayal } from "../../../tests/explorer/battery.ts";
import { misconduct } from "../../../tests/explorer/conduct.ts";
import { mutants } from "../../../tests/explorer/mutants.ts";
import { survivors } from "../../../tests/explorer/survivors.ts";

/** Tries every mutant of what ships, prints what caught it, and tells whether only the listed ones survive. */
export async function tryMutants(): Promise<boolean> {
  const all = mutants();
  const caught = new Map<string, number>();
  const unlisted: Array<string> = [];
  for (const { name, make } of all) {
    const protocol = await make();
    // What breaks something is told from what only behaves otherwise.
    const why = (misconduct(protocol) === undefined ? undefined : "misconduct") ??
      betrayal(protocol, "what breaks") ?? betrayal(protocol, "also what is reached");
    console.log(
      `${why === undefined ? "SURVIVES" : "caught  "} ${name}: ${why ?? survivors.get(name) ?? "not listed"}`,
    );
    if (why === undefined && !survivors.has(name)) unlisted.push(name);
    const by = why === undefined ? "nothing" : why.split(" ", 1)[0]!;
    caught.set(by, (caught.get(by) ?? 0) + 1);
  }
  const survived = caught.get("nothing") ?? 0;
  console.log(
    `${all.length} mutants, ${survived} survive; caught by: ${[...caught].map((each) => each.join(" ")).join(", ")}`,
  );
  return unlisted.length === 0 && survived * 20 <= all.length;
}
