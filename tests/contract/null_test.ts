import { nullBackend } from "../../lib/backend/null.ts";
import type { Reply } from "../../lib/protocol/slot.ts";
import type { Model } from "../../lib/testing/mod.ts";
import { backendContract } from "../../lib/testing/mod.ts";

const replies: Readonly<Record<Parameters<Model>[1]["_tag"], Reply<Uint8Array>>> = {
  look: { _tag: "Pass" },
  claim: { _tag: "Pass" },
  refresh: { _tag: "Pass" },
  fill: { _tag: "Refused" },
  release: { _tag: "Refused" },
  lock: { _tag: "Locked", generation: 0 },
  unlock: { _tag: "Cleared" },
};

const model: Model = (slot, operation) => [slot, replies[operation._tag]];

const cases = backendContract("the null backend", () => Promise.resolve(nullBackend()), { model });
for (const { name, run } of cases) Deno.test(name, run);
