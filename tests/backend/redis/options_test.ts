import { assert, assertThrows } from "@std/assert";
import { redisBackend } from "../../../lib/backend/redis/mod.ts";

const refusals = [
  ["a url without a scheme", () => redisBackend({ url: "localhost:6379" }), "redis://host:6379"],
  ["another scheme", () => redisBackend({ url: "https://host" }), '"https://host"'],
  ["no database", () => redisBackend({ url: "redis://host/one" }), "received one"],
  ["a cluster without nodes", () => redisBackend({ cluster: { nodes: [] } }), "received none"],
  ["a database of a cluster", () => redisBackend({ cluster: { nodes: ["redis://host/2"] } }), "received 2"],
  [
    "half a replica",
    () => redisBackend({ url: "redis://host", waitReplicas: { replicas: 0.5, within: "1s" } }),
    "received 0.5",
  ],
  [
    "waiting for ever",
    () => redisBackend({ url: "redis://host", waitReplicas: { replicas: 1, within: "forever" } }),
    "received forever",
  ],
  ["a connection at once", () => redisBackend({ url: "redis://host", connectTimeout: "0ms" }), "received 0ms"],
] as const;

for (const [what, make, received] of refusals) {
  Deno.test(`${what} is refused with what was expected and received`, () => {
    assertThrows(make, RangeError, received);
    assertThrows(make, RangeError, "Cannot make a Redis backend: expected");
  });
}

for (const url of ["http://me:s3cret@host", "redis://me:s3cret@", "me:s3cret@host", "redis:me:s3cret@host:x"]) {
  Deno.test(`a refused url such as ${url.replace("s3cret", "…")} does not show its password`, () => {
    const error = assertThrows(() => redisBackend({ url }), RangeError);
    assert(!Deno.inspect(error).includes("s3cret"), Deno.inspect(error));
  });
}
