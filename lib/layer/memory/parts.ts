import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { MemoryBackend } from "../../backend/memory.ts";
import type { Clock } from "../../clock.ts";
import { type Duration, duration } from "../../duration.ts";
import type { Identity } from "../../key.ts";
import { identify } from "../../key.ts";
import type { Observer } from "../../observe/observer.ts";
import type { Entry } from "../../store.ts";
import { type LifetimeOf, type LifetimeOptions, readsOf } from "../tier/lifetime.ts";
import type { Policy } from "../tier/policy.ts";
import type { Place, TierParts } from "../tier/tier.ts";
import type { Coherence } from "./coherence.ts";
import { type Isolation, packed, unlessMutable } from "./isolation.ts";
import type { MemoryRoom } from "./room.ts";
import type { SlotIndex } from "./slot_index.ts";

/** What a memory tier is made of. */
export interface MemorySettings<V> {
  readonly name: string;
  readonly clock: Clock;
  readonly values: "isolated" | "shared";
  readonly keys: LifetimeOptions<unknown>["keys"];
  readonly observer: Observer | undefined;
  /** Whether a hit may be answered without a machine. */
  readonly isQuick: boolean;
  readonly lease: Duration;
  readonly policy: Policy;
  readonly lifetime: LifetimeOf<unknown>;
  readonly room: MemoryRoom | undefined;
  /** Which word of changes it wants; undefined: none. */
  readonly word: { readonly lease: number } | undefined;
  readonly backend: MemoryBackend<Option<V>, Identity>;
  readonly isolation: Isolation;
  readonly index: SlotIndex<Identity>;
}

/** The protocol's surroundings in a memory tier. */
export function partsOf<K, V>(
  settings: MemorySettings<V>,
  { term, note }: Coherence<K, Identity>,
): TierParts<K, V, Option<V>, Identity> {
  const { name, backend, clock, values, keys, isolation, lifetime, lease, policy, observer } = settings;
  return {
    name,
    hit: "HitMemory",
    backend,
    clock,
    place: (key): Place<Identity> | { _tag: "KeyRefused"; reason: string } => {
      const id = identify(key);
      if (id._tag === "Left") return { _tag: "KeyRefused", reason: id.left.reason };
      // Most tiers go by nothing that ends, and are spared a look at the clock.
      const isOn = term[0] === Infinity || term[0]! > clock.now();
      return { all: [id.right], reads: isOn ? readsOf(keys, key, 1) : 0 };
    },
    identify: quickIdentity,
    pack: (value) => values === "shared" ? E.right(value) : packed(value, isolation),
    refuses: false,
    unpack: (payload) => E.right(unlessMutable(isolation, payload)),
    answers: "packed",
    sealing: undefined,
    forget: (mode) => mode === "hard" ? backend.flush() : backend.expire(),
    asks: note,
    keeps: (entry, asked) =>
      term[0] !== -Infinity && (settings.word === undefined || entry !== undefined && isTold(entry, asked)),
    lifetime,
    lease,
    policy,
    timeout: duration("forever"),
    level: "pinned",
    probe: "claim",
    onUnconfirmed: "report",
    observer,
  };
}

/**
 * Whether word of an entry's end is still to come. Word of one that was looked at before this tier asked, as a layer
 * between may share it, may have come already, and found nothing here. What was written comes from no look at all.
 */
function isTold({ watched, asOf }: Entry<unknown>, asked: number): boolean {
  return watched === true && asOf > asked;
}

/** An identity without an allocation for the usual keys; a key without one is not in the map. */
export function quickIdentity(key: unknown): Identity {
  if (typeof key === "number") return key;
  // NUL marks what was encoded.
  if (typeof key === "string" && key.charCodeAt(0) !== 0) return key;
  const id = identify(key);
  return id._tag === "Left" ? nowhere : id.right;
}

/** Begins with NUL as encoded identities do, and is none of them. */
const nowhere = "\0";
