/** Types of configurations: objects without unknown fields, and parts whose names say what is expected. */
import * as t from "io-ts";

/** A type of a configuration, which is only decoded. */
export type Shape<A> = t.Decoder<unknown, A>;

/** The shapes of an object's fields. */
export type Shapes = Readonly<Record<string, Shape<unknown>>>;

/** A shape by what is expected and how that is found out. */
export function shape<A>(expected: string, validate: t.Validate<unknown, A>): Shape<A> {
  const is = (value: unknown): value is A => validate(value, [])._tag === "Right";
  return new t.Type<A, unknown, unknown>(expected, is, validate, t.identity);
}

/** A value that fits. */
export function that<A>(expected: string, fits: (value: unknown) => boolean): Shape<A> {
  return shape(expected, (value, context) => fits(value) ? t.success(value as A) : t.failure(value, context));
}

/** A value that fits, and is never shown. */
export function secretThat<A>(expected: string, fits: (value: unknown) => boolean): Shape<A> {
  return shape(
    expected,
    (value, context) => fits(value) ? t.success(value as A) : t.failure(value, context, "something else"),
  );
}

/** One of these words. */
export function words<A extends string>(...all: ReadonlyArray<A>): Shape<A> {
  return that(listed(all), (value) => all.some((word) => word === value));
}

/** An object with these fields and no others; the optional ones may be left out. */
export function fields<A>(required: Shapes, optional: Shapes): Shape<A> {
  const known: Shapes = { ...required, ...optional };
  return shape("an object", (value, context) => {
    if (!isObject(value)) return t.failure(value, context);
    const errors = [
      ...Object.entries(known).flatMap(([name, part]) =>
        value[name] === undefined && !(name in required) ? [] : errorsOf(part, name, value[name], context)
      ),
      ...unknownFields(known, value, context),
    ];
    return errors.length === 0 ? t.success(value as A) : t.failures(errors);
  });
}

/** An object with exactly one of these fields. */
export function choice<A>(alternatives: Shapes): Shape<A> {
  return shape(`an object with one of the fields ${listed(Object.keys(alternatives))}`, (value, context) => {
    if (!isObject(value)) return t.failure(value, context);
    const chosen = Object.keys(alternatives).filter((each) => Object.hasOwn(value, each));
    const errors = [
      ...chosen.length <= 1 ? [] : [{ value, context, message: listed(chosen, "and") }],
      ...chosen.flatMap((each) => errorsOf(alternatives[each]!, each, value[each], context)),
      ...unknownFields(alternatives, value, context),
    ];
    if (chosen.length === 0 && errors.length === 0) errors.push({ value, context, message: "an object without" });
    return errors.length === 0 ? t.success(value as A) : t.failures(errors);
  });
}

/** A part that is no object, or an object. */
export function orObject<A, B>(part: Shape<A>, object: Shape<B>): Shape<A | B> {
  return shape<A | B>(
    `${part.name} or an object`,
    (value, context) => isObject(value) ? object.validate(value, context) : part.validate(value, context),
  );
}

/** An object whose fields have names of its own. */
export function named<A>(part: Shape<A>, name: Shape<string>): Shape<Readonly<Record<string, A>>> {
  return shape("an object", (value, context) => {
    if (!isObject(value)) return t.failure(value, context);
    const errors = Object.entries(value).flatMap((
      [each, inner],
    ) => [...errorsOf(name, each, each, context), ...errorsOf(part, each, inner, context)]);
    return errors.length === 0 ? t.success(value as Readonly<Record<string, A>>) : t.failures(errors);
  });
}

/** A list. */
export function list<A>(part: Shape<A>): Shape<ReadonlyArray<A>> {
  return shape("a list", (value, context) => {
    if (!Array.isArray(value)) return t.failure(value, context);
    const errors = Array.from(value, (inner: unknown, i) => errorsOf(part, String(i), inner, context)).flat();
    return errors.length === 0 ? t.success(value) : t.failures(errors);
  });
}

/** Whether something is an object as JSON has them. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Words as a sentence has them. */
export function listed(all: ReadonlyArray<string>, last: "or" | "and" = "or"): string {
  const quoted = all.map((word) => JSON.stringify(word));
  if (quoted.length <= 1) return quoted[0] ?? "(there are none)";
  return `${quoted.slice(0, -1).join(", ")} ${last} ${quoted[quoted.length - 1]}`;
}

function errorsOf(part: Shape<unknown>, name: string, value: unknown, context: t.Context): t.Errors {
  const result = part.validate(value, t.appendContext(context, name, part, value));
  return result._tag === "Left" ? result.left : [];
}

function unknownFields(known: Shapes, value: object, context: t.Context): t.Errors {
  const none = that(`one of the fields ${listed(Object.keys(known))}`, () => false);
  // What stands in a field whose name was mistyped may be a secret.
  return Object.keys(value).filter((name) => !Object.hasOwn(known, name))
    .map((name) => ({ value: name, context: t.appendContext(context, name, none), message: "an unknown field" }));
}
