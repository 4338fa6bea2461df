import * as E from "fp-ts/lib/Either.js";
import type * as O from "fp-ts/lib/Option.js";
import type { CacheError } from "../cache_error.ts";
import { type Alarm, callOff, onceWithin } from "../clock.ts";
import type { OwnDeadline } from "../deadline.ts";
import { deadlineAt } from "../deadline.ts";
import type { Duration } from "../duration.ts";
import { tick } from "../sequence.ts";
import type { Entry, Verdict } from "../store.ts";
import type { Answer, LoadContext, LoadedValue } from "./loader.ts";
import { alignedOne, promiseOf, rowsOf, singleOne } from "./loader.ts";
import type { Origin } from "./origin.ts";
import { leave } from "./origin.ts";
import type { AlignedSource, RowSource } from "./source.ts";

/** How a key is loaded alone: what the loader is asked, and what its answer says of the key. */
export interface Single<K, V> {
  readonly ask: (key: K, context: LoadContext) => Answer<unknown>;
  readonly judge: (answer: unknown, key: K) => LoadedValue<V>;
}

/** How the loaders of a source load a key alone. */
export function singleOf<K, V>(options: AlignedSource<K, V> | RowSource<K, V>): Single<K, V> {
  const { loadOne } = options;
  if (loadOne !== undefined) {
    const keyOf = "load" in options ? undefined : options.keyOf;
    return { ask: loadOne, judge: (answer, key) => singleOne(keyOf, answer as V | undefined | Error, key) };
  }
  if ("load" in options) return { ask: (key, context) => options.load([key], context), judge: alignedOne };
  const { rows, keyOf } = options;
  return { ask: (key, context) => rows([key], context), judge: (answer, key) => rowsOf(answer, keyOf, [key])[0]! };
}

/**
 * Reads one key, within so many milliseconds: what a read of several does, without arrays, and without a timer where the
 * loader answers within the turn.
 */
export function readAlone<K, V>(
  origin: Origin<K, V>,
  single: Single<K, V>,
  key: K,
  limit: number,
  hear: (entry: E.Either<CacheError, Entry<V>>) => void,
): void {
  LoadUnderWay.begin(new LoadUnderWay(origin, limit, hear), single, key);
}

const timedOut: E.Either<CacheError, never> = E.left({ _tag: "TimedOut", waitingFor: "the source's load" });

function asked<K, V>(ask: Single<K, V>["ask"], key: K, context: LoadContext): Promise<unknown> {
  try {
    return promiseOf(ask(key, context));
  } catch (cause) {
    return Promise.reject(cause);
  }
}

function judged<K, V>(judge: Single<K, V>["judge"], answer: unknown, key: K): LoadedValue<V> {
  try {
    return judge(answer, key);
  } catch (cause) {
    return failed(cause);
  }
}

function failed(cause: unknown): E.Either<CacheError, never> {
  return E.left({ _tag: "SourceFailed", cause });
}

/** What is known of a value that was just loaded. */
export function entryOf<V>(value: O.Option<V>, age: Duration, asOf: number): Entry<V> {
  return { value, age, fresh: forever, until: forever, verdict: loadedVerdict, asOf };
}

const forever = Infinity as Duration;
const loadedVerdict: Verdict = { _tag: "Loaded", tier: "source", level: "pinned" };

/**
 * A load of one key, of which its loader sees the signal alone; that is made when it asks for it, and most do not. A class,
 * because each literal that has an accessor costs a call of the runtime, and the functions that a load needs would each be
 * made anew for it.
 */
class LoadUnderWay<K, V> implements LoadContext {
  readonly #origin: Origin<K, V>;
  readonly #limit: number;
  readonly #hear: (entry: E.Either<CacheError, Entry<V>>) => void;
  readonly #asOf = tick();
  readonly #begun: number;
  #deadline: OwnDeadline | undefined;
  #alarm: Alarm;
  #isOver = false;

  constructor(origin: Origin<K, V>, limit: number, hear: (entry: E.Either<CacheError, Entry<V>>) => void) {
    this.#origin = origin;
    this.#limit = limit;
    this.#hear = hear;
    this.#begun = origin.turn();
  }

  static begin<K, V>(self: LoadUnderWay<K, V>, { ask, judge }: Single<K, V>, key: K): void {
    const { clock } = self.#origin;
    self.#origin.open++;
    asked(ask, key, self).then((answer) => self.#end(judged(judge, answer, key)), (cause) => self.#end(failed(cause)));
    // Behind the loader's own timers: what it says of the end comes first.
    self.#alarm = onceWithin(clock, self.#limit, () => self.#expire());
  }

  get signal(): AbortSignal {
    const deadline = this.#deadline ??= deadlineAt(this.#origin.clock, this.#at());
    if (this.#isOver) deadline.dispose();
    return deadline.signal;
  }

  /** The loader has answered; to a load that is over that is no news, but closing has waited for it. */
  #end(loaded: LoadedValue<V>): void {
    callOff(this.#alarm);
    leave(this.#origin);
    if (this.#isOver) return;
    this.#dispose();
    const age = (this.#origin.turn() - this.#begun) as Duration;
    this.#hear(loaded._tag === "Left" ? loaded : E.right(entryOf(loaded.right, age, this.#asOf)));
  }

  #expire(): void {
    if (this.#isOver) return;
    this.#dispose();
    this.#hear(timedOut);
  }

  #dispose(): void {
    this.#isOver = true;
    this.#deadline?.dispose();
  }

  /** The turn in which the load began may have lasted for long then: to its loader that is no time that has passed. */
  #at(): number {
    const passed = this.#origin.turn() - this.#begun;
    return this.#origin.clock.now() + this.#limit - passed;
  }
}
