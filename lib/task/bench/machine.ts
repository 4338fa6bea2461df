import { cpus } from "node:os";

/** Where and when figures were taken. */
export interface Machine {
  readonly date: string;
  /** The runtime and the processors, in words. */
  readonly system: string;
}

/** This machine, now. */
export function machine(): Machine {
  const processors = cpus();
  const { deno, v8 } = Deno.version;
  return {
    date: new Date().toISOString().slice(0, 10),
    system: `Deno ${deno}, V8 ${v8}, ${Deno.build.os}, ${processors.length} × ${processors[0]?.model.trim() ?? "?"}`,
  };
}
