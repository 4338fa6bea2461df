import { assert, assertEquals, assertMatch } from "@std/assert";
import * as E from "fp-ts/lib/Either.js";
import { parsePeerArguments } from "../../lib/task/peers/arguments.ts";
import { peerCases } from "../../lib/task/peers/cases.ts";
import { lamina } from "../../lib/task/peers/lamina.ts";
import { runMix } from "../../lib/task/peers/mix.ts";
import { type Peer, tellAfter } from "../../lib/task/peers/peer.ts";
import { playCase } from "../../lib/task/peers/play.ts";
import { showFinding } from "../../lib/task/peers/table.ts";
import { lockFlags, pathOf } from "../../lib/task/stand_in.ts";
import { redisServersTest } from "../servers/redis.ts";

/** A cache-aside that all nodes share, as simple as can be. */
function asideMap(): Peer {
  const entries = new Map<string, { readonly value: string; readonly end: number }>();
  return {
    name: "aside",
    about: "a map",
    connect: ({ ttl, load }) => {
      const set = (key: string, value: string) =>
        Promise.resolve(entries.set(key, { value, end: performance.now() + ttl }));
      return Promise.resolve({
        get: async (key) => {
          const held = entries.get(key);
          if (held !== undefined && performance.now() < held.end) return held.value;
          const value = await load(key);
          await set(key, value);
          return value;
        },
        getMany: "it has none",
        write: (change) => tellAfter(change, { set, delete: (key) => Promise.resolve(entries.delete(key)) }),
        clear: () => Promise.resolve(entries.clear()),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    },
  };
}

redisServersTest("no case from the field leaves an old value in the tier on Redis", async (start) => {
  const { port } = await start();
  const findings = await Promise.all(peerCases.map((each) => playCase(lamina, each, port)));
  const shown = findings.map((finding, i) => `${peerCases[i]!.name}: ${showFinding(finding)}`);
  assertEquals(shown, peerCases.map(({ name }) => `${name}: fresh`));
});

redisServersTest("the same case finds an ordinary cache-aside stale until its ttl", async (start) => {
  const { port } = await start();
  const [aside, sameNode, getMany] = [asideMap(), named("same-node"), named("get-many")];
  assertMatch(showFinding(await playCase(aside, sameNode, port)), /^STALE to its ttl/);
  assertEquals(await playCase(aside, getMany, port), { _tag: "Unsupported", because: "it has none" });
});

redisServersTest("X02 readers and writers on two nodes leave no key stale in the tier on Redis", async (start) => {
  const { port } = await start();
  for (const tell of ["delete", "set"] as const) {
    const { stale, staleInRedis, held, failed } = await runMix(lamina, port, { seed: 1, operations: 3_000, tell });
    assertEquals({ stale, staleInRedis, failed }, { stale: 0, staleInRedis: 0, failed: 0 });
    assert(held > 100, `expected a cache that holds something: received ${held} keys`);
  }
});

redisServersTest("the command plays a case with this package and another beside it", async () => {
  const lock = lockFlags();
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--allow-all", ...lock.length === 0 ? ["--no-lock"] : lock, pathOf("lib/task/prove.ts")],
      ...["--peers", "--only", "same-node", "--libraries=lamina,layered-loader"],
    ],
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout);
  assert(success, output + new TextDecoder().decode(stderr));
  assertMatch(output, /^\| two nodes, ttl 3 s +\| lamina +\| layered-loader +\|$/m);
  // What the other one does is printed, whatever it is.
  assertMatch(output, /^\| a get in flight, a delete on the same node +\| fresh +\| \S.* \|$/m);
});

Deno.test("what is compared can be chosen, and what nobody knows is refused", () => {
  const parse = (...args: ReadonlyArray<string>) => parsePeerArguments(args, ["quiet", "crash"], ["lamina", "other"]);
  const all = { only: undefined, libraries: undefined, seed: 1, operations: 10_000 };
  assertEquals(parse("--peers"), E.right(all));
  assertEquals(
    parse("--peers", "--only", "crash,mix", "--libraries=other", "--seed=7", "--operations", "50"),
    E.right({ only: ["crash", "mix"], libraries: ["other"], seed: 7, operations: 50 }),
  );
  assertEquals(
    parse("--peers", "--only", "no-such"),
    E.left("Cannot compare: expected names out of quiet, crash, mix after --only: received no-such"),
  );
  for (
    const args of [["--seed"], ["--seed", "-1"], ["--operations=0"], ["--full"], ["--seed=1", "--seed=1"], ["crash"]]
  ) {
    assertEquals(parse(...args)._tag, "Left", args.join(" "));
  }
});

function named(name: string): typeof peerCases[number] {
  const found = peerCases.find((each) => each.name === name);
  assert(found !== undefined);
  return found;
}
