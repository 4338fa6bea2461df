import type { DurationLike } from "../duration.ts";
import { duration } from "../duration.ts";
import { withCombinations } from "./combinations.ts";
import type {
  BackendConfig,
  MemoryTierConfig,
  RegionConfig,
  RegionsConfig,
  SharedTierConfig,
  TierConfig,
} from "./config.ts";
import type { Shape, Shapes } from "./shape.ts";
import { choice, fields, isObject, list, named, orObject, secretThat, that, words } from "./shape.ts";

/** What a configuration may refer to. */
export interface Known {
  /** The names of the backends that the configuration has. */
  readonly backends: ReadonlyArray<string>;
  /** The kinds of backends that the application can make. */
  readonly kinds: ReadonlyArray<string>;
  /** The names of codecs. */
  readonly codecs: ReadonlyArray<string>;
}

/** The type of configurations. */
export function configType(known: Known): Shape<RegionsConfig> {
  const tiers = list<TierConfig>(choice({ memory: memoryTier, shared: sharedTier(known) }));
  const region = fields<RegionConfig>({ tiers }, {});
  return fields({ regions: named(region, name) }, { backends: named(backendType(known.kinds), name) });
}

/** The type of backends; what the options of the application's own must be, their factories know. */
export function backendType(kinds: ReadonlyArray<string>): Shape<BackendConfig> {
  const own = Object.fromEntries(kinds.map((kind) => [kind, options]));
  return choice({ ...own, memory: fields({ capacity: positive }, { maxBytes: positive }), null: fields({}, {}) });
}

const options = secretThat<object>("an object", isObject);

const name: Shape<string> = that(
  `a name of 1 to 64 characters without ":"`,
  (value) =>
    typeof value === "string" && value !== "" && value.length <= 64 && !value.includes(":") && value.isWellFormed(),
);

const length: Shape<DurationLike> = that(
  `a text like "250ms", "60s", "10m", "24h", "7d" or "forever"`,
  (value) => lengthOf(value) !== undefined,
);

const ending: Shape<DurationLike> = that(
  `a text like "250ms", "60s", "10m", "24h" or "7d"`,
  (value) => (lengthOf(value) ?? Infinity) < Infinity,
);

function lengthOf(value: unknown): number | undefined {
  try {
    return typeof value === "string" ? duration(value as DurationLike) : undefined;
  } catch {
    return undefined;
  }
}

const isNumber = (value: unknown): value is number => typeof value === "number";
const between = (least: number, most: number): Shape<number> =>
  that(
    `a whole number from ${least} to ${most}`,
    (value) => isNumber(value) && Number.isInteger(value) && value >= least && value <= most,
  );

const positive = that<number>(
  "a positive whole number",
  (value) => isNumber(value) && Number.isInteger(value) && value > 0,
);
const natural = that<number>(
  "a whole number, not negative",
  (value) => isNumber(value) && Number.isInteger(value) && value >= 0,
);
const share = that<number>(
  "a number from 0 up to but without 1",
  (value) => isNumber(value) && value >= 0 && value < 1,
);
const inside = that<number>(
  "a number between 0 and 1, without them",
  (value) => isNumber(value) && value > 0 && value < 1,
);
const above = that<number>("a positive number", (value) => isNumber(value) && value > 0 && value < Infinity);
const text = that<string>("a text", (value) => typeof value === "string" && value !== "");
const secret = secretThat<string>(
  "a text of 16 or more characters",
  (value) => typeof value === "string" && value.length >= 16,
);

/** What every tier may be told. */
const common: Shapes = {
  grace: length,
  negativeTtl: length,
  jitter: share,
  lease: ending,
  onBusy: orObject(words("wait", "bypass"), fields({ wait: ending }, {})),
  onStale: words("serve", "wait"),
  onFailure: words("serve", "fail"),
  refresh: choice({ ahead: inside, xfetch: above }),
  loadTimeout: fields({}, { soft: ending, hard: ending }),
  backOff: ending,
};

const memoryTier = withCombinations(
  "memory",
  fields<MemoryTierConfig>({ capacity: positive, ttl: length }, {
    ...common,
    maxBytes: positive,
    values: words("isolated", "shared"),
    invalidations: orObject(words("none", "pushed"), fields({ lease: ending }, {})),
    name: text,
  }),
);

const shards = between(0, 256);

function sharedTier(known: Known): Shape<SharedTierConfig> {
  return withCombinations(
    "shared",
    fields<SharedTierConfig>({ backend: words(...known.backends), ttl: length }, {
      ...common,
      name,
      codec: words(...known.codecs),
      timeout: ending,
      shards: orObject(shards, fields({ now: shards, before: shards }, {})),
      level: words("pinned", "probation", "strict"),
      probe: words("auto", "look", "claim"),
      onUnconfirmed: words("report", "fail"),
      epoch: orObject(words("none", "every read"), fields({ lease: ending }, {})),
      switch: fields({}, { poll: ending }),
      secret,
      version: between(0, 65_535),
      maxBytes: positive,
      maxInflated: natural,
      compress: orObject(words("never"), fields({ above: natural }, { algorithm: words("zstd", "gzip") })),
    }),
  );
}
