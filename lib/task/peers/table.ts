import { mixClients, mixKeys, type MixResult, mixWritesOneIn } from "./mix.ts";
import type { Peer, Telling } from "./peer.ts";
import type { Finding } from "./play.ts";
import { caseTtl } from "./scene.ts";

/** What every peer made of one case; one finding for each peer. */
export interface CaseRow {
  readonly title: string;
  readonly findings: ReadonlyArray<Finding>;
}

/** What the mix left with every peer; a text where it could not run. */
export interface MixRow {
  readonly tell: Telling;
  readonly results: ReadonlyArray<MixResult | string>;
}

/** A table of cases, as Markdown, with the reasons of what is neither fresh nor stale below it. */
export function showCases(peers: ReadonlyArray<Peer>, rows: ReadonlyArray<CaseRow>): string {
  const notes: Array<string> = [];
  const cell = (peer: Peer, { title }: CaseRow, finding: Finding): string => {
    if (finding._tag === "Unsupported" || finding._tag === "Failed") {
      notes.push(`${peer.name}, ${title}: ${finding.because}`);
    }
    return showFinding(finding);
  };
  const table = lines([
    [`two nodes, ttl ${caseTtl / 1_000} s`, ...peers.map(({ name }) => name)],
    ...rows.map((row) => [row.title, ...row.findings.map((finding, i) => cell(peers[i]!, row, finding))]),
  ]);
  return [...table, ...(notes.length === 0 ? [] : ["", ...notes])].join("\n");
}

/** A table of what the mix left, as Markdown. */
export function showMix(peers: ReadonlyArray<Peer>, rows: ReadonlyArray<MixRow>, operations: number): string {
  const clients = `2 × ${mixClients} clients, 1 write in ${mixWritesOneIn}`;
  const notes: Array<string> = [];
  const cell = (peer: Peer, { tell }: MixRow, result: MixResult | string): string => {
    if (typeof result === "string") {
      notes.push(`${peer.name}, writers ${tell}: ${result}`);
      return "failed";
    }
    if (result.failed > 0) notes.push(`${peer.name}, writers ${tell}: ${result.failed} operations failed`);
    // What holds nothing is never stale.
    if (result.held === 0) return "nothing held";
    return `${result.stale} (${result.staleInRedis})`;
  };
  const table = lines([
    [`stale of ${mixKeys} keys (in Redis)`, ...peers.map(({ name }) => name)],
    ...rows.map((row) => [`writers ${row.tell}`, ...row.results.map((result, i) => cell(peers[i]!, row, result))]),
  ]);
  const head = `${operations.toLocaleString("en")} operations on two nodes, ${clients}; all has ended:`;
  return [head, "", ...table, ...(notes.length === 0 ? [] : ["", ...notes])].join("\n");
}

/** A finding in few words. */
export function showFinding(finding: Finding): string {
  switch (finding._tag) {
    case "Fresh":
      return "fresh";
    case "Unsupported":
      return "not supported";
    case "Failed":
      return "failed";
    case "Stale": {
      const seconds = `${(finding.milliseconds / 1_000).toFixed(1)} s`;
      if (finding.ended === "itself") return `STALE for ${seconds}`;
      return finding.ended === "with its ttl" ? `STALE to its ttl (${seconds})` : `STALE, no end in ${seconds}`;
    }
  }
}

function lines(rows: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> {
  const widths: Array<number> = [];
  for (const row of rows) row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  const line = (row: ReadonlyArray<string>) => `| ${row.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  const [head, ...body] = rows.map(line);
  return [head!, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body];
}
