/** An effect of an actor, which waits for its turn. */
export type Turn = <A>(actor: string, effect: () => Promise<A>) => Promise<A>;

/** A world with actors in it that is made anew for each schedule: they run until all have ended. */
export type World = (turn: Turn) => { readonly actors: ReadonlyArray<Promise<unknown>>; readonly judge: () => void };

/** What an exploration went through. */
export interface Explored {
  readonly schedules: number;
  /** What the judge said of the first schedule that it refused, and the schedule. */
  readonly refused: string | undefined;
}

/** More than any world here has; a world that outgrows it fails. */
const mostSchedules = 200_000;

/** Runs a world under every order in which its actors' effects can happen, and judges each. */
export async function explore(make: World): Promise<Explored> {
  let prefix: ReadonlyArray<number> = [];
  for (let schedules = 1; schedules <= mostSchedules; schedules++) {
    const { choices, order, refused } = await play(make, prefix);
    if (refused !== undefined) return { schedules, refused: `${refused}: ${order.join(" ")}` };
    const last = choices.findLastIndex(({ chosen, of }) => chosen + 1 < of);
    if (last < 0) return { schedules, refused: undefined };
    prefix = [...choices.slice(0, last).map(({ chosen }) => chosen), choices[last]!.chosen + 1];
  }
  throw new Error(`Cannot explore the world: expected at most ${mostSchedules} schedules`);
}

interface Played {
  readonly choices: ReadonlyArray<{ readonly chosen: number; readonly of: number }>;
  readonly order: ReadonlyArray<string>;
  readonly refused: string | undefined;
}

async function play(make: World, prefix: ReadonlyArray<number>): Promise<Played> {
  const parked = new Map<string, () => void>();
  const turn: Turn = (actor, effect) =>
    new Promise((resolve, reject) => parked.set(actor, () => effect().then(resolve, reject)));
  const { actors, judge } = make(turn);
  let open = actors.length;
  for (const actor of actors) void actor.then(() => open--);
  const choices: Array<{ readonly chosen: number; readonly of: number }> = [];
  const order: string[] = [];
  for (await settle(); open > 0; await settle()) {
    const waiting = [...parked.keys()].sort();
    if (waiting.length === 0) throw new Error(`Cannot go on: an actor waits for no turn after ${order.join(" ")}`);
    const chosen = waiting.length === 1 ? 0 : prefix[choices.length] ?? 0;
    if (waiting.length > 1) choices.push({ chosen, of: waiting.length });
    const actor = waiting[chosen]!;
    const go = parked.get(actor)!;
    parked.delete(actor);
    order.push(actor);
    go();
  }
  try {
    judge();
    return { choices, order, refused: undefined };
  } catch (error) {
    return { choices, order, refused: String(error) };
  }
}

/** The longest chain of promises between two effects is a good deal shorter. */
const longestChain = 60;

async function settle(): Promise<void> {
  for (let i = 0; i < longestChain; i++) await Promise.resolve();
}
