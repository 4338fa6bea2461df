/** Where a run shows how it goes. */
export interface Screen {
  /** Shows the state: as lines in the place of those before on a terminal, else now and then as one more line. */
  readonly draw: (lines: ReadonlyArray<string>, line: string) => void;
  /** Prints lines that stay, in the place of what was drawn. */
  readonly print: (lines: ReadonlyArray<string>) => void;
}

/** What a screen is made of. */
export interface ScreenOptions {
  /** The width of the terminal; undefined if there is none. */
  readonly columns: () => number | undefined;
  readonly write: (text: string) => void;
  readonly now: () => number;
}

/** How often a line is printed where nothing can be drawn again, in milliseconds: a log is not a film. */
const pace = 2_000;

/** Makes a screen. */
export function makeScreen({ columns, write, now }: ScreenOptions): Screen {
  let drawn = 0;
  let printed: number | undefined;
  // Up to where the drawing began, and away with it.
  const erase = () => drawn === 0 ? "" : `\x1b[${drawn}A\x1b[J`;
  return {
    draw: (lines, line) => {
      const width = columns();
      if (width !== undefined) {
        // A line that wrapped would count as one, and the next drawing would begin too low.
        write(erase() + lines.map((each) => each.slice(0, width - 1) + "\n").join(""));
        drawn = lines.length;
      } else if (printed === undefined || now() - printed >= pace) {
        // The first state after something else is that nothing has happened yet.
        if (printed !== undefined) write(line + "\n");
        printed = now();
      }
    },
    print: (lines) => {
      write(erase() + lines.map((line) => line + "\n").join(""));
      drawn = 0;
      printed = undefined;
    },
  };
}

/** The screen of this process. */
export function standardScreen(): Screen {
  const encoder = new TextEncoder();
  return makeScreen({
    columns: () => Deno.stdout.isTerminal() ? Deno.consoleSize().columns : undefined,
    write: (text) => {
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
    },
    now: Date.now,
  });
}
