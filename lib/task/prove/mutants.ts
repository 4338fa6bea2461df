import { betrayal, meetings } from "../../../tests/explorer/battery.ts";
import { misconduct } from "../../../tests/explorer/conduct.ts";
import { mutants } from "../../../tests/explorer/mutants.ts";
import { survivors } from "../../../tests/explorer/survivors.ts";

/** Tries every mutant of what ships, prints what caught it, and tells whether only the listed ones survive. */
export async function tryMutants(): Promise<boolean> {
  const wanted = meetings();
  const all = mutants();
  const caught = new Map<string, number>();
  const unlisted: Array<string> = [];
  for (const { name, make } of all) {
    const protocol = await make();
    const why = misconduct(protocol) === undefined ? betrayal(protocol, wanted) : "misconduct";
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
