/** An interval that holds the true rate in 95 of 100 cases. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/** The quantile of the normal distribution for 95 %, both sides. */
const z = 1.959964;

/**
 * Wilson's score interval of a rate. Unlike the usual ± it stays within 0 and 1, and is honest about few participants.
 *
 * E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
 */
export function wilson(conversions: number, participants: number): Interval {
  if (participants <= 0) return { low: 0, high: 1 };
  const rate = rateOf(conversions, participants);
  const square = z * z;
  const middle = rate + square / (2 * participants);
  const half = z * Math.sqrt(rate * (1 - rate) / participants + square / (4 * participants * participants));
  const scale = 1 + square / participants;
  return { low: Math.max(0, (middle - half) / scale), high: Math.min(1, (middle + half) / scale) };
}

/** The share of participants that converted; 0 where there are none. */
export function rateOf(conversions: number, participants: number): number {
  return participants <= 0 ? 0 : Math.min(1, conversions / participants);
}
