/** What is known of a few names at a time. */
export interface Few<N, A> {
  readonly get: (name: N) => A | undefined;
  readonly set: (name: N, known: A) => void;
  readonly delete: (name: N) => void;
  /** Of how many names. */
  readonly size: number;
}

/**
 * Nothing is known yet. The first name has a place of its own, and only others are in a Map: one whose only entry comes and
 * goes is made anew each time, which costs as much as two hits.
 */
export function makeFew<N, A extends object>(): Few<N, A> {
  const others = new Map<N, A>();
  let first: N | undefined;
  let known: A | undefined;
  return {
    get: (name) => known !== undefined && name === first ? known : others.size === 0 ? undefined : others.get(name),
    set: (name, value) => {
      const isFirst = known === undefined ? others.size === 0 || !others.has(name) : name === first;
      if (!isFirst) return void others.set(name, value);
      first = name;
      known = value;
    },
    delete: (name) => {
      if (known === undefined || name !== first) {
        if (others.size > 0) others.delete(name);
        return;
      }
      first = undefined;
      known = undefined;
    },
    get size() {
      return others.size + (known === undefined ? 0 : 1);
    },
  };
}
