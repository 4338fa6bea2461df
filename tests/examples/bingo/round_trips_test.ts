import { assertEquals } from "@std/assert";
import { turn } from "../../support/turn.ts";
import { convert, join, memoryPlaces, openSubject, price } from "./support.ts";

/** Places in memory that take a turn to answer, and what the shared tier was asked for, and when it answered. */
function slowPlaces() {
  const places = memoryPlaces();
  const log: Array<string> = [];
  const run: typeof places.backend.run = (requests, call) => async () => {
    log.push(...requests.map(({ slot, operation }) => `${operation._tag} ${slot.split(":")[1]}`));
    await turn();
    const replies = await places.backend.run(requests, call)();
    log.push("answered");
    return replies;
  };
  return { places: { ...places, backend: { ...places.backend, run } }, log };
}

Deno.test("a request asks the shared tier at once for all that it needs, and for each value once", async () => {
  const { places, log } = slowPlaces();
  await using subject = await openSubject(places);
  await subject.ask("POST", "/api/experiments", price);
  await join(subject, "ada");
  await convert(subject, "ada");
  const both = ["claim experiments", "claim identity", "answered", "answered"];
  const experiments = ["claim experiments", "answered"];
  for (
    const [request, expected] of [
      [() => join(subject, "ada"), both],
      [() => convert(subject, "ada"), both],
      [() => subject.ask("GET", "/api/identities/ada"), both],
      [() => subject.ask("GET", "/api/experiments/price"), experiments],
      [() => subject.ask("GET", "/"), experiments],
    ] as const
  ) {
    log.length = 0;
    await request();
    assertEquals(log, expected);
  }
});
