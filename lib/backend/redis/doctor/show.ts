import type { Diagnosis } from "./mod.ts";
import type { NamespaceReading, NodeReading } from "./readings.ts";

/**
 * Says a diagnosis in lines: what was read, what is wrong, and what to do.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { diagnose, showDiagnosis } from "@lamina/cache/doctor";
 *
 * const lines = showDiagnosis(await diagnose({ url: "redis://127.0.0.1:1" })).split("\n");
 * assertEquals(lines[0], "127.0.0.1:1: no answer");
 * ```
 */
export function showDiagnosis({ readings: { nodes, stepFailed }, findings }: Diagnosis): string {
  const counts = (["breaks", "warns", "notes"] as const).map((each) => {
    return findings.filter(({ severity }) => severity === each).length;
  });
  return [
    ...nodes.flatMap(showNode),
    `protocol: ${stepFailed ?? "each step was answered as it should be"}`,
    "",
    ...findings.flatMap(({ severity, where, what, remedy }) => [
      `${marks[severity]} ${where}: ${what}`,
      `        ${remedy}`,
    ]),
    `${counts[0]} broken promises, ${counts[1]} warnings, ${counts[2]} notes`,
  ].join("\n");
}

const marks = { breaks: "BREAKS ", warns: "warning", notes: "note   " } as const;

function showNode(reading: NodeReading): ReadonlyArray<string> {
  if (reading._tag === "Unreached") return [`${reading.node}: no answer`];
  const { node, server, keys } = reading;
  const { version, mode, role, policy, maxmemory, clock, replicas, evicted } = server;
  const level = policy.startsWith("allkeys-") ? "probation" : "pinned";
  const limit = maxmemory === 0 ? "no maxmemory" : `maxmemory ${maxmemory}`;
  return [
    `${node}: Redis ${version}, ${mode}, ${role}, ${replicas.length} replicas`,
    `  ${policy}, ${limit}, ${evicted} evicted: level ${level}`,
    `  clock ${clock.ahead.toFixed(1)} ms ahead, known to ${clock.error.toFixed(1)} ms`,
    `  tracking ${server.trackingRefused === undefined ? "works" : "refused"}`,
    ...(typeof keys === "string" ? [] : [
      `  ${keys.looked} keys under lamina:${keys.all ? "" : ", and more"}`,
      ...keys.namespaces.map(showNamespace),
    ]),
  ];
}

function showNamespace(reading: NamespaceReading): string {
  const { name, entries, outdated, claims, locks, liveTokens, oldestLive, expiredTokens, oldestExpired, voids } =
    reading;
  const age = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`;
  return [
    `    ${name}: ${entries} entries (${outdated} outdated)`,
    `${claims} claims`,
    `${locks} locks with ${liveTokens} live tokens${liveTokens > 0 ? ` (oldest ${age(oldestLive)})` : ""}`,
    `${expiredTokens} expired tokens${expiredTokens > 0 ? ` (oldest ${age(oldestExpired)} ago)` : ""}`,
    `${voids} empty`,
    ...(reading.strange > 0 ? [`${reading.strange} not ours`] : []),
  ].join(", ");
}
