/**
 * The lint plugin that keeps the house in order: which folder knows which, how fp-ts is used, and how long things get.
 * deno.json names it, so `deno lint` and editors apply it.
 *
 * @module
 */
import { fpTsNames } from "./fp_ts_names.ts";
import { arrows, denoGlobals, fpTsImports } from "./modules.ts";
import { exportedFunctions, size } from "./shape.ts";

const plugin: Deno.lint.Plugin = {
  name: "lamina",
  rules: {
    "arrows": arrows,
    "deno-globals": denoGlobals,
    "exported-functions": exportedFunctions,
    "fp-ts-imports": fpTsImports,
    "fp-ts-names": fpTsNames,
    "size": size,
  },
};

export default plugin;
