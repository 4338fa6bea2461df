import type { Backend, MemoryBackend, Store } from "../../mod.ts";
import { memoryBackend, source } from "../../mod.ts";
import type { Clock } from "../../lib/clock.ts";
import type { HistoryOperation } from "../../lib/testing/history.ts";
import { checkFreshness, checkLinearizable, showViolation } from "../../lib/testing/history.ts";
import { type Dice, diceOf } from "../../lib/testing/simulation/dice.ts";
import { type VirtualClock, virtualClock } from "../../lib/testing/virtual_clock.ts";

/** A process among others: its own clock, its own slow way to the server and to the source. */
export interface Member {
  readonly index: number;
  /** Runs up to 4 % faster or slower than the server's. */
  readonly clock: Clock;
  readonly backend: Backend<Uint8Array>;
  /** The truth, by this member's way. */
  readonly source: Store<string, string>;
  readonly dice: Dice;
}

/** Processes over one server and one source, all in virtual time. */
export interface FleetOptions {
  readonly seed: number;
  /** How each process builds its store; the last is the slow one, whose every step may take seconds. */
  readonly members: ReadonlyArray<(member: Member) => Store<string, string>>;
  /** What happens beside the traffic. */
  readonly beside?: (fleet: Fleet) => Promise<void>;
  /** Virtual milliseconds of traffic. */
  readonly lasts: number;
}

/** A fleet at work. */
export interface Fleet {
  readonly server: MemoryBackend<Uint8Array, string>;
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly isOver: () => boolean;
  /** The processes, whose ways to the server whoever controls them may use as well. */
  readonly members: ReadonlyArray<Member>;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** What came of a run. */
export interface FleetReport {
  /** What contradicts the promise, in words. */
  readonly violations: ReadonlyArray<string>;
  readonly operations: ReadonlyArray<HistoryOperation<string, string>>;
  readonly verdicts: ReadonlyMap<string, number>;
  readonly outcomes: ReadonlyMap<string, number>;
}

interface State {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly server: MemoryBackend<Uint8Array, string>;
  readonly rows: Map<string, string>;
  readonly operations: Array<HistoryOperation<string, string>>;
  readonly verdicts: Map<string, number>;
  readonly outcomes: Map<string, number>;
  readonly asleep: Array<number>;
  commits: Map<string, number>;
  moments: number;
  over: boolean;
}

/** A hot one, on which all meet, and some that are written too seldom for what is wrong with them to be mended soon. */
const keys = ["a", "b", "c", "d", "e", "f", "g", "h"] as const;

/** How long a lease is in a fleet, and how long a commit may take of it, in milliseconds. */
export const fleetLease = 1_000;
const commit = 300;

/** Runs a fleet's traffic to its end, and judges what its clients saw. Chance is the seed's. */
export async function runFleet({ seed, members, beside, lasts }: FleetOptions): Promise<FleetReport> {
  const clock = virtualClock();
  const state: State = {
    clock,
    dice: diceOf(seed),
    server: memoryBackend<Uint8Array, string>({ capacity: 10_000, clock }),
    rows: new Map(keys.map((key) => [key, "initial"])),
    operations: [],
    verdicts: new Map(),
    outcomes: new Map(),
    asleep: members.map(() => 0),
    commits: new Map(),
    moments: 0,
    over: false,
  };
  // Shards are chosen by chance, which has to be the seed's as well.
  const { random } = Math;
  Math.random = () => state.dice.below(2 ** 30) / 2 ** 30;
  try {
    const made = members.map((_, index) => memberOf(state, index, members.length));
    const stores = members.map((build, index) => build(made[index]!));
    const fleet: Fleet = {
      ...state,
      members: made,
      isOver: () => state.over,
      sleep: (ms) => sleep(state, ms),
    };
    const work = stores.flatMap((store, index) => [0, 1].map((client) => runClient(state, store, index, client)));
    work.push(beside?.(fleet) ?? Promise.resolve(), naps(state));
    await clock.advance(lasts);
    state.over = true;
    // Longer than anything may take: what does not end by then would hang the test, which says so.
    await clock.advance(100_000);
    await Promise.all(work);
  } finally {
    Math.random = random;
  }
  return reportOf(state);
}

function reportOf({ operations, verdicts, outcomes }: State): FleetReport {
  const options = { initial: () => "initial", most: 2 };
  const found = [checkFreshness(operations, options), checkLinearizable(operations, options)];
  const violations = found.flatMap((each) => each.violations.map(showViolation));
  return { violations, operations, verdicts, outcomes };
}

function sleep({ clock }: State, milliseconds: number): Promise<void> {
  return new Promise((resolve) => void clock.after(milliseconds, resolve));
}

/** Now and then the slow one stands still for longer than its leases and polls, as a stopped process does. */
async function naps(state: State): Promise<void> {
  while (!state.over) {
    await sleep(state, 500 + state.dice.below(4_000));
    state.asleep[state.asleep.length - 1] = state.clock.now() + state.dice.below(3_000);
  }
}

function memberOf(state: State, index: number, count: number): Member {
  const isSlow = index === count - 1;
  const rate = 0.96 + state.dice.below(9) / 100;
  const start = state.dice.below(1_000);
  /** Goes on when its time has come, and the process is awake. */
  const goOn = (run: () => void): void => {
    const left = state.asleep[index]! - state.clock.now();
    if (left <= 0) run();
    else state.clock.after(left, () => goOn(run));
  };
  const step = (most: number): Promise<void> => {
    const takes = isSlow && state.dice.chance(0.25) ? state.dice.below(1_200) : state.dice.below(most);
    return new Promise((resolve) => void state.clock.after(takes, () => goOn(resolve)));
  };
  const clock: Clock = {
    now: () => start + state.clock.now() * rate,
    after: (milliseconds, run) => state.clock.after(milliseconds / rate, () => goOn(run)),
  };
  const { run: _run, changed: _changed, ...rest } = state.server;
  const backend: Backend<Uint8Array> = {
    ...rest,
    run: (requests, call) => async () => {
      await step(4);
      const replies = requests.map((request) => state.server.run.one(request, call));
      await step(4);
      return replies;
    },
  };
  return { index, clock, backend, source: sourceOf(state, clock, step, isSlow ? 800 : 40), dice: state.dice };
}

function sourceOf(
  state: State,
  clock: Clock,
  step: (most: number) => Promise<void>,
  saving: number,
): Store<string, string> {
  return source<string, string>({
    clock,
    commit: `${commit}ms`,
    outcomeOf: () => "aborted",
    load: async (wanted) => {
      await step(20);
      const read = wanted.map((key) => state.rows.get(key));
      await step(20);
      return read;
    },
    save: async ([change], within) => {
      await step(saving);
      // A fence: what is over for its writer never takes effect.
      if (within.left() <= 0) throw new Error("too late");
      if (change?.value._tag === "Some") {
        state.commits.set(change.value.value, state.commits.size);
        state.rows.set(change.key, change.value.value);
      }
    },
  });
}

async function runClient(state: State, store: Store<string, string>, index: number, client: number): Promise<void> {
  const { dice } = state;
  const by = `${index}.${client}`;
  for (let count = 0; !state.over; count++) {
    await sleep(state, dice.below(60));
    const key = keys[Math.floor((dice.below(1_000) / 1_000) ** 3 * keys.length)]!;
    await (dice.chance(index === state.asleep.length - 1 ? 0.5 : 0.07)
      ? write(state, store, key, `${by}.${count}`, by)
      : read(state, store, key, by));
  }
}

async function read(state: State, store: Store<string, string>, key: string, by: string): Promise<void> {
  const start = moment(state);
  const wanted = state.dice.chance(0.3) ? [...new Set([key, "a", "h"])] : [key];
  const entries = await store.entries(wanted)();
  const end = moment(state);
  entries.forEach((entry, i) => {
    if (entry._tag === "Left") return;
    const { value, verdict } = entry.right;
    count(state.verdicts, verdict._tag);
    const read = value._tag === "Some" ? value.value : "none";
    state.operations.push({ kind: "read", key: wanted[i]!, value: read, start, end, by });
  });
}

async function write(
  state: State,
  store: Store<string, string>,
  key: string,
  value: string,
  by: string,
): Promise<void> {
  const start = moment(state);
  const done = await store.put(key, value)();
  const end = moment(state);
  const outcome = done._tag === "Right" ? "committed" : done.left.outcome === "aborted" ? "aborted" : "unknown";
  count(state.outcomes, outcome);
  const order = state.commits.get(value);
  state.operations.push({
    kind: "write",
    key,
    value,
    start,
    end,
    outcome,
    by,
    ...(order === undefined ? {} : { order }),
  });
}

/** The time, and behind the point what tells apart what happens at one time. */
function moment(state: State): number {
  return state.clock.now() + ++state.moments * 1e-7;
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
