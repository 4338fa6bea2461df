import { refuseImport } from "./arrows.ts";
import { isLibrary, placeOf, resolveImport } from "./place.ts";

/** Calls back with every module that a file imports or re-exports, and with where it is named. */
export function visitImports(
  found: (specifier: string, node: Deno.lint.Node) => void,
): Deno.lint.LintVisitor {
  const literal = (node: Deno.lint.Node | null | undefined) => {
    if (node?.type === "Literal" && typeof node.value === "string") found(node.value, node);
  };
  return {
    ImportDeclaration: (node) => literal(node.source),
    ExportAllDeclaration: (node) => literal(node.source),
    ExportNamedDeclaration: (node) => literal(node.source),
    ImportExpression: (node) => literal(node.source),
    TSImportType: (node) => literal(node.argument.type === "TSLiteralType" ? node.argument.literal : undefined),
  };
}

/** fp-ts has to be imported as a file: the short form type-checks as `any` and fails when it runs. */
export const fpTsImports: Deno.lint.Rule = {
  create: (context) =>
    visitImports((specifier, node) => {
      if (!/^(npm:\/?)?fp-ts([/@]|$)/.test(specifier) || /^fp-ts\/lib\/[A-Za-z]+\.js$/.test(specifier)) return;
      const message = `Cannot import from fp-ts: wanted "fp-ts/lib/<Name>.js": received "${specifier}"`;
      context.report({ node, message });
    }),
};

/** The arrows between the folders. */
export const arrows: Deno.lint.Rule = {
  create(context) {
    const from = placeOf(context.filename);
    return visitImports((specifier, node) => {
      const reason = refuseImport(from, resolveImport(from, specifier));
      if (reason === undefined) return;
      context.report({ node, message: `Cannot import in ${from.path}: ${reason}: received "${specifier}"` });
    });
  },
};

/** The core runs on Node and Bun as well, so `Deno.…` stands only in the tasks and in files named after it. */
export const denoGlobals: Deno.lint.Rule = {
  create(context) {
    const from = placeOf(context.filename);
    if (!isLibrary(from) || from.name.includes("deno")) return {};
    const report = (node: Deno.lint.Node) =>
      context.report({ node, message: `Cannot use the Deno global in ${from.path}: it would not run on Node` });
    return {
      MemberExpression(node) {
        if (node.object.type === "Identifier" && node.object.name === "Deno") report(node);
        const named = node.property.type === "Identifier" && node.property.name === "Deno" && !node.computed;
        if (named && node.object.type === "Identifier" && node.object.name === "globalThis") report(node);
      },
      TSQualifiedName(node) {
        if (node.left.type === "Identifier" && node.left.name === "Deno") report(node);
      },
    };
  },
};
