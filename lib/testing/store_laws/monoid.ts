import { duration } from "../../duration.ts";
import { compose, identity, type Layer } from "../../layer.ts";
import type { ContractCase } from "../backend_contract.ts";
import type { VirtualClock } from "../virtual_clock.ts";
import type { Performed } from "./laws.ts";
import { laws, perform } from "./laws.ts";
import type { LawsOptions } from "./options.ts";
import { eachScript, materialOf } from "./options.ts";
import type { MakeStore } from "./world.ts";
import { isSame, show } from "./world.ts";

/** Makes one of the layers that are composed, on a clock. */
export type MakeLayer = (clock: VirtualClock) => Layer<string, string>;

type One = Layer<string, string>;
type Group = (first: One, second: One, third: One) => One;

/**
 * What layers have to do when they are composed, as named cases: nobody can see how they are grouped, and `identity` adds
 * nothing. The layers are made anew for each script.
 *
 * @example
 * ```ts
 * import { batch, memory, observe } from "@lamina/cache";
 * import { monoidLaws } from "@lamina/cache/testing";
 *
 * const cases = monoidLaws("ours", [
 *   (clock) => memory({ capacity: 100, ttl: "60s", clock }),
 *   (clock) => observe({}, clock),
 *   (clock) => batch({ maxSize: 10, clock }),
 * ], { scripts: 50 });
 * for (const { run } of cases) await run();
 * ```
 */
export function monoidLaws(
  name: string,
  layers: readonly [MakeLayer, MakeLayer, MakeLayer],
  options: LawsOptions = {},
): ReadonlyArray<ContractCase> {
  const [first, second, third] = layers;
  const grouped = (group: Group): MakeStore<string, string> => (below, clock) =>
    group(first(clock), second(clock), third(clock))(below);
  const groups: Readonly<Record<string, ReadonlyArray<MakeStore<string, string>>>> = {
    "nobody can see how layers are grouped": [
      grouped((a, b, c) => compose(a, b, c)),
      grouped((a, b, c) => compose(compose(a, b), c)),
      grouped((a, b, c) => compose(a, compose(b, c))),
    ],
    "identity adds nothing, before, between or behind layers": [
      grouped((a, b, c) => compose(a, b, c)),
      grouped((a, b, c) => compose(compose<string, string>(identity, a, identity), b, c)),
      grouped((a, b, c) => compose(a, b, compose<string, string>(c, identity))),
    ],
  };
  return Object.entries(groups).map(([what, makes]) => ({
    name: `${name}: ${what}`,
    run: () => checkSame(makes, options),
  }));
}

async function checkSame(makes: ReadonlyArray<MakeStore<string, string>>, options: LawsOptions): Promise<void> {
  const law = laws.find(({ compares }) => compares)!;
  const leases = duration(options.leases ?? "10s");
  const material = materialOf<string, string>({});
  await eachScript(options, law, material, async (script) => {
    const seen: Array<Performed> = [];
    for (const make of makes) seen.push(await perform(make, law, material, script, leases));
    const other = seen.find(({ answers }) => !isSame(answers, seen[0]!.answers));
    const fault = seen.find((each) => each.fault !== undefined)?.fault;
    return fault ?? (other && `expected ${show(seen[0]!.answers)}: received ${show(other.answers)}`);
  });
}
