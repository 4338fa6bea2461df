/**
 * Waits for an answer, but not for ever: a library that never answers is a finding, not the end of the run. Whoever has
 * begun something and failed before it was awaited need not look after it.
 */
export function within<A>(milliseconds: number, what: string, answer: PromiseLike<A>): Promise<A> {
  const bounded = orLate(milliseconds, what, answer);
  bounded.catch(() => {});
  return bounded;
}

async function orLate<A>(milliseconds: number, what: string, answer: PromiseLike<A>): Promise<A> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no end of ${what} within ${milliseconds} ms`)), milliseconds);
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
