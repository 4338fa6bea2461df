// deno-lint-ignore-file no-import-prefix -- in full, as they stand in the source of somebody without an import map
/** Imports the package as its users do; check runs it in a project of its own, outside of the checkout. */
import * as core from "jsr:@lamina/cache@^0.1.0";
import * as aggregate from "jsr:@lamina/cache@^0.1.0/aggregate";
import * as denoKv from "jsr:@lamina/cache@^0.1.0/deno-kv";
import * as doctor from "jsr:@lamina/cache@^0.1.0/doctor";
import * as http from "jsr:@lamina/cache@^0.1.0/http";
import * as lock from "jsr:@lamina/cache@^0.1.0/lock";
import * as otel from "jsr:@lamina/cache@^0.1.0/otel";
import * as redis from "jsr:@lamina/cache@^0.1.0/redis";

const entries = { core, aggregate, denoKv, doctor, http, lock, otel, redis };
for (const [entry, names] of Object.entries(entries).map(([entry, module]) => [entry, Object.keys(module)] as const)) {
  if (names.length === 0) throw new Error(`Cannot use the entry: it exports nothing: received ${entry}`);
  console.log(`${entry}: ${names.join(", ")}`);
}
