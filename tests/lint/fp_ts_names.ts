import { isIn, isLibrary, type Place, placeOf } from "./place.ts";

// What fp-ts keeps for old code only, each with a name of today; chainRec is no such name.
const legacy = /^(chain(?!Rec)\w*|fold|foldW|mapLeft|bimap|orElseFirst\w*)$/;

// Their two-arity wrapper costs a microsecond or two a step, which is more than a whole hit in memory.
const slow = /^(flatMap\w*|tap\w*)$/;

function refuseName(from: Place, name: string): string | undefined {
  if (legacy.test(name)) return "a legacy name: wanted flatMap, match, mapError, mapBoth, tap or tapError";
  const hot = isIn(from.path, "lib/protocol") || isIn(from.path, "lib/backend");
  return hot && slow.test(name) ? "too slow here: wanted a test of _tag" : undefined;
}

/** Names of fp-ts that are not used: legacy ones anywhere, slow ones in the protocol and the backends. */
export const fpTsNames: Deno.lint.Rule = {
  create(context) {
    const from = placeOf(context.filename);
    if (!isLibrary(from)) return {};
    const namespaces = new Set<string>();
    const check = (name: string, node: Deno.lint.Node) => {
      const reason = refuseName(from, name);
      if (reason !== undefined) context.report({ node, message: `Cannot use fp-ts: ${reason}: received ${name}` });
    };
    return {
      ImportDeclaration(node) {
        if (!node.source.value.startsWith("fp-ts")) return;
        for (const specifier of node.specifiers) {
          if (specifier.type === "ImportNamespaceSpecifier") namespaces.add(specifier.local.name);
          if (specifier.type !== "ImportSpecifier") continue;
          check(
            specifier.imported.type === "Identifier" ? specifier.imported.name : specifier.imported.value,
            specifier,
          );
        }
      },
      MemberExpression(node) {
        if (node.object.type !== "Identifier" || !namespaces.has(node.object.name)) return;
        if (node.property.type === "Identifier" && !node.computed) check(node.property.name, node);
      },
    };
  },
};
