import * as t from "io-ts";
import { nullBackend } from "../backend/null.ts";
import { json } from "../codec/json.ts";
import { memory } from "../layer/memory.ts";
import { shared } from "../layer/shared.ts";
import { refusalOf } from "./mistake.ts";
import type { Shape } from "./shape.ts";
import { isObject, shape, that } from "./shape.ts";

type Options = Readonly<Record<string, unknown>>;

/** Some options of a tier that are tried together, and which of them is to blame if the tier refuses them. */
interface Trial {
  readonly blamed: ReadonlyArray<string>;
  readonly options: Options;
}

/**
 * The shape of a tier whose options also go together: what the tier refuses is found by describing it.
 *
 * Options that depend on each other are tried apart from the others, so that each refusal is found; then all of them.
 */
export function withCombinations<A>(kind: "memory" | "shared", plain: Shape<A>): Shape<A> {
  return shape(plain.name, (value, context) => {
    const decoded = plain.validate(value, context);
    if (decoded._tag === "Left") return decoded;
    const errors: Array<t.ValidationError> = [];
    const seen = new Set<string>();
    for (const { blamed, options } of trialsOf(decoded.right as Options)) {
      const error = refusal(kind, options);
      if (error === undefined) continue;
      const { expected, received } = refusalOf(error);
      if (seen.has(expected)) continue;
      seen.add(expected);
      errors.push({ value, context: blaming(context, blamed, expected), message: received });
    }
    return errors.length === 0 ? decoded : t.failures(errors);
  });
}

function trialsOf(options: Options): ReadonlyArray<Trial> {
  const { lease, loadTimeout, grace, ttl, maxInflated, maxBytes, compress } = options;
  const { epoch, invalidations, switch: switched } = options;
  const { soft, hard } = isObject(loadTimeout) ? loadTimeout : { soft: undefined, hard: undefined };
  return [
    { blamed: ["grace"], options: { ttl, grace } },
    { blamed: ["loadTimeout", "hard"], options: { lease, loadTimeout: given({ hard }) } },
    { blamed: ["loadTimeout", "soft"], options: { lease, loadTimeout: given({ soft }) } },
    { blamed: ["loadTimeout", "soft"], options: { lease, loadTimeout: given({ soft, hard }) } },
    { blamed: ["maxBytes"], options: { maxBytes } },
    { blamed: ["maxInflated"], options: { maxInflated, maxBytes } },
    { blamed: ["compress"], options: { compress } },
    { blamed: ["invalidations"], options: { invalidations } },
    { blamed: ["switch"], options: { epoch, switch: switched } },
    { blamed: [], options },
  ];
}

/** What a tier says to options that it refuses, beside the least that it needs. */
function refusal(kind: "memory" | "shared", options: Options): unknown {
  const least = { name: "trial", capacity: 1, ttl: "1m", ...given(options) } as const;
  try {
    if (kind === "memory") memory(least);
    else shared({ ...least, backend: nullBackend(), codec: json(t.unknown) });
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The options that are there. */
function given(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function blaming(context: t.Context, blamed: ReadonlyArray<string>, expected: string): t.Context {
  const wanted = that(expected, () => false);
  if (blamed.length === 0) {
    const own = context[context.length - 1]!;
    return [...context.slice(0, -1), { ...own, type: wanted }];
  }
  return blamed.reduce((path: t.Context, name) => t.appendContext(path, name, wanted), context);
}
