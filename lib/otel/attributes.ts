import type { Attributes } from "@opentelemetry/api";
import type { ReadReport } from "../observe/observer.ts";

/** What a read was answered, as attributes; of a failed one, that it failed. */
export function attributesOf({ verdict }: ReadReport): Attributes {
  if (verdict === undefined) return { "cache.verdict": "Failed" };
  const { _tag, tier, level, because } = verdict;
  const known = { "cache.verdict": _tag, "cache.tier": tier, "cache.level": level };
  return because === undefined ? known : { ...known, "cache.bypass.reason": because };
}

/** Whether a read was answered by a tier, without a load. */
export function isHit({ verdict }: ReadReport): boolean {
  return verdict !== undefined && hits.includes(verdict._tag);
}

const hits: ReadonlyArray<string> = ["HitMemory", "HitShared", "Stale"];
