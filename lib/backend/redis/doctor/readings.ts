/** What a server says about itself. Lengths of time are in milliseconds, sizes in bytes. */
export interface ServerReading {
  /** As it says it: `7.0.15`. */
  readonly version: string;
  /** `standalone`, `cluster` or `sentinel`. */
  readonly mode: string;
  /** `master` or `slave`, in its own words. */
  readonly role: string;
  /** Whether it is still reading its data from disk. */
  readonly loading: boolean;
  /** `maxmemory-policy`: what it does when memory runs out. */
  readonly policy: string;
  /** What it may take; 0 for no limit. */
  readonly maxmemory: number;
  /** What it takes. */
  readonly used: number;
  /** How many keys it has evicted since it was started. */
  readonly evicted: number;
  /** Since when it runs. */
  readonly uptime: number;
  /** Who it is: entries that were stored under another identity are ignored. */
  readonly identity: string;
  /** Its replicas: what it thinks of each, and since when each has been silent, in its whole seconds. */
  readonly replicas: ReadonlyArray<{ readonly state: string; readonly lag: number }>;
  /** Its clock less this machine's, and by how much that may be wrong: half of a round trip. */
  readonly clock: { readonly ahead: number; readonly error: number };
  /** Why it would not track keys for us; undefined if it does. */
  readonly trackingRefused: string | undefined;
}

/** What stands under the keys of one namespace, as far as they were looked at. */
export interface NamespaceReading {
  /** Its name: `lamina:<name>:…`. */
  readonly name: string;
  /** Values, of this server's life or another's. */
  readonly entries: number;
  /** How many of them were stored under another identity, and are ignored. */
  readonly outdated: number;
  /** Readers that are loading. */
  readonly claims: number;
  /** Claims that never end: their key has lost its ttl. */
  readonly endlessClaims: number;
  /** Slots that have writers' tokens. */
  readonly locks: number;
  /** Of those tokens, how many are of writers that may still be under way, and how many have run out. */
  readonly liveTokens: number;
  /** See `liveTokens`. */
  readonly expiredTokens: number;
  /** Since when the oldest live token has been there, and since when the oldest expired one is over; 0 for none. */
  readonly oldestLive: number;
  /** See `oldestLive`. */
  readonly oldestExpired: number;
  /** The longest time that a live token still has. */
  readonly longestLeft: number;
  /** Locks that have a ttl, so that a `volatile-*` policy may evict them. */
  readonly evictableLocks: number;
  /** Slots that are empty and remember it. */
  readonly voids: number;
  /** Keys that hold none of ours. */
  readonly strange: number;
}

/** The keys of a server. */
export interface KeysReading {
  /** How many were looked at. */
  readonly looked: number;
  /** Whether those were all that begin with `lamina:`. */
  readonly all: boolean;
  /** By namespace. */
  readonly namespaces: ReadonlyArray<NamespaceReading>;
}

/** A server, by host and port: what was read of it, or why it could not be. */
export type NodeReading =
  | {
    readonly _tag: "Read";
    readonly node: string;
    readonly server: ServerReading;
    /** Its keys, or why they could not be looked at. */
    readonly keys: KeysReading | string;
  }
  | { readonly _tag: "Unreached"; readonly node: string; readonly reason: string };

/** All that was read. */
export interface Readings {
  /** Each server that has keys: one, or the primaries of a cluster. */
  readonly nodes: ReadonlyArray<NodeReading>;
  /** What the protocol's own steps on a slot of the doctor's ended with; undefined if each did what it should. */
  readonly stepFailed: string | undefined;
  /** What the application asks for. */
  readonly wanted: {
    /** The longest lease of its tiers, in milliseconds. */
    readonly lease: number;
    /** How many replicas its locks have to reach. */
    readonly replicas: number;
  };
}

/** What is wrong, or worth knowing. */
export interface Finding {
  /** `breaks`: a promise is broken, or may be; `warns`: something works less well; `notes`: it is as it should be. */
  readonly severity: "breaks" | "warns" | "notes";
  /** Which server, and which namespace. */
  readonly where: string;
  /** What was found. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}
