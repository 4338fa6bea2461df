import type { Cancel, Clock } from "../../clock.ts";
import type { Reply } from "../../protocol/slot.ts";

/** The replies of one call as they come in, until all are there or its time is over. */
export interface Gather {
  readonly replies: Array<Reply<Uint8Array> | undefined>;
  /** How many are missing. */
  left: number;
  readonly group: Group;
  readonly resolve: (replies: ReadonlyArray<Reply<Uint8Array>>) => void;
  readonly ended: () => void;
}

/** The calls that began in one turn and wait equally long: they share one appointment. */
interface Group {
  readonly within: number;
  readonly gathers: Gather[];
  open: number;
  cancel: Cancel;
}

/** Gathers replies for calls; those that are missing when a call's time is over are `Unreachable`. */
export type Gatherer = (
  count: number,
  within: number,
  resolve: (replies: ReadonlyArray<Reply<Uint8Array>>) => void,
) => Gather;

/**
 * Makes the gathering of a backend's calls. An appointment a turn, since one a call costs a tenth of a hit. `ended` is
 * told of each call that has all its replies.
 */
export function gatherer(clock: Clock, ended: () => void = () => {}): Gatherer {
  let current: Group | undefined;
  const leave = (): void => {
    current = undefined;
  };
  const join = (within: number): Group => {
    // One whose calls are all answered has given its appointment up.
    if (current !== undefined && current.within === within && current.open > 0) return current;
    const group: Group = { within, gathers: [], open: 0, cancel: clock.after(within, () => expire(group)) };
    if (current === undefined) queueMicrotask(() => queueMicrotask(leave));
    return current = group;
  };
  return (count, within, resolve) => {
    const group = join(within);
    const self: Gather = { replies: new Array(count).fill(undefined), left: count, group, resolve, ended };
    group.gathers.push(self);
    group.open++;
    return self;
  };
}

/** Notes a reply; a second one for the same request, or a late one, is ignored. */
export function settle(self: Gather, index: number, reply: Reply<Uint8Array>): void {
  if (self.left === 0 || self.replies[index] !== undefined) return;
  self.replies[index] = reply;
  if (--self.left === 0) finish(self);
}

function finish(self: Gather): void {
  if (--self.group.open === 0) self.group.cancel();
  self.ended();
  self.resolve(self.replies as ReadonlyArray<Reply<Uint8Array>>);
}

function expire(group: Group): void {
  const late: Reply<Uint8Array> = { _tag: "Unreachable", reason: `no answer within ${Math.round(group.within)} ms` };
  for (const each of group.gathers) {
    if (each.left === 0) continue;
    each.left = 0;
    for (let i = 0; i < each.replies.length; i++) each.replies[i] ??= late;
    finish(each);
  }
}
