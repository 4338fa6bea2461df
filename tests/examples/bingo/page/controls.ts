import type { Test } from "../domain/overview.ts";
import type { Html } from "./html.ts";
import { html } from "./html.ts";

/** What can be done with a test: plain forms, so that a keyboard and a screen reader can do it too. */
export function controls({ canonical, alternatives, winner }: Test, id: string): Html {
  return html`<div class="controls">
${winner === null ? choosing(canonical, alternatives.map(({ name }) => name), id) : resuming(canonical)}
<details>
<summary>Archive or delete</summary>
<p>An archived test keeps its numbers and is no longer counted. A deleted one is gone with all its numbers. Both cannot be undone.</p>
<div class="buttons">
${button(canonical, "archive", "Archive", `Archive ${canonical}`)}
${button(canonical, "delete", "Delete for good", `Delete ${canonical} for good`, "danger")}
</div>
</details>
</div>`;
}

function choosing(canonical: string, names: ReadonlyArray<string>, id: string): Html {
  return html`
    <form method="post" action="/control" class="choose">
      <input type="hidden" name="experiment" value="${canonical}">
      <label for="${id}-winner">Give everybody</label>
      <select name="alternative" id="${id}-winner">${names.map((name) =>
        html`<option value="${name}">${name}</option>`
      )}</select>
      <button name="action" value="choose" aria-label="Choose the winner of ${canonical}">Choose winner</button>
    </form>
  `;
}

function resuming(canonical: string): Html {
  return button(canonical, "resume", "Resume the test", `Resume ${canonical}`);
}

function button(canonical: string, action: string, text: string, label: string, kind = "plain"): Html {
  return html`
    <form method="post" action="/control">
      <input type="hidden" name="experiment" value="${canonical}">
      <button name="action" value="${action}" class="${kind}" aria-label="${label}">${text}</button>
    </form>
  `;
}
