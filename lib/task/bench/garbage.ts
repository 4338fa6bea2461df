/**
 * How long each pause for collecting garbage was, in milliseconds, in what V8 prints with `--trace-gc`. Those that the
 * program asked for by `gc()` are no part of it. (Deno's performance observers know the entry type, and report none.)
 */
export function pausesIn(trace: string): ReadonlyArray<number> {
  return trace.split("\n").flatMap((line) => {
    const pause = / MB, (?:pooled: [\d.]+ MB, )?([\d.]+) \/ [\d.]+ ms /.exec(line)?.[1];
    return pause === undefined || /\) testing;/.test(line) ? [] : [Number(pause)];
  });
}
