import { assertEquals, assertThrows } from "@std/assert";
import {
  fileLocks,
  guard,
  leaseLocks,
  localLocks,
  memoryLeases,
  mutex,
  nameRegistry,
  showLockError,
  workerLocks,
} from "../../lib/lock/mod.ts";

const port = memoryLeases();

const refused: ReadonlyArray<readonly [() => unknown, string]> = [
  [() => mutex({ within: "forever" }), 'a mutex: expected a duration above zero and below forever: received "forever"'],
  [() => guard({ within: "0s" }), 'a guard: expected a duration above zero and below forever: received "0s"'],
  [() => localLocks({ maxWaiting: -1 }), "local locks: expected a whole number of waiting callers: received -1"],
  [() => workerLocks({ maxWaiting: 0.5 }), "worker locks: expected a whole number of waiting callers: received 0.5"],
  [() => fileLocks({ directory: "" }), 'file locks: expected a directory: received ""'],
  [
    () => leaseLocks({ port, lease: "forever" }),
    'lease locks: expected a duration above zero and below forever: received "forever"',
  ],
  [() => leaseLocks({ port, lease: "5ms" }), 'lease locks: expected a lease of 10ms or more: received "5ms"'],
  [
    () => leaseLocks({ port, renewFor: "forever" }),
    'lease locks: expected a duration above zero and below forever: received "forever"',
  ],
  [() => memoryLeases({ maxLeases: 0 }), "leases in memory: expected a positive whole maxLeases: received 0"],
  [() => nameRegistry(String, { maxNames: 0 }), "a name registry: expected a positive whole maxNames: received 0"],
];

Deno.test("options that bound nothing are refused when locks are made, with what was received", () => {
  for (const [make, message] of refused) {
    assertEquals(assertThrows(make, RangeError).message, `Cannot make ${message}`);
  }
});

Deno.test("an error says what happened in a sentence", () => {
  assertEquals(
    [
      showLockError({ _tag: "TimedOut", waitingFor: "the lock a" }),
      showLockError({ _tag: "Full", what: "the queue of the lock a", limit: 2 }),
      showLockError({ _tag: "NotHeld", lock: "a", reason: "lost" }),
    ],
    [
      "The deadline passed while waiting for the lock a",
      "Cannot wait: the queue of the lock a is full: expected at most 2",
      "Cannot use the lock a: it is not held: it was lost",
    ],
  );
});
