/**
 * What a tier may do: `on`: all of it; `drain`: reads pass it and nothing is filled or published, writes still lock;
 * `off`: writes do not lock either, so that its backend is not asked for anything.
 */
export type Mode = "on" | "drain" | "off";

/** A switch: where it is, and where it is to go. */
export interface SwitchState {
  /** What tiers may do. */
  readonly mode: Mode;
  /** What they are to do as soon as that is safe. */
  readonly wish: Mode;
}

/** How long a step is held at least, in milliseconds. */
export interface Holds {
  /** How long a process may go by what was said before: the lease of a poll, or within what time all are told. */
  readonly heard: number;
  /** How long a write may go on that locked nothing: a lease of the tier. */
  readonly written: number;
}

/** What clocks of two machines may differ by within a hold. */
export const margin = 1.1;

/** How a switch begins of which nobody knows what it was before: as one that was off, on its way to a mode. */
export function begun(wish: Mode): SwitchState {
  return turned({ mode: "drain", wish: "drain" }, wish);
}

/** A switch that is wished elsewhere: it leaves `on` and `off` at once, since `drain` may stand beside either. */
export function turned(state: SwitchState, wish: Mode): SwitchState {
  return wish === state.wish ? state : { mode: wish === state.mode ? wish : "drain", wish };
}

/**
 * The step that a switch may take which was left as it is for so many milliseconds; undefined if none.
 *
 * It goes off when nobody can be on any more, and on when nobody can be off any more, nor any write of one that was.
 */
export function stepOf({ mode, wish }: SwitchState, held: number, { heard, written }: Holds): SwitchState | undefined {
  if (mode === wish) return undefined;
  const hold = wish === "off" ? heard : heard + written;
  return held >= hold * margin ? { mode: wish, wish } : undefined;
}

/** What a tier with several switches may do: all of them have to be on for it to be, and one that is off is enough. */
export function together(modes: ReadonlyArray<Mode>): Mode {
  return modes.includes("off") ? "off" : modes.includes("drain") ? "drain" : "on";
}

/** Whether a word is a mode. */
export function isMode(word: unknown): word is Mode {
  return word === "on" || word === "drain" || word === "off";
}
