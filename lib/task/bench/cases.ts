import type { Case } from "./comparison.ts";
import { importCase } from "./import_case.ts";
import { memoryCase } from "./memory_case.ts";
import { redisHitCase } from "./redis_hit_case.ts";
import { redisWorkCase } from "./redis_work_case.ts";
import { sqliteCase } from "./sqlite_case.ts";
import { stampedeCase } from "./stampede_case.ts";

/** All cases, in the order in which they run. */
export const cases: ReadonlyArray<Case> = [
  memoryCase,
  redisHitCase,
  redisWorkCase,
  sqliteCase,
  stampedeCase,
  importCase,
];
