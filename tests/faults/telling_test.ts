import { faultTest } from "./fault_run.ts";

// The same four processes, each with a memory tier that its Redis tells of changes. `deno task faults` runs them for a
// minute each, and prints the measured maximum beside the bound.

faultTest(
  "X02 X03 told of changes, no read is behind by more than a memory tier's lease, and nothing stale is left",
  "memory tiers that are told of changes",
);

faultTest(
  "X03 so it is when the telling connections are killed every 500 ms",
  "memory tiers whose telling connections are killed",
);

faultTest("X03 so it is when they are half-open, and no word arrives", "memory tiers on half-open connections");

faultTest("the check catches half-open connections without a lease", "memory tiers without a lease, half-open");
