import type { Invariant } from "../../testing/explorer.ts";
import { instanceRows } from "./instance_rows.ts";
import type { Result } from "./result.ts";

const columns: ReadonlyArray<Invariant> = ["I1", "I2", "I3", "I4", "I5", "I6", "I2 own", "I3 own", "X02", "X03"];

/** The variants of the tier in each process. */
export const instanceVariants: ReadonlySet<string> = new Set(instanceRows.map(({ variant }) => variant));

/** Variants and faults down, what is checked across: whether it holds, or after how many steps it breaks. */
export function instanceTable(
  results: ReadonlyArray<Result>,
): readonly [head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>] {
  const own = results.filter(({ variant }) => instanceVariants.has(variant));
  const names = [...new Set(own.map(({ variant, faults }) => `${variant}\n${faults[0] ?? "no fault"}`))];
  const rows = names.map((name) => {
    const [variant, fault] = name.split("\n") as [string, string];
    const of = (which: string) =>
      own.filter((each) => each.variant === variant && (each.faults[0] ?? "no fault") === which);
    const cells = columns.map((check) => cellOf(of(fault), check, of("no fault")));
    const states = of(fault).reduce((sum, { exploration }) => sum + exploration.states, 0);
    const seconds = of(fault).reduce((sum, { exploration }) => sum + exploration.seconds, 0);
    return [variant, fault, ...cells, `${states.toLocaleString("en")}, ${seconds.toFixed(0)}`];
  });
  return [["a tier in each process", "one fault", ...columns, "states, seconds"], rows];
}

/** What breaks without a fault breaks under each, since none need happen. */
function cellOf(results: ReadonlyArray<Result>, check: Invariant, faultless: ReadonlyArray<Result>): string {
  const lost = [...results, ...faultless].flatMap(({ exploration: { broken } }) =>
    broken.filter(({ invariant }) => invariant === check).map(({ steps }) => steps.length)
  );
  if (lost.length > 0) return `${Math.min(...lost)} steps`;
  return results.some(({ checked }) => checked.includes(check)) ? "holds" : "–";
}
