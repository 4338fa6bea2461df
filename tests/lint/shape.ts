import { isIn, type Place, placeOf } from "./place.ts";

// What fits on a few screens can be read as a whole; a function, on one.
const longestFile = 220;
const longestFunction = 45;

const hasLimits = ({ path }: Place) => path === "mod.ts" || isIn(path, "lib");

const linesOf = (text: string) => text.replace(/\n$/, "").split("\n").length;

/** Files and functions stay short. */
export const size: Deno.lint.Rule = {
  create(context) {
    const from = placeOf(context.filename);
    if (!hasLimits(from)) return {};
    const measure = (node: Deno.lint.Node) => {
      const lines = linesOf(context.sourceCode.getText(node));
      if (lines <= longestFunction) return;
      const message = `Cannot keep the function: wanted at most ${longestFunction} lines: received ${lines}`;
      context.report({ node, message });
    };
    return {
      Program(node) {
        const lines = linesOf(context.sourceCode.text);
        if (lines <= longestFile) return;
        context.report({
          node,
          message: `Cannot keep the file: wanted at most ${longestFile} lines: received ${lines}`,
        });
      },
      FunctionDeclaration: measure,
      FunctionExpression: measure,
      ArrowFunctionExpression: measure,
    };
  },
};

/** Exported functions are declarations with a written return type: `deno doc` loses that of an exported arrow. */
export const exportedFunctions: Deno.lint.Rule = {
  create(context) {
    if (!hasLimits(placeOf(context.filename))) return {};
    const report = (node: Deno.lint.Node, name: string, wanted: string) =>
      context.report({ node, message: `Cannot export the function: wanted ${wanted}: received ${name}` });
    const check = (node: Deno.lint.Node | null) => {
      if (node?.type === "FunctionDeclaration" && node.returnType === undefined) {
        report(node, node.id?.name ?? "a default export", "a written return type");
      }
      if (node?.type === "ArrowFunctionExpression") report(node, "a default export", "a function declaration");
      if (node?.type !== "VariableDeclaration") return;
      for (const { id, init } of node.declarations) {
        const isFunction = init?.type === "ArrowFunctionExpression" || init?.type === "FunctionExpression";
        if (isFunction) report(node, id.type === "Identifier" ? id.name : "a pattern", "a function declaration");
      }
    };
    return {
      ExportNamedDeclaration: (node) => check(node.declaration),
      ExportDefaultDeclaration: (node) => check(node.declaration),
    };
  },
};
