import { orLate } from "../../deadline.ts";
import type { Mode } from "../switch/machine.ts";
import type { TierParts } from "./tier.ts";

/** What may switch a tier off while it runs. */
export interface TierSwitch {
  /**
   * What the tier may do at this moment, as far as it is known: where it is not, `drain`. Whoever goes by it does so
   * before anything else runs, since a moment later it may be over.
   */
  readonly mode: () => Mode;
  /** Learns it anew where that is due; undefined where there is nothing to wait for. It never rejects. */
  readonly learn: () => Promise<void> | undefined;
  /** Waits for what is under way, and begins nothing more. */
  readonly close: () => Promise<void>;
}

/** Waits, at most so many milliseconds, until it is known what the tier may do. */
export async function learned<K, V, P, N>(
  { switched, clock }: Pick<TierParts<K, V, P, N>, "switched" | "clock">,
  left: number,
): Promise<void> {
  const learning = switched?.learn();
  if (learning !== undefined) await orLate(clock, left, learning);
}
