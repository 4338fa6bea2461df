import type { Html } from "./html.ts";
import { html } from "./html.ts";

/**
 * How the lines of alternatives differ: by colour, and by dashes for who does not tell the colours apart.
 *
 * Every colour has a contrast of at least 3 to 1 against the light and the dark card.
 */
const dashes = ["none", "6 3", "2 3", "9 3 2 3"];

/** How many colours the stylesheet has. */
export const colours = 6;

/** The class that gives an alternative its colour. */
export function colourOf(index: number): string {
  return `colour-${index % colours}`;
}

/** The dashes of an alternative's line. */
export function dashOf(index: number): string {
  return dashes[index % dashes.length]!;
}

/** A piece of an alternative's line, beside its name. */
export function swatch(index: number): Html {
  return html`
    <svg class="swatch ${colourOf(index)}" viewBox="0 0 24 10" aria-hidden="true">
      <line x1="1" y1="5" x2="23" y2="5" stroke-dasharray="${dashOf(index)}" />
    </svg>
  `;
}
