import { duration, type DurationLike } from "../../../duration.ts";
import { namespace as namespaceOf } from "../../../key.ts";
import type { NodeAddress } from "../client.ts";
import { readOptions } from "../options.ts";

/** What to look at, and how long. */
export interface DoctorOptions {
  /** A server, or any node of a cluster, all of whose primaries are then looked at. */
  readonly url: string;
  /** Where the protocol is tried, on a key of its own; `doctor` unless told. A user may be confined to some. */
  readonly namespace?: string;
  /** The longest lease of the application's tiers, 10 s unless told. */
  readonly lease?: DurationLike;
  /** How many replicas its locks have to reach, none unless told. */
  readonly waitReplicas?: number;
  /** How many keys of each server are looked at, 100,000 unless told: a few seconds. */
  readonly mostKeys?: number;
  /** For a connection, and for each answer; 5 s unless told. */
  readonly timeout?: DurationLike;
}

/** Options that were checked. */
export interface DoctorSettings {
  /** Where to ask first. */
  readonly address: NodeAddress;
  /** For a connection, and for each answer, in milliseconds. */
  readonly patience: number;
  /** The same as it was given. */
  readonly timeout: DurationLike;
  /** Where the protocol is tried. */
  readonly namespace: string;
  /** Of the application's tiers, in milliseconds. */
  readonly lease: number;
  /** How many replicas its locks have to reach. */
  readonly replicas: number;
  /** How many keys of each server are looked at. */
  readonly mostKeys: number;
}

/** Checks options; throws a RangeError that says what was expected, and never a password. */
export function diagnosisOptions(options: DoctorOptions): DoctorSettings {
  const { url, namespace = "doctor", mostKeys = 100_000, waitReplicas: replicas = 0, timeout = "5s" } = options;
  const lease = duration(options.lease ?? "10s");
  const { addresses, patience } = readOptions({ url, connectTimeout: timeout });
  if (!(Number.isInteger(mostKeys) && mostKeys >= 0)) refuse("a whole number of keys", mostKeys);
  if (!(Number.isInteger(replicas) && replicas >= 0)) refuse("a whole number of replicas", replicas);
  namespaceOf({ namespace });
  return { address: addresses[0]!, patience, timeout, namespace, lease, replicas, mostKeys };
}

function refuse(wanted: string, received: unknown): never {
  throw new RangeError(`Cannot look at a Redis: expected ${wanted}: received ${received}`);
}
