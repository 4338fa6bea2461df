/** Counts that were acknowledged and are not there any more: what was kept in memory only is lost with a restart. */
export interface CountsLost {
  readonly _tag: "CountsLost";
  readonly counter: string;
  /** What it has to show at least, by what this process has seen and counted itself. */
  readonly expected: number;
  readonly shown: number;
}

/** What a process knows about counters that only grow, so that a loss is noticed and not only suffered. */
export interface Ledger {
  /** Notes that these were incremented by one, and that it was acknowledged. */
  readonly counted: (counters: ReadonlyArray<string>) => void;
  /** Begins to look: what was acknowledged before is in what `shown` gives afterwards. */
  readonly look: () => (shown: ReadonlyMap<string, number>) => ReadonlyArray<CountsLost>;
}

interface Line {
  /** What it showed when it was looked at last. */
  shown: number;
  /** How often it was incremented here since. */
  since: number;
}

/**
 * A ledger. It is told of this process's own increments, so that with several processes a loss is at least what it says.
 * Looks come one after the other. Counters that are not looked at any more are forgotten, and with them what is kept.
 */
export function ledger(): Ledger {
  const lines = new Map<string, Line>();
  return {
    counted: (counters) => {
      for (const counter of counters) {
        const line = lines.get(counter) ?? { shown: 0, since: 0 };
        lines.set(counter, { ...line, since: line.since + 1 });
      }
    },
    look: () => {
      const before = new Map(lines);
      return (shown) => {
        const lost: Array<CountsLost> = [];
        for (const [counter, count] of shown) {
          const { shown: last, since } = before.get(counter) ?? { shown: 0, since: 0 };
          if (count < last + since) lost.push({ _tag: "CountsLost", counter, expected: last + since, shown: count });
          const now = lines.get(counter)?.since ?? 0;
          lines.set(counter, { shown: count, since: now - since });
        }
        for (const counter of before.keys()) if (!shown.has(counter)) lines.delete(counter);
        return lost;
      };
    },
  };
}
