import type { Outcome, Overview, Test } from "../domain/overview.ts";
import { rateOf, wilson } from "../domain/statistics.ts";
import { chart } from "./chart.ts";
import { controls } from "./controls.ts";
import { elementId, showCount, showDay, showRange, showShare } from "./format.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";
import { colourOf, swatch } from "./palette.ts";

/** One test: what was counted for each of its conversions, and what can be done with it. */
export function testCard(test: Test, { shelf, now }: Overview): Html {
  const id = elementId("test", test.canonical);
  return html`<section class="card" id="${id}" aria-labelledby="${id}-name">
<header>
<h2 id="${id}-name">${test.canonical}</h2>
<p class="state">${stateOf(test, shelf)}</p>
</header>
${test.outcomes.map((outcome) => outcomeOf(outcome, test, now))}
${shelf === "live" && controls(test, id)}
</section>`;
}

function stateOf({ winner, started }: Test, shelf: Overview["shelf"]): Html {
  const since = html`<span>since ${showDay(started)}</span>`;
  if (winner !== null) return html`<span class="badge won">Everybody gets “${winner}”</span> ${since}`;
  if (shelf === "archived") return html`<span class="badge">Archived</span> ${since}`;
  return html`<span class="badge running">Running</span> ${since}`;
}

function outcomeOf(outcome: Outcome, test: Test, now: number): Html {
  return html`
    <div class="outcome">
      <div>
        <table>
          <caption>Counts as a conversion: <strong>${outcome.conversion}</strong></caption>
          <thead>
            <tr>
              <th scope="col">Alternative</th>
              <th scope="col" class="number">Converted</th>
              <th scope="col" class="number">Rate <small>95 % interval</small></th>
            </tr>
          </thead>
          <tbody>${test.alternatives.map((_, index) => rowOf(outcome, test, index))}</tbody>
        </table>
      </div>
      <figure>
    ${chart(outcome, test.alternatives, now)}
      </figure>
    </div>
  `;
}

function rowOf({ counts }: Outcome, { alternatives, winner }: Test, index: number): Html {
  const { name, weight } = alternatives[index]!;
  const { participants, conversions } = counts[index] ?? { participants: 0, conversions: 0 };
  const total = alternatives.reduce((sum, each) => sum + each.weight, 0);
  const interval = wilson(conversions, participants);
  const widest = Math.max(...counts.map((each) => wilson(each.conversions, each.participants).high), 0.02);
  return html`
    <tr${name === winner && html`
      class="winner"
    `}>
      <th scope="row">${swatch(index)} <span class="name">${name}</span>
    <small>${showShare(weight / total)} of all${name === winner && ", the winner"}</small></th>
      <td class="number">${showCount(conversions)}<small>of ${showCount(participants)}</small></td>
      <td class="number">${participants === 0 ? "–" : showShare(rateOf(conversions, participants))}
    <small>${participants === 0 ? "no participants" : showRange(interval)}</small>
    ${participants > 0 && bar(index, interval, rateOf(conversions, participants), widest)}</td>
      </tr>
  `;
}

/** The interval on a line from 0 to the highest one of the experiment, with the rate in it. */
function bar(index: number, { low, high }: { low: number; high: number }, rate: number, widest: number): Html {
  const at = (share: number) => Math.round(share / widest * 1_000) / 10;
  return html`
    <svg class="bar ${colourOf(index)}" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="track" x="0" y="3" width="100" height="2" />
      <rect class="range" x="${at(low)}" y="1" width="${Math.max(0.5, at(high) - at(low))}" height="6" />
      <rect class="point" x="${at(rate) - 0.5}" y="0" width="1" height="8" />
    </svg>
  `;
}
