import type { Case } from "./comparison.ts";
import { entryCase } from "./entry_case.ts";
import { hotKeyCase } from "./hot_key_case.ts";
import { importCase } from "./import_case.ts";
import { memoryCase } from "./memory_case.ts";
import { memoryWorkCase } from "./memory_work_case.ts";
import { redisHitCase } from "./redis_hit_case.ts";
import { redisManyCase } from "./redis_many_case.ts";
import { redisWorkCase } from "./redis_work_case.ts";
import { scaleCase } from "./scale_case.ts";
import { sqliteCase } from "./sqlite_case.ts";
import { stampedeCase } from "./stampede_case.ts";
import { turnCase } from "./turn_case.ts";

/** All cases, in the order in which they run. */
export const cases: ReadonlyArray<Case> = [
  memoryCase,
  memoryWorkCase,
  turnCase,
  entryCase,
  scaleCase,
  redisHitCase,
  redisManyCase,
  redisWorkCase,
  sqliteCase,
  stampedeCase,
  hotKeyCase,
  importCase,
];
