/**
 * Mutants of what ships, one change at a time, made from it: each cell of the tables flipped to the other states of its
 * row, and each branch of the slot function, in its source text, by a list of operators.
 */
import type { AnyTable } from "../../lib/protocol/machine.ts";
import { reading } from "../../lib/protocol/reading.ts";
import { writing } from "../../lib/protocol/writing.ts";
import type { Protocol } from "../../lib/testing/explorer.ts";

/** A changed protocol; made when it is needed, since a module is loaded for it. */
export interface Mutant {
  readonly name: string;
  readonly make: () => Promise<Partial<Protocol>>;
}

function* flips(name: "reading" | "writing", table: AnyTable, otherwise: string): Generator<Mutant> {
  for (const [state, cells] of Object.entries(table)) {
    const targets = new Set(Object.values(cells));
    // A row with one target has no other to confuse it with: it flips to an end that means something else.
    if (targets.size === 1) targets.add(otherwise);
    for (const [reply, next] of Object.entries(cells)) {
      for (const other of targets) {
        if (other === next) continue;
        const flipped = { ...table, [state]: { ...cells, [reply]: other } };
        yield { name: `${name}: ${state} ${reply} → ${other}`, make: () => Promise.resolve({ [name]: flipped }) };
      }
    }
  }
}

/** One way to change a source text: every match of the pattern is a mutant. */
type Operator = readonly [pattern: RegExp, replacement: string];

const operators: ReadonlyArray<Operator> = [
  // Branches taken always, never, or the other way round.
  [/\bif \((.+)\) (?=return|\{)/g, "if (true) "],
  [/\bif \((.+)\) (?=return|\{)/g, "if (false) "],
  [/(?<=\s)\? (?=\S)/g, "|| true ? "],
  [/(?<=\s)\? (?=\S)/g, "&& false ? "],
  [/&&/g, "||"],
  [/\|\|/g, "&&"],
  [/===/g, "!=="],
  [/!==/g, "==="],
  // What a branch makes of the slot.
  [/\[vacate\(slot\.born, at\)/g, "[slot"],
  [/\[vacate\(slot\.born, at\)/g, "[{ _tag: 'Absent' }"],
  [/\{ \.\.\.slot, contended: true \}/g, "slot"],
  [/contended: (true|false) \}/g, "contended: !$1 }"],
  [/\{ \.\.\.slot, (tokens: others|tokens: alive|mark|mark: undefined) \}/g, "slot"],
  [/\[\.\.\.slot\.tokens, placed\]/g, "[placed]"],
  [/\[held, /g, "[slot, "],
  [/\[claimed, /g, "[slot, "],
  // What it remembers.
  [/generation: at\.now/g, "generation: 0"],
  [/deadline: at\.now \+ at\.lease/g, "deadline: at.now"],
  [/deadline: at\.now \+ at\.lease/g, "deadline: Infinity"],
  [/born: bornOf\(slot, at\)/g, "born: at.now"],
  [/born: bornOf\(slot, at\)/g, "born: 0"],
  [/(?<!Math\.max\([^)]*)born: slot\.born/g, "born: at.now"],
  [/start \+ at\.lease/g, "start"],
  [/start \+ at\.lease/g, "Infinity"],
  [/2 \* at\.lease/g, "0"],
  [/Math\.max/g, "Math.min"],
  [/at\.now \+ stored\.until/g, "Infinity"],
  [/at\.now \+ pass/g, "Infinity"],
  [/identity: at\.identity/g, "identity: ''"],
  // What it answers.
  [/_tag: "Refused"/g, '_tag: "Filled", until: 1'],
  [/_tag: "(Vacant|Pass|Busy|Guarded)"/g, '_tag: "Unreachable"'],
  [/_tag: "Released"/g, '_tag: "Refused"'],
  [/_tag: "Crowded"/g, '_tag: "Locked", generation: at.now'],
  [/_tag: "(Lost|Foreign)"/g, '_tag: "Unreachable"'],
  [/_tag: "(Shared|Published|Cleared)"/g, '_tag: "Unreachable"'],
];

/** The slot function as one text: the files it is made of, without what only the compiler reads. */
function sourceOf(): string {
  const read = (name: string) => Deno.readTextFileSync(new URL(`../../lib/protocol/${name}.ts`, import.meta.url));
  const constants = read("slot").match(/^export const .*;$/gm) ?? [];
  const code = (name: string) => read(name).replace(/^import .*$/gm, "").replace(/^ *\/\*\*[^]*?\*\/$/gm, "");
  return [...constants, code("elapse"), code("apply")].join("\n").replace(/^export (?=const|function)/gm, "");
}

function* edits(): Generator<Mutant> {
  const source = sourceOf();
  const seen = new Set<string>();
  for (const [pattern, replacement] of operators) {
    for (const match of source.matchAll(pattern)) {
      const single = new RegExp(pattern.source, "y");
      single.lastIndex = match.index;
      const changed = source.replace(single, replacement);
      if (changed === source || seen.has(changed)) continue;
      seen.add(changed);
      const name = `apply: ${placeOf(source, match.index)}: ${match[0].trim()} → ${replacement.trim()}`;
      yield { name, make: async () => ({ apply: (await load(changed)).apply }) };
    }
  }
}

/** The function and the line's text that a change is in. */
function placeOf(source: string, index: number): string {
  const above = source.slice(0, index);
  const name = [...above.matchAll(/^function (\w+)/gm)].at(-1)?.[1] ?? "constants";
  const line = source.slice(above.lastIndexOf("\n") + 1).split("\n", 1)[0]!.trim();
  return `${name}: ${line}`;
}

function load(source: string): Promise<Pick<Protocol, "apply">> {
  return import(`data:application/typescript,${encodeURIComponent(`${source}\nexport { apply };`)}`);
}

/** Every mutant; the second one of a name says so. */
export function mutants(): ReadonlyArray<Mutant> {
  const all = [...flips("reading", reading, "Bypassed"), ...flips("writing", writing, "Committed"), ...edits()];
  return all.map(({ name, make }, i) => {
    const before = all.slice(0, i).filter((each) => each.name === name).length;
    return { name: before === 0 ? name : `${name} (${before + 1})`, make };
  });
}

/** The slot function as its text has it, to show that loading it changes nothing. */
export async function unchanged(): Promise<Partial<Protocol>> {
  return { apply: (await load(sourceOf())).apply };
}
