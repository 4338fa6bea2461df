/**
 * Looks whether a Redis is fit for a shared tier: what it is, whether the protocol's steps work on it, what stands in
 * its keys; and says what is wrong and what to do.
 *
 * @module
 */
import type { RedisOptions } from "../options.ts";
import { readSlots } from "../cluster.ts";
import type { NodeAddress } from "../client.ts";
import { connectTo, readNode } from "./ask.ts";
import { findingsOf } from "./findings.ts";
import type { Finding, Readings } from "./readings.ts";
import { diagnosisOptions, type DoctorOptions, type DoctorSettings } from "./options.ts";
import { tryStep } from "./steps.ts";

export type { DoctorOptions } from "./options.ts";

export { findingsOf } from "./findings.ts";
export type { Finding, KeysReading, NamespaceReading, NodeReading, Readings, ServerReading } from "./readings.ts";
export { showDiagnosis } from "./show.ts";

/** What was read, and what it means. */
export interface Diagnosis {
  /** What the servers said. */
  readonly readings: Readings;
  /** What is wrong, the worst first. */
  readonly findings: ReadonlyArray<Finding>;
  /** Whether a finding breaks a promise. */
  readonly isBroken: boolean;
}

/** No look at a server's keys takes longer, in milliseconds: somebody waits for what is found. */
const longestLook = 30_000;

/**
 * Looks at a Redis. It writes nothing but a key of its own, which is gone within seconds, and looks at keys in steps
 * that hold up nobody. It never rejects: a server that does not answer is a finding.
 *
 * Throws a RangeError if an option is refused.
 *
 * @example Where nobody answers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { diagnose } from "@lamina/cache/doctor";
 *
 * const { isBroken, findings } = await diagnose({ url: "redis://127.0.0.1:1" });
 * assertEquals(isBroken, true);
 * assertEquals(findings.some(({ what }) => what.startsWith("it cannot be asked")), true);
 * ```
 */
export function diagnose(options: DoctorOptions): Promise<Diagnosis> {
  return look(options.url, diagnosisOptions(options));
}

async function look(url: string, asked: DoctorSettings): Promise<Diagnosis> {
  const { address, patience, timeout, namespace, lease, replicas, mostKeys } = asked;
  const end = performance.now() + longestLook;
  const keys = { most: mostKeys, isOver: () => performance.now() > end };
  const primaries = await primariesOf(address, patience);
  const nodes = await Promise.all((primaries ?? [address]).map((each) => readNode(each, { patience, keys })));
  const place: RedisOptions = primaries === undefined ? { url } : { cluster: { nodes: [url] } };
  const stepFailed = await tryStep({ ...place, connectTimeout: timeout }, namespace, patience);
  const readings: Readings = { nodes, stepFailed, wanted: { lease, replicas } };
  const findings = findingsOf(readings);
  return { readings, findings, isBroken: findings.some(({ severity }) => severity === "breaks") };
}

/** The primaries of a cluster; undefined for a server that is in none, or does not say. */
async function primariesOf(address: NodeAddress, patience: number): Promise<ReadonlyArray<NodeAddress> | undefined> {
  try {
    const { ask, end } = await connectTo(address, patience);
    try {
      const names = new Set(readSlots(await ask("CLUSTER", "SLOTS"), address).map(([, , name]) => name));
      return names.size === 0 ? undefined : [...names].map((name) => {
        const colon = name.lastIndexOf(":");
        return { ...address, name, host: name.slice(0, colon), port: Number(name.slice(colon + 1)) };
      });
    } finally {
      end();
    }
  } catch {
    // Why it does not answer is read with the rest.
    return undefined;
  }
}
