import type { Either } from "fp-ts/lib/Either.js";
import * as E from "fp-ts/lib/Either.js";
import type { Option } from "fp-ts/lib/Option.js";
import type { CacheError } from "./cache_error.ts";
import type { Duration } from "./duration.ts";
import { milliseconds } from "./duration.ts";

/** One store's place in a transaction of several stores, on its way down to the store's source. It is taken once. */
export interface Seat {
  /** Takes part. Answers when the sources of all the stores do, or when it is known that one does not. */
  readonly take: (member: Member) => Promise<Either<CacheError, Part>>;
  /** Waits no longer for the others: where they are not there yet, none takes part any more. */
  readonly leave: () => void;
}

/** What a source brings to a transaction of several stores. */
export interface Member {
  /** Where its transactions are, in parts that are compared one by one: those of one place can be one transaction. */
  readonly place: ReadonlyArray<unknown>;
  /** How long its commits may take; the shortest one counts. */
  readonly commit: Duration;
  /** How many keys it lets a transaction write; the smallest number counts, for all stores together. */
  readonly maxKeys: number;
}

/** What a source does in a transaction of several stores. One leads: it begins, commits, and rolls back, for all. */
export interface Part extends Pick<Member, "commit" | "maxKeys"> {
  /** Whether this source leads. */
  readonly leads: boolean;
  /** The attempt of now, or the next one. */
  readonly round: () => Round;
  /** Says that an attempt has begun. Who leads says it. */
  readonly open: (underway: Underway) => void;
  /** Says how an attempt ended. Who leads says it, once for each round. */
  readonly close: (ending: RoundEnd) => void;
}

/** How an attempt ended; after `again` there is another one. */
export type RoundEnd = "committed" | "aborted" | "unknown" | "again";

/** One attempt, as all sources see it. */
export interface Round {
  /** The attempt, when it has begun; undefined if it is over before. */
  readonly opened: Promise<Underway | undefined>;
  /** Says how the body of one store ended, whose locks are placed if it ended well. Each source says it once. */
  readonly vote: (isReady: boolean) => void;
  /** Whether all bodies ended well, when all have ended. */
  readonly votes: Promise<boolean>;
  /** How it ended. */
  readonly ending: Promise<RoundEnd>;
}

/** An attempt that has begun, as everything that works in it sees it: in one store, or in several. */
export interface Underway {
  /** What the source that began it knows it by. */
  readonly attempt: object;
  /** Whether what an operation failed with says that another transaction was met. */
  readonly isConflict: (error: unknown) => boolean;
  /** Operations that have not ended. */
  readonly operations: Set<Promise<unknown>>;
  /** How many keys it may write. */
  readonly maxKeys: number;
  /** How many it writes. */
  written: number;
  /** What it met another transaction with: the source will not commit it whatever the body says. */
  conflict: Option<unknown>;
  /** Why it must not commit whatever the body says. */
  refusal: CacheError | undefined;
  /** Whether nothing may be done in it any more. */
  over: boolean;
}

/** Where the sources of several stores meet. */
export interface Joint<R> {
  /** For each store its own. */
  readonly seats: ReadonlyArray<Seat>;
  /** Whether a store's source takes part. */
  readonly isTaken: (position: number) => boolean;
  /** A store's body has come with its transaction: answers what is done with all of them, when the last one has come. */
  readonly arrive: (position: number, transaction: unknown) => Promise<R>;
  /** A store will not take part, unless it does already: so none does. */
  readonly leave: () => void;
}

/** What those answer who take part, where one of the others does not, or ended badly. Who that is says why. */
export const endedElsewhere: CacheError = {
  _tag: "SourceFailed",
  cause: new Error("Cannot go on: another store of the transaction ended it"),
};

const otherPlaces: CacheError = {
  _tag: "Unsupported",
  operation: "run one transaction",
  instead:
    "the stores' sources are not on one database, or keep their transactions apart in other ways; use one for each",
};

const takenTwice: CacheError = {
  _tag: "Unsupported",
  operation: "run one transaction twice",
  instead: "a layer above the source asked for it a second time",
};

/** Lets the sources of so many stores meet; `run` is what is done with the transactions of all of them. */
export function joint<R>(
  count: number,
  run: (transactions: ReadonlyArray<unknown>) => Promise<R>,
  broken: R,
): Joint<R> {
  const members = new Map<number, Member>();
  const gathered = Promise.withResolvers<Either<CacheError, Omit<Part, "leads">>>();
  let round = makeRound(count, run, broken);
  const gather = (): void => {
    if (members.size < count) return;
    const all = [...members.values()];
    if (!all.every(({ place }) => isOne(place, all[0]!.place))) return gathered.resolve(E.left(otherPlaces));
    gathered.resolve(E.right({
      commit: milliseconds(Math.min(...all.map(({ commit }) => commit))),
      maxKeys: Math.min(...all.map(({ maxKeys }) => maxKeys)),
      round: () => round,
      open: (underway) => round.open(underway),
      close: (ending) => {
        const closing = round;
        if (ending === "again") round = makeRound(count, run, broken);
        closing.close(ending);
      },
    }));
  };
  // Where all are there already this says nothing any more.
  const leave = (): void => gathered.resolve(E.left(endedElsewhere));
  const seatOf = (position: number): Seat => ({
    take: async (member) => {
      if (members.has(position)) return E.left(takenTwice);
      members.set(position, member);
      gather();
      return E.map((part: Omit<Part, "leads">) => ({ ...part, leads: position === 0 }))(await gathered.promise);
    },
    leave,
  });
  return {
    seats: Array.from({ length: count }, (_, position) => seatOf(position)),
    isTaken: (position) => members.has(position),
    arrive: (position, transaction) => round.arrive(position, transaction),
    leave,
  };
}

function isOne(left: ReadonlyArray<unknown>, right: ReadonlyArray<unknown>): boolean {
  return left.length === right.length && left.every((part, i) => Object.is(part, right[i]));
}

function isLost(underway: Underway | undefined): boolean {
  return underway !== undefined && (underway.refusal !== undefined || underway.conflict._tag === "Some");
}

interface OwnRound<R> extends Round {
  readonly open: (underway: Underway) => void;
  readonly close: (ending: RoundEnd) => void;
  readonly arrive: (position: number, transaction: unknown) => Promise<R>;
}

function makeRound<R>(
  count: number,
  run: (transactions: ReadonlyArray<unknown>) => Promise<R>,
  broken: R,
): OwnRound<R> {
  const opened = Promise.withResolvers<Underway | undefined>();
  const votes = Promise.withResolvers<boolean>();
  const ending = Promise.withResolvers<RoundEnd>();
  const said = Promise.withResolvers<R>();
  const arrived = new Map<number, unknown>();
  let underway: Underway | undefined;
  let voted = 0;
  let isReady = true;
  return {
    opened: opened.promise,
    votes: votes.promise,
    ending: ending.promise,
    open: (begun) => {
      underway = begun;
      opened.resolve(begun);
    },
    vote: (isWell) => {
      isReady &&= isWell;
      // Who is there already does not wait for one that will not come.
      if (!isWell) said.resolve(broken);
      if (++voted === count) votes.resolve(isReady);
    },
    close: (how) => {
      // Whoever comes now comes too late.
      isReady = false;
      opened.resolve(undefined);
      said.resolve(broken);
      ending.resolve(how);
    },
    arrive: (position, transaction) => {
      arrived.set(position, transaction);
      if (arrived.size === count && isReady) {
        const all = [...arrived].sort(([left], [right]) => left - right).map(([, each]) => each);
        // What is not going to be committed is not locked for nothing.
        void run(all).then((what) => said.resolve(isLost(underway) ? broken : what));
      }
      return said.promise;
    },
  };
}
