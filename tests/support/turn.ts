import { setImmediate } from "node:timers";

/** Lets everything run that is ready now, and what that makes ready. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
