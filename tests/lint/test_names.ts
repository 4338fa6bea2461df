/** A test as its source declares it. */
export interface DeclaredTest {
  readonly name: string;
  readonly ignored: boolean;
}

/**
 * Reads the tests that a source declares: the first string given to `Deno.test` or to a helper whose name ends in
 * "test", or the `name` of an object given to it. Of a template literal the fixed parts count.
 */
export function readTests(file: string, source: string): ReadonlyArray<DeclaredTest> {
  const tests: DeclaredTest[] = [];
  const rule: Deno.lint.Rule = {
    create: () => ({
      CallExpression(node) {
        const callee = namesOf(node.callee);
        if (!callee.some((name) => /test$/i.test(name))) return;
        const first = node.arguments[0];
        const options = node.arguments.find((argument) => argument.type === "ObjectExpression");
        const name = textOf(first) ?? textOf(valueOf(options, "name"));
        if (name === undefined) return;
        const skipped = callee.includes("ignore") || callee.includes("skip");
        tests.push({ name, ignored: skipped || isIgnoring(valueOf(options, "ignore")) });
      },
    }),
  };
  Deno.lint.runPlugin({ name: "names", rules: { all: rule } }, file, source);
  return tests;
}

function namesOf(callee: Deno.lint.Node): ReadonlyArray<string> {
  if (callee.type === "Identifier") return [callee.name];
  if (callee.type !== "MemberExpression") return [];
  return [...namesOf(callee.object), ...namesOf(callee.property)];
}

function textOf(node: Deno.lint.Node | undefined): string | undefined {
  if (node?.type === "Literal" && typeof node.value === "string") return node.value;
  if (node?.type === "TemplateLiteral") return node.quasis.map((part) => part.cooked).join("…");
  return undefined;
}

function valueOf(object: Deno.lint.Node | undefined, key: string): Deno.lint.Node | undefined {
  if (object?.type !== "ObjectExpression") return undefined;
  for (const property of object.properties) {
    if (property.type === "Property" && property.key.type === "Identifier" && property.key.name === key) {
      return property.value;
    }
  }
  return undefined;
}

// A test may depend on a server being there (`ignore: !redisAvailable`), and on nothing else.
function isIgnoring(condition: Deno.lint.Node | undefined): boolean {
  if (condition === undefined || condition.type === "Literal" && condition.value === false) return false;
  const wanted = condition.type === "UnaryExpression" ? condition.argument : condition;
  return !(wanted.type === "Identifier" && wanted.name.endsWith("Available"));
}
