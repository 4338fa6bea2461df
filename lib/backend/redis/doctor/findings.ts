import type { Finding, NodeReading, Readings } from "./readings.ts";
import { keys, namespaces, type Rule, servers, type Wanted } from "./rules.ts";

/**
 * What is wrong, the worst first. Pure: all that is known is in the readings.
 *
 * @example A server that is away
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { findingsOf } from "@lamina/cache/doctor";
 *
 * const node = { _tag: "Unreached", node: "cache:6379", reason: "ECONNREFUSED" } as const;
 * const [finding] = findingsOf({ nodes: [node], stepFailed: undefined, wanted: { lease: 10_000, replicas: 0 } });
 * assertEquals([finding?.severity, finding?.what], ["breaks", "it cannot be asked: ECONNREFUSED"]);
 * ```
 */
export function findingsOf({ nodes, stepFailed, wanted }: Readings): ReadonlyArray<Finding> {
  const found = nodes.flatMap((node) => ofNode(node, wanted));
  const steps: ReadonlyArray<Finding> = stepFailed === undefined ? [] : [{
    severity: "breaks",
    where: "the protocol",
    what: `a step of the protocol was not answered as it should be: ${stepFailed}`,
    remedy: `let the user run it on the keys lamina:* (ACL: ${commands})`,
  }];
  return [...steps, ...found].sort((one, other) => ranks.indexOf(one.severity) - ranks.indexOf(other.severity));
}

const ranks: ReadonlyArray<Finding["severity"]> = ["breaks", "warns", "notes"];

/** What the backend sends, as an ACL names it. */
const commands = "~lamina:* +get +mget +getrange +set +del +pttl +scan +eval +evalsha +script|load +time +info +wait " +
  "+client|tracking; in a cluster +cluster|slots +asking";

function ofNode(reading: NodeReading, wanted: Wanted): ReadonlyArray<Finding> {
  const where = reading.node;
  if (reading._tag === "Unreached") {
    return [{
      severity: "breaks",
      where,
      what: `it cannot be asked: ${reading.reason}`,
      remedy: "bring it back, or mend the url",
    }];
  }
  const { server, keys: found } = reading;
  const ofServer = apply(servers, server, where, wanted);
  if (typeof found === "string") {
    return [...ofServer, {
      severity: "warns",
      where,
      what: `its keys cannot be looked at: ${found}`,
      remedy: "allow SCAN and GETRANGE",
    }];
  }
  return [
    ...ofServer,
    ...apply(keys, found, where, wanted),
    ...found.namespaces.flatMap((each) =>
      apply(namespaces, { ...each, policy: server.policy }, `${where}, ${each.name}`, wanted)
    ),
  ];
}

function apply<A>(rules: ReadonlyArray<Rule<A>>, reading: A, where: string, wanted: Wanted): ReadonlyArray<Finding> {
  return rules.flatMap((rule) => {
    const said = rule(reading, wanted);
    return said === undefined ? [] : [{ severity: said[0], where, what: said[1], remedy: said[2] }];
  });
}
