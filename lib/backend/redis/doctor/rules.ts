import type { Finding, KeysReading, NamespaceReading, Readings, ServerReading } from "./readings.ts";

type Severity = Finding["severity"];

/** What the application asks for. */
export type Wanted = Readings["wanted"];

/** One thing to look at: what there is to say about it, if anything. */
export type Rule<A> = (reading: A, wanted: Wanted) => readonly [Severity, what: string, remedy: string] | undefined;

/** Memory above this share of its limit counts as full: what a fork or a burst takes comes on top. */
const fullAbove = 0.9;

/** Clocks further apart than this are not kept by anybody, in milliseconds. */
const mostApart = 1_000;

/** A lock that ran out is dropped when its key is next asked for, or by a sweep of all keys, which takes leases. */
const sweptWithin = 3_600_000;

/** Above this, what is left of a token is no lease, whatever the tier's is: in leases. */
const longestLease = 2;

/** What there may be to say about a server. */
export const servers: ReadonlyArray<Rule<ServerReading>> = [
  ({ mode }) =>
    mode === "sentinel"
      ? [
        "breaks",
        "it is a sentinel, which keeps no keys",
        "ask the primary, and give sentinels as `sentinel: { nodes, name }`",
      ]
      : undefined,
  ({ version }) =>
    Number.parseInt(version) < 7
      ? ["breaks", `its version is ${version}, which has no SET with NX and GET`, "run Redis 7.0 or later"]
      : undefined,
  ({ role, mode }) =>
    role !== "master" && mode !== "sentinel"
      ? ["breaks", "it is a replica: what it is asked is behind, and it takes no locks", "ask its primary"]
      : undefined,
  ({ loading }) => loading ? ["warns", "it is still loading its data", "ask again when it has"] : undefined,
  ({ policy, maxmemory, evicted }) => {
    if (!policy.startsWith("allkeys-")) return undefined;
    const remedy = "CONFIG SET maxmemory-policy volatile-lru: values have a ttl there, and locks none";
    if (maxmemory === 0) {
      return ["warns", `its policy is ${policy}: as soon as it has a maxmemory it evicts locks`, remedy];
    }
    const sofar = `${evicted} keys evicted so far`;
    return [
      "breaks",
      `its policy is ${policy}, which evicts locks: the level is probation, and reads may go backwards (I3) for a lease; ${sofar}`,
      remedy,
    ];
  },
  ({ policy }) =>
    policy === ""
      ? [
        "warns",
        "it does not tell its maxmemory-policy: the level is probation, in case it evicts locks",
        "allow INFO, or ask who runs it for a policy of noeviction or volatile-lru",
      ]
      : undefined,
  ({ policy, maxmemory, used }) =>
    policy === "noeviction" && maxmemory > 0 && used > fullAbove * maxmemory
      ? [
        "warns",
        `its memory is ${Math.round(100 * used / maxmemory)} % full: writes, whose locks it refuses, are aborted soon`,
        "give it more maxmemory, or CONFIG SET maxmemory-policy volatile-lru",
      ]
      : undefined,
  ({ uptime }, { lease }) =>
    uptime < lease
      ? [
        "notes",
        "it was started less than a lease ago: what is stored is on probation until then",
        "nothing: it passes",
      ]
      : undefined,
  ({ replicas, role }, wanted) =>
    role === "master" && replicas.filter(({ state }) => state === "online").length < wanted.replicas
      ? [
        "breaks",
        `it has ${
          replicas.filter(({ state }) => state === "online").length
        } replicas of the ${wanted.replicas} that locks have to reach: every write is aborted`,
        "bring its replicas back, or ask for fewer by waitReplicas",
      ]
      : undefined,
  ({ replicas }, wanted) =>
    replicas.length > 0 && wanted.replicas === 0
      ? [
        "notes",
        "it has replicas, and locks do not wait for them: after a failover reads may go backwards (I3) for a lease",
        'waitReplicas: { replicas: 1, within: "100ms" }, if that matters',
      ]
      : undefined,
  ({ replicas }, { lease }) => {
    const late = replicas.filter(({ lag, state }) => state === "online" && lag * 1_000 > lease).length;
    return late > 0
      ? ["warns", `${late} of its replicas have been silent for longer than a lease`, "look at their links"]
      : undefined;
  },
  ({ clock: { ahead, error } }) =>
    Math.abs(ahead) - error > mostApart
      ? [
        "warns",
        `its clock is ${Math.round(Math.abs(ahead) / 1_000)} s ${
          ahead > 0 ? "ahead of" : "behind"
        } this machine's: leases go by its own, and end early if it is put right in one step`,
        "keep both by NTP, which corrects by slewing",
      ]
      : undefined,
  ({ trackingRefused }) =>
    trackingRefused === undefined ? undefined : [
      "warns",
      `it does not tell of changes (${trackingRefused}): who waits for a load polls, and memory tiers hear of no write`,
      "allow CLIENT TRACKING (ACL: +client|tracking)",
    ],
];

/** About how its keys were looked at. */
export const keys: ReadonlyArray<Rule<KeysReading>> = [
  ({ all, looked }) => all ? undefined : ["notes", `only ${looked} keys were looked at`, "allow more by --keys"],
];

/** About the keys of a namespace, and the policy that they are under. */
export const namespaces: ReadonlyArray<Rule<NamespaceReading & { readonly policy: string }>> = [
  ({ evictableLocks, policy }) =>
    evictableLocks > 0 && policy.startsWith("volatile-")
      ? [
        "breaks",
        `${evictableLocks} locks have a ttl, so that ${policy} may evict them: they are from before the policy was changed`,
        "nothing is to be done if writes end within a lease: they go with it",
      ]
      : undefined,
  ({ endlessClaims }) =>
    endlessClaims > 0
      ? [
        "breaks",
        `${endlessClaims} claims have lost their ttl: their keys are never cached again (I6)`,
        "delete these keys; nothing of ours takes a ttl away",
      ]
      : undefined,
  ({ longestLeft }, { lease }) =>
    longestLeft > longestLease * lease
      ? [
        "breaks",
        `a lock has ${seconds(longestLeft)} left, which is no lease of ${
          seconds(lease)
        }: its key is not cached until then (I6)`,
        "if a tier has a longer lease, say so by --lease; else delete the key: the server's clock was put back",
      ]
      : undefined,
  ({ expiredTokens, oldestExpired }) => {
    if (expiredTokens === 0) return undefined;
    const what = `${expiredTokens} tokens of writers have run out, the oldest ${
      seconds(oldestExpired)
    } ago: they crashed, or nobody knows what became of their writes`;
    return oldestExpired > sweptWithin
      ? ["warns", `${what}; nobody sweeps them`, "they cost memory only: use the tier, or delete the keys"]
      : ["notes", what, "nothing: they go when their key is used, or by the sweep"];
  },
  ({ outdated }) =>
    outdated > 0
      ? [
        "notes",
        `${outdated} entries are from another life of the server, and are ignored`,
        "nothing: they go with their ttl",
      ]
      : undefined,
  ({ strange }) =>
    strange > 0
      ? ["warns", `${strange} keys hold none of ours: they are never cached`, "let nobody else write under lamina:"]
      : undefined,
];

function seconds(milliseconds: number): string {
  return milliseconds === Infinity ? "for ever" : `${Math.round(milliseconds / 100) / 10} s`;
}
