let last = 0;

/**
 * The next number of this process's own order of events.
 *
 * An answer that was true at some moment after number n may be given to every read that began before n; that is the
 * whole rule by which reads join each other's work. Clocks are too coarse to say it.
 */
export function tick(): number {
  return ++last;
}
