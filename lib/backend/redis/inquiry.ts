import type { Buffer } from "node:buffer";
import { destroyClient, makeClient, type NodeAddress } from "./client.ts";
import { reasonOf } from "./failure.ts";
import type { Settings } from "./options.ts";

/** A question that some servers can answer, asked again and again: where keys, or a primary, are. */
export interface Inquiry {
  /** Asks, unless that is being done already, or was a moment ago. */
  readonly ask: () => void;
  /** When it was last asked, on our clock. */
  readonly askedAt: () => number;
  /** Calls back at once, or when the first one was answered, or by nobody. */
  readonly whenSettled: (run: () => void) => void;
  /** Why the last one was not answered, if so. */
  readonly reason: () => string;
  readonly close: () => void;
}

/** What is asked of whom, and who learns of it. */
export interface Question {
  readonly commands: ReadonlyArray<ReadonlyArray<string>>;
  readonly whom: () => ReadonlyArray<NodeAddress>;
  /** May throw, for an answer that is none. `isFirst` of those who were asked at once. */
  readonly learn: (replies: ReadonlyArray<unknown>, from: NodeAddress, isFirst: boolean) => void;
  /** All whom there are to ask have answered, and what. */
  readonly allAnswered?: (answers: ReadonlyArray<ReadonlyArray<unknown>>) => void;
  /** How many are asked at once, three unless told. */
  readonly atOnce?: number;
}

/** How many are asked at once unless told: one that is down must not keep the answer from us. */
const askedAtOnce = 3;

/** The least pause between two times. A failover takes seconds, and each call to a lost node asks. */
const askingPause = 250;

interface State {
  readonly settings: Settings;
  readonly question: Question;
  readonly waiting: Array<() => void>;
  /** Whether it was asked once, successfully or not. */
  settled: boolean;
  reason: string;
  asking: boolean;
  /** How often it was asked. */
  rounds: number;
  askedAt: number;
  /** Ends the questions that are under way. */
  readonly giveUp: Set<(error: unknown) => void>;
  closed: boolean;
}

/** A question that nobody has been asked yet. */
export function inquiry(settings: Settings, question: Question): Inquiry {
  const self: State = {
    settings,
    question,
    waiting: [],
    settled: false,
    reason: "",
    asking: false,
    rounds: 0,
    askedAt: -Infinity,
    giveUp: new Set(),
    closed: false,
  };
  return {
    ask: () => ask(self),
    askedAt: () => self.askedAt,
    whenSettled: (run) => {
      if (self.settled || self.closed) run();
      else self.waiting.push(run);
    },
    reason: () => self.reason,
    close: () => {
      self.closed = true;
      for (const giveUp of self.giveUp) giveUp(new Error("closed"));
      for (const run of self.waiting.splice(0)) run();
    },
  };
}

function ask(self: State): void {
  const { settings: { clock }, question: { whom, learn, allAnswered, atOnce = askedAtOnce } } = self;
  if (self.closed || self.asking || clock.now() - self.askedAt < askingPause) return;
  self.asking = true;
  const round = ++self.rounds;
  let isFirst = true;
  const all = shuffled(whom());
  const some = all.slice(0, atOnce);
  const answers = some.map(async (address) => {
    const replies = await question(self, address);
    if (self.closed) return replies;
    learn(replies, address, isFirst);
    isFirst = false;
    return replies;
  });
  Promise.all(answers).then((known) => {
    // What is known of a later round counts more.
    if (!self.closed && round === self.rounds && some.length === all.length) allAnswered?.(known);
  }).catch(() => {});
  Promise.any(answers).then(() => {
    self.reason = "";
  }).catch((error) => {
    self.reason = reasonOf(error instanceof AggregateError ? error.errors[0] : error);
  }).then(() => {
    self.settled = true;
    self.asking = false;
    self.askedAt = clock.now();
    for (const run of self.waiting.splice(0)) run();
  });
}

// On a connection of its own, so that a replica may be asked too, and a stuck server is given up.
async function question(self: State, address: NodeAddress): Promise<ReadonlyArray<unknown>> {
  const { settings: { clock, patience }, question: { commands } } = self;
  let over = false;
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => fail = reject);
  self.giveUp.add(fail);
  const client = makeClient(address, patience, fail, () => over);
  const cancel = clock.after(patience, () => fail(new Error(`no connection within ${patience} ms`)));
  try {
    const asked = client.connect().then(() => Promise.all(commands.map((command) => client.sendCommand(command))));
    return await Promise.race([asked, failed]);
  } finally {
    over = true;
    self.giveUp.delete(fail);
    cancel();
    destroyClient(client);
  }
}

/** What an answer's bulk strings say. */
export function textOf(value: unknown): string {
  return String(value as Buffer | null ?? "");
}

function shuffled<A>(items: ReadonlyArray<A>): A[] {
  return items.map((item) => ({ item, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ item }) => item);
}
