import { fail } from "@std/assert";
import { runBank } from "../../lib/task/faults/bank.ts";
import type { BankKind } from "../../lib/task/faults/bank_verdict.ts";
import { showReport } from "../../lib/task/faults/run.ts";
import { postgresAvailable } from "../servers/postgres.ts";
import { redisServersAvailable } from "../servers/redis.ts";

// Four processes with eight clients each transfer between 100 accounts of a PostgreSQL through a shared tier, on a Redis
// whose locks reach its replica. `deno task faults --bank` does the same for two minutes.

const required = Deno.env.get("CI") === "true";
const isMissing = !postgresAvailable || !redisServersAvailable;

// Both neighbours say how to get what is missing; here it is said what does not run for want of it.
if (isMissing && !required) console.log("No PostgreSQL or no redis-server was found, so the bank does not open.");

function bankTest(name: string, kind: BankKind, seconds: number): void {
  Deno.test({
    name,
    ignore: isMissing && !required,
    fn: async () => {
      const report = await runBank(kind, { seconds, lease: 2_000 });
      console.log(showReport(report));
      if (report.problems.length > 0) fail(report.problems.join("\n"));
    },
  });
}

bankTest("the bank on cache-aside loses money, and its histories and its totals say so", "cache-aside", 2);

bankTest(
  "X14 I1 I2 I4 I5 I6 no money is lost when processes are killed and Redis fails over under transactions",
  "shared tier",
  8,
);
