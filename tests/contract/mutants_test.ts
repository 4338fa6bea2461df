import { assertRejects, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../lib/backend/port.ts";
import { memoryBackend } from "../../lib/backend/memory.ts";
import { apply } from "../../lib/protocol/slot.ts";
import type { ContractOptions } from "../../lib/testing/mod.ts";
import { backendContract } from "../../lib/testing/mod.ts";
import { backendOf, mutants } from "./mutants.ts";

async function check(make: (now: () => number) => Backend<Uint8Array>, options: ContractOptions = {}): Promise<void> {
  const cases = backendContract("it", (now) => Promise.resolve(make(now)), options);
  // The rest of the contract asks what a mutant of the step function cannot fail.
  for (const { name, run } of cases) if (name.includes("sequences")) await run();
}

Deno.test("the contract accepts the slot function on a Map", () => check((now) => backendOf(apply, now)));

for (const [name, step] of Object.entries(mutants)) {
  Deno.test(`the contract catches ${name}`, async () => {
    await assertRejects(() => check((now) => backendOf(step, now)), Error, "The backend differs at level");
  });
}

const memory = (now: () => number) =>
  memoryBackend<Uint8Array>({ capacity: 10_000, clock: { now, after: () => () => {} } });

const wrong: Readonly<Record<string, (backend: Backend<Uint8Array>) => Backend<Uint8Array>>> = {
  "that answers in another order": (backend) => ({
    ...backend,
    run: (requests, call) => async () => (await backend.run(requests, call)()).toReversed(),
  }),
  "that answers only the first": (backend) => ({
    ...backend,
    run: (requests, call) => async () => (await backend.run(requests, call)()).slice(0, 1),
  }),
  "that takes the requests of one slot in another order": (backend) => ({
    ...backend,
    run: (requests, call) => async () => (await backend.run(requests.toReversed(), call)()).toReversed(),
  }),
  "that cannot be reached": (backend) => ({
    ...backend,
    run: (requests) => () => Promise.resolve(requests.map(() => ({ _tag: "Unreachable", reason: "down" }))),
  }),
};

for (const [name, make] of Object.entries(wrong)) {
  Deno.test(`the contract catches a backend ${name}`, async () => {
    await assertRejects(() => check((now) => make(memory(now))), Error, "The backend differs");
  });
}

const misbehaved: Readonly<Record<string, (backend: Backend<Uint8Array>) => Backend<Uint8Array>>> = {
  "goes on after it was closed": (backend) => ({ ...backend, close: () => Promise.resolve() }),
  "rejects once it is closed": (backend) => {
    let closed = false;
    const close = () => {
      closed = true;
      return Promise.resolve();
    };
    const run: Backend<Uint8Array>["run"] = (requests, call) => () =>
      closed ? Promise.reject(new Error("the connection is closed")) : backend.run(requests, call)();
    return { ...backend, close, run };
  },
  "acts before its task is run": (backend) => ({
    ...backend,
    run: (requests, call) => {
      const replies = backend.run(requests, call)();
      return () => replies;
    },
  }),
  "mixes up the slots of a large call": (backend) => ({
    ...backend,
    run: (requests, call) => async () => {
      const replies = await backend.run(requests, call)();
      return requests.length > 100 ? [...replies.slice(1), ...replies.slice(0, 1)] : replies;
    },
  }),
};

for (const [name, make] of Object.entries(misbehaved)) {
  Deno.test(`the contract catches a backend that ${name}`, async () => {
    const cases = backendContract("it", (now) => Promise.resolve(make(memory(now))), { sequences: 3 });
    await assertRejects(async () => {
      for (const { run } of cases) await run();
    });
  });
}

Deno.test("the contract tells a fault as a short numbered sequence with its seed", async () => {
  const forgetful = (now: () => number) => backendOf(mutants["a release that forgets to pass"]!, now);
  const error = await assertRejects(() => check(forgetful), Error);
  const lines = error.message.split("\n");
  assertStringIncludes(lines[0] ?? "", "seed ");
  assertStringIncludes(error.message, "1. ");
  assertStringIncludes(error.message, "release, owner");
  assertStringIncludes(error.message, "the generation of 1");
  assertStringIncludes(error.message, "expected Pass: received");
  if (lines.length > 5) throw new Error(`Expected a claim, a release and a look: received\n${error.message}`);
});

Deno.test("the contract accepts a backend whose clock it cannot set", async () => {
  await check(() => backendOf(apply, () => performance.timeOrigin + performance.now()), {
    passesTime: false,
    sequences: 900,
  });
});

Deno.test("the contract catches most mutants without passing time", async () => {
  const caught: string[] = [];
  for (const [name, step] of Object.entries(mutants)) {
    const now = () => performance.timeOrigin + performance.now();
    await check(() => backendOf(step, now), { passesTime: false, sequences: 3_000 }).catch(() => caught.push(name));
  }
  if (caught.length < 12) throw new Error(`Expected at least 12 of them caught: received ${caught.join(", ")}`);
});
