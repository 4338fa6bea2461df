import type { Audit } from "./audit.ts";
import type { Books } from "./bank_ledger.ts";
import { openingOf, showAccount, total, totalOf } from "./bank_settings.ts";
import type { Crew, RunSettings } from "./crew.ts";
import { readJournal } from "./journal.ts";
import type { FaultReport } from "./run.ts";
import { judgeHistory, type Verdict } from "./verdict.ts";

/** What the bank stands on: a shared tier on a Redis that fails over, or, to be caught, deletions beside its transactions. */
export type BankKind = "shared tier" | "cache-aside";

/** The bank as it is run and named. */
export const bankNames: Readonly<Record<BankKind, string>> = {
  "shared tier": "bank, kill -9 and failovers",
  "cache-aside": "bank on cache-aside, without a fault",
};

/** What a run of the bank left behind. */
export interface Ended {
  readonly crew: Crew;
  readonly counts: Map<string, number>;
  readonly hung: number;
  readonly audited: Audit;
  readonly sums: ReadonlyArray<string>;
  readonly books: Books;
}

/** Without these a run would show nothing. */
const shown: Readonly<Record<BankKind, ReadonlyArray<string>>> = {
  "shared tier": [
    "transfer.committed",
    "total.seen",
    "failovers",
    "killed anywhere",
    "backend.PrimaryChanged",
    "read.HitShared",
  ],
  "cache-aside": ["transfer.committed", "read.HitShared"],
};

/** Judges what the clients of the bank saw. */
export async function conclude(kind: BankKind, { lease }: RunSettings, ended: Ended): Promise<FaultReport> {
  const { crew, counts, hung, audited, sums, books } = ended;
  const told = await Promise.all(
    crew.all.map(async ({ settings, offset }) =>
      readJournal(await Deno.readTextFile(settings.journal), { offset, commits: books.commits, lease })
    ),
  );
  for (const [what, by] of told.flatMap((each) => [...each.counts])) counts.set(what, (counts.get(what) ?? 0) + by);
  const history = told.flatMap(({ operations }) => operations);
  const clockError = Math.max(...crew.all.map(({ error }) => error));
  const initial = (id: string) => showAccount(openingOf(id));
  const verdict = judgeHistory(history, "fresh", { clockError, bound: lease, leftBehind: undefined, initial });
  const missing = shown[kind].filter((what) => (counts.get(what) ?? 0) === 0)
    .map((what) => `the bank was not shown: expected ${what} above 0`);
  const wrong = counts.get("total.wrong") ?? 0;
  const isControl = kind === "cache-aside";
  return {
    name: bankNames[kind],
    operations: history.length,
    counts,
    verdict,
    bound: undefined,
    audit: audited,
    clockError,
    longest: Math.max(...told.map(({ longest }) => longest)),
    missing,
    problems: [
      ...missing,
      ...told.flatMap(({ faults }) => faults),
      ...audited.held > 0 || isControl ? [] : ["the audit shows nothing: expected slots that hold a value"],
      ...hung > 0 ? [`I5 ${hung} workers did not finish`] : [],
      ...isControl ? notCaught(verdict, wrong, books) : [...wrongTotals(wrong), ...verdict.violations],
      ...audited.stale,
      ...audited.uncached,
      ...sums,
    ],
  };
}

/** Deletions have to be caught by the same checks: of histories, and of totals. */
function notCaught({ violated }: Verdict, wrong: number, { truth }: Books): ReadonlyArray<string> {
  return [
    ...violated > 0 ? [] : ["the checker found nothing where there has to be something"],
    ...wrong > 0 || totalOf([...truth.values()]) !== total ? [] : ["no money was lost where some has to be"],
  ];
}

function wrongTotals(wrong: number): ReadonlyArray<string> {
  return wrong === 0 ? [] : [`${wrong} transactions saw another total than ${total}`];
}
