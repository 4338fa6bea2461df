/** The mutants that nothing gives away, each with the reason. */
export const survivors: ReadonlyMap<string, string> = new Map([]);
