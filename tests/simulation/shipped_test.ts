/** Stacks as they ship, under everything that the table of levels speaks of: what it promises holds in every run. */
import { assert, assertEquals } from "@std/assert";
import { faults, showFailure, simulate } from "../../lib/testing/mod.ts";
import { promises } from "./circumstances.ts";
import { stacks } from "./stacks.ts";

/** Some four runs of each stack under each row. */
const seeds = 10_000;

const verdicts = [
  ...["HitMemory", "HitShared", "Filled", "Overtaken", "Unfilled", "Withheld", "Bypassed", "Loaded"],
];

const replies = [
  ...["look → Vacant", "look → Hit", "look → Busy", "look → Guarded", "look → Pass"],
  ...["claim → Mine", "claim → Hit", "claim → Busy", "claim → Guarded", "claim → Pass"],
  ...["refresh → Mine", "refresh → Hit", "refresh → Busy", "refresh → Guarded"],
  ...["fill → Filled", "fill → Refused", "release → Released", "release → Refused", "lock → Locked"],
  ...["unlock → Published", "unlock → Cleared", "unlock → Shared", "unlock → Foreign", "unlock → Lost"],
];

const events = ["LockLost", "LockLeft", "Unconfirmed", "Unreachable", "Unreadable"].map((each) => `event ${each}`);

const ends = [
  ...["get → answered", "getMany → answered", "entries → answered", "force → answered", "peek → answered"],
  ...["put → committed", "remove → committed", "mutate → committed", "invalidate → committed"],
  ...["change → answered", "clear → committed", "clear softly → committed"],
  ...["mutate → unknown", "mutate → aborted", "put → LockNotPlaced", "get → SourceFailed"],
  ...["get → TimedOut", "get → Closed", "put → Closed", "restart", "notOnReplicas"],
];

Deno.test("I1 I2 I3 I4 I5 I6 hold in 10,000 simulated runs as each row of the table of levels promises", async () => {
  const { failure, met, operations } = await simulate({ stacks, circumstances: promises, seeds });
  assertEquals(failure && showFailure(failure), undefined);
  const wanted = [
    ...[...faults, "laggingReplica", "unreadable"],
    ...verdicts.map((each) => `verdict ${each}`),
    ...[...replies, ...events, ...ends],
  ];
  assertEquals(wanted.filter((each) => !met.has(each)), [], "never met");
  for (const fault of faults) assert(met.get(fault)! > seeds / 40, `${fault}: ${met.get(fault)}`);
  assert(operations > 25 * seeds, `${operations} operations`);
});
