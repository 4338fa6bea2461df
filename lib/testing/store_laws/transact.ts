import * as E from "fp-ts/lib/Either.js";
import type { TaskEither } from "fp-ts/lib/TaskEither.js";
import * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../../cache_error.ts";
import type { Transaction, Write } from "../../store.ts";
import { transaction } from "../../transaction/transaction.ts";
import type { Fault } from "./play.ts";
import { outcomeOf } from "./play.ts";
import type { Step } from "./script.ts";
import type { World } from "./world.ts";
import { isSame, show } from "./world.ts";

/** A transaction, with each way in which it can end, of the store alone or together with its source. */
export async function transact<K, V>(world: World<K, V>, step: Step<K, V>, leases: number): Promise<Fault> {
  const { does } = step;
  const faults: Array<string> = [];
  let runs = 0;
  world.commits = commitsOf(step, leases);
  const body = (tx: Transaction<K, V>): TaskEither<CacheError | string, string> => async () => {
    runs += 1;
    // An attempt that is followed by another writes more than that.
    const count = does === "transact, twice" && runs > 1 ? 1 : step.keys.length;
    return await writeAll(tx, { ...step, keys: step.keys.slice(0, count) }, faults);
  };
  const write: Write<string, CacheError | string> = does === "transact, together"
    ? transaction([world.store, world.below], ([tx]) => body(tx))
    : world.store.transact(body);
  const outcome = await outcomeOf(world, write);
  world.commits = [];
  const wanted = does === "transact, failed" ? "aborted" : does.includes("unknown") ? "unknown" : "committed";
  const attempts = does === "transact, twice" ? 2 : 1;
  if (runs !== attempts) return `expected the body to be run ${attempts} times: it was run ${runs} times`;
  if (faults[0] !== undefined) return faults[0];
  // Until its leases are over nobody is told anything about it.
  if (wanted === "unknown") await world.clock.advance(leases);
  return wanted === outcome ? undefined : `expected a transaction to end ${wanted}: received ${outcome}`;
}

/** How the commits of its attempts end. */
function commitsOf<K, V>({ does, milliseconds }: Step<K, V>, leases: number): World<K, V>["commits"] {
  if (does === "transact, twice") return ["conflict"];
  if (does === "transact, unknown, not applied") return [Infinity];
  return does === "transact, unknown, applied" ? [Math.min(milliseconds, leases >> 1)] : [];
}

async function writeAll<K, V>(
  tx: Transaction<K, V>,
  { does, keys, values }: Step<K, V>,
  faults: Array<string>,
): Promise<E.Either<CacheError | string, string>> {
  for (const [i, key] of keys.entries()) {
    const value = values[i];
    const done = await (value === undefined ? tx.remove(key) : tx.put(key, value))();
    if (done._tag === "Left") return done;
    const found = await tx.get(key)();
    if (found._tag === "Left") return found;
    const seen = O.toUndefined(found.right);
    if (!isSame(seen, value)) {
      faults.push(`expected the transaction to read ${show(value)} of ${show(key)}: it read ${show(seen)}`);
    }
  }
  return does === "transact, failed" ? E.left("the body's own") : E.right("done");
}
