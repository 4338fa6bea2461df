import { cancelled, orCancelled } from "../../deadline.ts";
import type { Answer } from "../loader.ts";
import { settle } from "../loader.ts";
import type { PostgresPool } from "./pool.ts";

/** A connection in the hands of a source's functions. */
export interface PostgresSession {
  /** Runs a statement and answers its rows; of what type they are is the caller's word. */
  readonly query: <Row = unknown>(text: string, values?: ReadonlyArray<unknown>) => Promise<ReadonlyArray<Row>>;
}

/** A connection that was taken from the pool, until it is ended. */
export interface Session extends PostgresSession {
  /** Whether it is known to be broken: what was not sent by now never will be. */
  readonly isLost: () => boolean;
  /** Gives it back to the pool, or ends it with whatever it is doing; only the first call counts. */
  readonly end: (how: "keep" | "drop") => void;
}

/** Takes a connection from the pool. When the signal aborts it is dropped, and what is under way on it fails. */
export async function openSession(pool: PostgresPool, signal: AbortSignal): Promise<Session> {
  const connecting = settle(() => pool.connect());
  const connected = await orCancelled(signal, connecting);
  if (connected === cancelled) {
    void connecting.then((late) => late._tag === "Right" && late.right.release());
    throw signal.reason;
  }
  if (connected._tag === "Left") throw connected.left;
  const client = connected.right;
  let isLost = false;
  let isOver = false;
  // Without a listener a connection that breaks between two statements would end the process.
  const lose = (): void => void (isLost = true);
  const drop = (): void => end("drop");
  const end = (how: "keep" | "drop"): void => {
    if (isOver) return;
    isOver = true;
    signal.removeEventListener("abort", drop);
    const isKept = how === "keep" && !isLost;
    // A dropped connection may still complain while it goes.
    if (isKept) client.removeListener("error", lose);
    client.release(!isKept);
  };
  client.on("error", lose);
  signal.addEventListener("abort", drop, { once: true });
  return {
    query: async <Row>(text: string, values?: ReadonlyArray<unknown>) => {
      if (isOver) throw new Error("Cannot query: the session is over");
      const result = await client.query(text, values && [...values]);
      return (Array.isArray(result) ? result.at(-1) : result).rows as ReadonlyArray<Row>;
    },
    isLost: () => isLost,
    end,
  };
}

/** Runs something on a connection of the pool, and gives it back; one that broke is not used again. */
export async function withSession<A>(
  pool: PostgresPool,
  signal: AbortSignal,
  run: (session: PostgresSession) => Answer<A>,
): Promise<A> {
  const session = await openSession(pool, signal);
  const answer = await settle(() => run(session));
  session.end("keep");
  if (answer._tag === "Left") throw answer.left;
  return answer.right;
}
