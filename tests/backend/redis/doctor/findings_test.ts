import { assert, assertEquals } from "@std/assert";
import {
  type Finding,
  findingsOf,
  type NamespaceReading,
  type ServerReading,
} from "../../../../lib/backend/redis/doctor/mod.ts";

const server: ServerReading = {
  version: "7.0.15",
  mode: "standalone",
  role: "master",
  loading: false,
  policy: "noeviction",
  maxmemory: 0,
  used: 1_000_000,
  evicted: 0,
  uptime: 3_600_000,
  identity: "here----",
  replicas: [],
  clock: { ahead: 3, error: 1 },
  trackingRefused: undefined,
};

const namespace: NamespaceReading = {
  name: "user",
  entries: 10,
  outdated: 0,
  claims: 1,
  endlessClaims: 0,
  locks: 1,
  liveTokens: 1,
  expiredTokens: 0,
  oldestLive: 50,
  oldestExpired: 0,
  longestLeft: 9_950,
  evictableLocks: 0,
  voids: 1,
  strange: 0,
};

interface Case {
  readonly server?: Partial<ServerReading>;
  readonly namespace?: Partial<NamespaceReading>;
  readonly replicas?: number;
  /** The severities, and a part of what each says. */
  readonly found: ReadonlyArray<readonly [Finding["severity"], part: string]>;
}

const online = { state: "online", lag: 0 };

/** What one reading that is not as it should be leads to, and no more than that. */
const cases: Readonly<Record<string, Case>> = {
  "all is well": { found: [] },
  "a sentinel": { server: { mode: "sentinel", role: "master" }, found: [["breaks", "sentinel"]] },
  "an old version": { server: { version: "6.2.14" }, found: [["breaks", "6.2.14"]] },
  "a newer version": { server: { version: "8.4.0" }, found: [] },
  "a replica": { server: { role: "slave" }, found: [["breaks", "replica"]] },
  "loading": { server: { loading: true }, found: [["warns", "loading"]] },
  "locks that are evicted": {
    server: { policy: "allkeys-lru", maxmemory: 1e9, evicted: 7 },
    found: [["breaks", "probation, and reads may go backwards (I3) for a lease; 7 keys evicted"]],
  },
  "locks that would be evicted": { server: { policy: "allkeys-lfu" }, found: [["warns", "allkeys-lfu"]] },
  "values that are evicted": { server: { policy: "volatile-ttl", maxmemory: 1e6, used: 1e6 }, found: [] },
  "a policy that is not told": { server: { policy: "" }, found: [["warns", "does not tell its maxmemory-policy"]] },
  "full memory": { server: { maxmemory: 1_050_000 }, found: [["warns", "95 % full"]] },
  "memory with room": { server: { maxmemory: 2_000_000 }, found: [] },
  "a young server": { server: { uptime: 9_000 }, found: [["notes", "less than a lease ago"]] },
  "too few replicas": {
    replicas: 2,
    server: { replicas: [online, { ...online, state: "wait_bgsave" }] },
    found: [["breaks", "1 replicas of the 2"]],
  },
  "enough replicas": { replicas: 1, server: { replicas: [online] }, found: [] },
  "replicas that nobody waits for": { server: { replicas: [online] }, found: [["notes", "locks do not wait"]] },
  "a silent replica": {
    replicas: 1,
    server: { replicas: [{ ...online, lag: 11 }] },
    found: [["warns", "1 of its replicas"]],
  },
  "a clock ahead": { server: { clock: { ahead: 5_000, error: 2 } }, found: [["warns", "5 s ahead of"]] },
  "a clock behind": { server: { clock: { ahead: -5_000, error: 2 } }, found: [["warns", "5 s behind"]] },
  "a clock that nobody can tell": { server: { clock: { ahead: 1_500, error: 900 } }, found: [] },
  "no tracking": { server: { trackingRefused: "NOPERM" }, found: [["warns", "does not tell of changes (NOPERM)"]] },
  "locks that may be evicted": {
    server: { policy: "volatile-lru" },
    namespace: { evictableLocks: 2 },
    found: [["breaks", "2 locks have a ttl"]],
  },
  "locks with a ttl that nobody evicts": { namespace: { evictableLocks: 2 }, found: [] },
  "a claim for ever": { namespace: { endlessClaims: 1 }, found: [["breaks", "1 claims have lost their ttl"]] },
  "a lock for an hour": { namespace: { longestLeft: 3_600_000 }, found: [["breaks", "3600 s left"]] },
  "a lock for ever": { namespace: { longestLeft: Infinity }, found: [["breaks", "for ever left"]] },
  "a token that ran out": {
    namespace: { expiredTokens: 1, oldestExpired: 60_000 },
    found: [["notes", "the oldest 60 s ago"]],
  },
  "a token that nobody sweeps": {
    namespace: { expiredTokens: 3, oldestExpired: 7_200_000 },
    found: [["warns", "nobody sweeps"]],
  },
  "entries of another life": { namespace: { outdated: 4 }, found: [["notes", "4 entries are from another life"]] },
  "somebody else's keys": { namespace: { strange: 1 }, found: [["warns", "1 keys hold none of ours"]] },
};

for (const [what, { server: other, namespace: names, replicas = 0, found }] of Object.entries(cases)) {
  Deno.test(`${what}: ${found.map(([severity]) => severity).join(", ") || "nothing to say"}`, () => {
    const findings = findingsOf({
      nodes: [{
        _tag: "Read",
        node: "host:1",
        server: { ...server, ...other },
        keys: { looked: 13, all: true, namespaces: [{ ...namespace, ...names }] },
      }],
      stepFailed: undefined,
      wanted: { lease: 10_000, replicas },
    });
    assertEquals(findings.map(({ severity }) => severity), found.map(([severity]) => severity));
    findings.forEach((finding, i) => assert(finding.what.includes(found[i]![1]), finding.what));
    for (const { where, remedy } of findings) {
      assertEquals([where.startsWith("host:1"), remedy.length > 0], [true, true]);
    }
  });
}

Deno.test("servers that do not answer, keys that may not be looked at, and steps that fail are found; the worst first", () => {
  const wanted = { lease: 10_000, replicas: 0 };
  const young = { _tag: "Read", node: "a", server: { ...server, uptime: 1 }, keys: "NOPERM" } as const;
  const away = { _tag: "Unreached", node: "b", reason: "ECONNREFUSED" } as const;
  const all = findingsOf({ nodes: [young, away], stepFailed: "lock: NOPERM", wanted });
  assertEquals(all.map(({ severity, where }) => [severity, where]), [
    ["breaks", "the protocol"],
    ["breaks", "b"],
    ["warns", "a"],
    ["notes", "a"],
  ]);
  const part = { looked: 500, all: false, namespaces: [] };
  const some = findingsOf({ nodes: [{ ...young, server, keys: part }], stepFailed: undefined, wanted });
  assertEquals(some.map(({ severity, what }) => [severity, what]), [["notes", "only 500 keys were looked at"]]);
});
