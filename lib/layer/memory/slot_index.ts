/** Which slots below belong to which slots of a tier: to find what word of a change is about. */
export interface SlotIndex<N> {
  /** A slot of the tier is about to hold, or holds, what these slots below have. */
  readonly note: (name: N, below: () => ReadonlyArray<unknown>) => void;
  /** The slots of the tier that belong to a slot below: several, where a layer between makes one key of several. */
  readonly find: (below: unknown) => ReadonlyArray<N>;
  /** A slot of the tier is empty; undefined: all are. */
  readonly forget: (name: N | undefined) => void;
  /** How many slots of the tier it knows, and how many of those below. */
  readonly size: () => { readonly here: number; readonly below: number };
}

/** Nothing is known yet. It knows the slots that the tier keeps something in, and no others, if it is told when it does not. */
export function slotIndex<N>(): SlotIndex<N> {
  const names = new Map<unknown, ReadonlyArray<N>>();
  const slots = new Map<N, ReadonlyArray<unknown>>();
  return {
    note: (name, below) => {
      if (slots.has(name)) return;
      const known = below();
      slots.set(name, known);
      for (const each of known) names.set(each, [...names.get(each) ?? [], name]);
    },
    find: (below) => names.get(below) ?? [],
    forget: (name) => {
      if (name === undefined) {
        names.clear();
        return slots.clear();
      }
      for (const each of slots.get(name) ?? []) {
        const left = names.get(each)!.filter((other) => other !== name);
        if (left.length === 0) names.delete(each);
        else names.set(each, left);
      }
      slots.delete(name);
    },
    size: () => ({ here: slots.size, below: names.size }),
  };
}
