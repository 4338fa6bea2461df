/**
 * `deno task doctor --redis redis://…`: looks whether a Redis is fit for a shared tier, and says what is wrong and what
 * to do. The exit code is 0 if no promise is broken, 1 if one is, 2 for arguments that are refused.
 *
 * @module
 */
import { diagnose, showDiagnosis } from "../backend/redis/doctor/mod.ts";
import { help, parseArguments } from "./doctor/arguments.ts";

async function main(args: ReadonlyArray<string>): Promise<number> {
  const parsed = parseArguments(args);
  if (parsed._tag === "Left") {
    console.error(`${parsed.left}\nSee deno task doctor --help.`);
    return 2;
  }
  if (parsed.right === "help") {
    console.log(help);
    return 0;
  }
  const { as, ...options } = parsed.right;
  const diagnosis = await diagnose(options);
  console.log(as === "json" ? JSON.stringify(diagnosis, null, 2) : showDiagnosis(diagnosis));
  return diagnosis.isBroken ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
