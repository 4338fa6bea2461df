import type { Alternative } from "../domain/experiment.ts";
import type { Outcome, Snapshot } from "../domain/overview.ts";
import { rateOf, wilson } from "../domain/statistics.ts";
import { elementId, showShare, showTime } from "./format.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import { colourOf, dashOf } from "./palette.ts";

/** The drawing, in its own units: as wide as a phone's card, so that its letters are not scaled down there. */
const width = 340;
const height = 190;
const plot = { left: 46, right: 332, top: 10, bottom: 164 };

/** Where a time and a rate stand in the drawing. */
interface Scale {
  readonly x: (at: number) => number;
  readonly y: (rate: number) => number;
  readonly from: number;
  readonly to: number;
  /** The rate at the top. */
  readonly top: number;
}

/** The conversion rates of an experiment over its snapshots, up to now, each with the band of its interval. */
export function chart(outcome: Outcome, alternatives: ReadonlyArray<Alternative>, now: number): Html {
  const points: ReadonlyArray<Snapshot> = [...outcome.history, { at: now, counts: outcome.counts }];
  if (outcome.history.length === 0) {
    return html`<p class="empty">The chart begins with the first hourly snapshot.</p>`;
  }
  const scale = scaleOf(points);
  const id = elementId("chart", outcome.name);
  return html`
    <svg class="chart" viewBox="0 0 ${width} ${height}" role="img"
      aria-labelledby="${id}-title ${id}-text">
    <title id="${id}-title">Conversion rates of ${outcome.name} over time</title>
    <desc id="${id}-text">${described(outcome, alternatives, points)}</desc>
    ${axes(scale)}
    ${alternatives.map((_, index) => band(points, index, scale))}
    ${alternatives.map((alternative, index) => line(points, alternative, index, scale))}
    </svg>
  `;
}

function scaleOf(points: ReadonlyArray<Snapshot>): Scale {
  const from = points[0]!.at;
  // One moment has no width; a minute has.
  const to = Math.max(points.at(-1)!.at, from + 60_000);
  const rates = points.flatMap(({ counts }) => counts.map((count) => rateOf(count.conversions, count.participants)));
  const top = roundedUp(Math.max(...rates) * 1.25);
  const x = (at: number) => plot.left + (plot.right - plot.left) * (at - from) / (to - from);
  const y = (rate: number) => plot.bottom - (plot.bottom - plot.top) * Math.min(rate / top, 1);
  return { x, y, from, to, top };
}

/** The next share that is easy to halve in the head. */
function roundedUp(rate: number): number {
  return [0.01, 0.02, 0.04, 0.06, 0.1, 0.16, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8].find((share) => rate <= share) ?? 1;
}

function axes({ x, y, from, to, top }: Scale): Html {
  const rates = [0, top / 2, top];
  const times = [from, (from + to) / 2, to];
  const anchors = ["start", "middle", "end"];
  return html`<g class="grid">
${
    rates.map((rate) =>
      html`
        <line x1="${plot.left}" x2="${plot.right}" y1="${round(y(rate))}" y2="${round(y(rate))}" />
        <text x="${plot.left - 6}" y="${round(y(rate)) + 4}" text-anchor="end">${`${+(rate * 100).toFixed(1)} %`}</text>
      `
    )
  }
${
    times.map((at, i) =>
      html`<text x="${round(x(at))}" y="${plot.bottom + 18}" text-anchor="${anchors[i]}">${
        showTime(at, to - from)
      }</text>`
    )
  }
</g>`;
}

function band(points: ReadonlyArray<Snapshot>, index: number, { x, y }: Scale): Html {
  const edges = points.map(({ at, counts }) => ({ at, ...wilson(...countsAt(counts, index)) }));
  const upper = edges.map(({ at, high }) => `${round(x(at))},${round(y(high))}`);
  const lower = edges.map(({ at, low }) => `${round(x(at))},${round(y(low))}`).reverse();
  return html`
    <polygon class="band ${colourOf(index)}" points="${[...upper, ...lower].join(" ")}" />
  `;
}

function line(points: ReadonlyArray<Snapshot>, { name }: Alternative, index: number, { x, y }: Scale): Html {
  const places = points.map(({ at, counts }) => `${round(x(at))},${round(y(rateOf(...countsAt(counts, index))))}`);
  return html`
    <polyline class="line ${colourOf(index)}" stroke-dasharray="${dashOf(index)}" points="${places.join(" ")}">
      <title>${name}</title>
    </polyline>
  `;
}

function countsAt(counts: Snapshot["counts"], index: number): readonly [conversions: number, participants: number] {
  const { conversions = 0, participants = 0 } = counts[index] ?? {};
  return [conversions, participants];
}

function described(
  outcome: Outcome,
  alternatives: ReadonlyArray<Alternative>,
  points: ReadonlyArray<Snapshot>,
): string {
  const from = points[0]!.counts;
  const changes = alternatives.map(({ name }, i) =>
    `${name}: from ${showShare(rateOf(...countsAt(from, i)))} to ${showShare(rateOf(...countsAt(outcome.counts, i)))}`
  );
  return changes.join("; ");
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
