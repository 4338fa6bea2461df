/** Why something that was asked for is not done: nothing has changed then. */
export interface Refusal {
  /**
   * `Malformed`: not what the question has to look like. `Unknown`: there is no such thing. `Conflict`: there is, and it
   * is not in a state that allows it. `TooLarge`, `NotAllowed`, `NotJson`, `Foreign`: refused before it was read.
   */
  readonly _tag: "Malformed" | "Unknown" | "Conflict" | "TooLarge" | "NotAllowed" | "NotJson" | "Foreign";
  /** What would have been right. */
  readonly expected: string;
  /** What came instead, shortened. */
  readonly received: string;
}

/** A refusal; what was received is shown as JSON, shortened to what an error message can carry. */
export function refusal(_tag: Refusal["_tag"], expected: string, received: unknown): Refusal {
  const text = received === undefined ? "nothing" : JSON.stringify(received) ?? typeof received;
  return { _tag, expected, received: text.length > 80 ? `${[...text.slice(0, 80)].slice(0, 79).join("")}…` : text };
}
