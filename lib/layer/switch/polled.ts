import type { Mode } from "./machine.ts";
import { begun, margin, stepOf } from "./machine.ts";
import type { StoredSwitch } from "./stored.ts";
import type { TierSwitch } from "../tier/switched.ts";
import { changeSwitch, type Known, readSwitch, type SwitchPlace } from "./turning.ts";

/** A process's knowledge of a switch that all share. */
interface Polled {
  readonly place: SwitchPlace;
  /** How long it goes by what it read, in milliseconds. */
  readonly poll: number;
  /** Makes that nothing cached before is used any more; says whether it did. */
  readonly renew: () => Promise<boolean>;
  known: { readonly state: StoredSwitch; readonly until: number } | undefined;
  /** When it is to be asked again. */
  due: number;
  asking: Promise<void> | undefined;
  /** Whether it could not be read when it was last asked for: then nobody waits for the next answer. */
  silent: boolean;
  stepping: Promise<void> | undefined;
}

/**
 * A switch in a slot of the tier's own backend, polled when somebody uses the tier. What was read counts for the lease of
 * a poll from when it was *sent*; who cannot read it any more is in `drain`, and so is who was stopped meanwhile.
 *
 * The steps are taken by whoever reads that one is due, by the server's time since the last one.
 */
export function polledSwitch(place: SwitchPlace, poll: number, renew: () => Promise<boolean>): TierSwitch {
  const self: Polled = {
    place,
    poll,
    renew,
    known: undefined,
    due: -Infinity,
    asking: undefined,
    silent: false,
    stepping: undefined,
  };
  return {
    mode: () => modeOf(self),
    learn: () => learn(self),
    close: async () => {
      self.due = Infinity;
      await self.asking;
      await self.stepping;
    },
  };
}

function modeOf({ place: { clock, lease }, known }: Polled): Mode {
  if (known === undefined || clock.now() >= known.until) return "drain";
  const { mode } = known.state;
  // Others would not wait long enough for what this one writes; it says so, and waits for their agreement.
  return mode === "off" && known.state.lease < lease ? "drain" : mode;
}

function learn(self: Polled): Promise<void> | undefined {
  const now = self.place.clock.now();
  if (now >= self.due && self.asking === undefined) {
    self.due = now + self.poll / 2;
    self.asking = ask(self, now).finally(() => self.asking = undefined);
  }
  const isKnown = self.known !== undefined && now < self.known.until;
  // A server that does not answer holds up one read, and not each.
  return isKnown || self.silent ? undefined : self.asking;
}

async function ask(self: Polled, sent: number): Promise<void> {
  const found = await readSwitch(self.place);
  self.silent = found._tag !== "Found";
  if (found._tag === "Found") {
    self.known = { state: found.state, until: sent + Math.min(self.poll, found.state.poll) };
  }
  const next = found._tag === "Unreadable" ? undefined : nextOf(self, found, 0);
  // Nobody waits for a step: it may begin a new epoch.
  if (next !== undefined) self.stepping ??= step(self, next).finally(() => self.stepping = undefined);
}

/**
 * Takes the step that is due. A new epoch is begun when no write is under way any more that locked nothing: what such a
 * write replaced could be cached under an earlier one. So the step counts only if it was due before the epoch began.
 */
async function step(self: Polled, due: StoredSwitch): Promise<void> {
  const { clock } = self.place;
  const since = clock.now();
  if (due.mode === "on" && !await self.renew()) return;
  const changed = await changeSwitch(self.place, (found) => {
    const next = nextOf(self, found, due.mode === "on" ? clock.now() - since : 0);
    return next?.mode === "on" && due.mode !== "on" ? undefined : next;
  });
  if (changed !== undefined) self.due = Math.min(self.due, clock.now());
}

/** What was to become of the switch so many milliseconds ago; undefined if it was to stay. */
function nextOf({ place: { lease }, poll }: Polled, found: Known, ago: number): StoredSwitch | undefined {
  // Lost with its server's memory, or never there: perhaps some still go by that it was off.
  if (found._tag === "Missing") return { ...begun("on"), poll, lease };
  const { state, held } = found;
  if (poll > state.poll || lease > state.lease) {
    return { ...state, poll: Math.max(poll, state.poll), lease: Math.max(lease, state.lease) };
  }
  const next = stepOf(state, held - ago * margin, { heard: state.poll, written: state.lease });
  return next === undefined ? undefined : { ...state, ...next };
}
