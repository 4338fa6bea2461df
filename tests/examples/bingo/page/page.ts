import type { Overview } from "../domain/overview.ts";
import type { Content, Html } from "./html.ts";
import { html } from "./html.ts";
import { style } from "./style.ts";
import { testCard } from "./test_card.ts";

/** What the page says was done; a URL only says which one of these. */
const messages: Readonly<Record<string, string>> = {
  choose: "Everybody gets the chosen alternative from now on.",
  resume: "The test goes on.",
  archive: "The test is archived.",
  delete: "The test is deleted, with its numbers.",
};

/** The page with all tests of a shelf. */
export function overviewPage(overview: Overview, done: string | null): string {
  const { shelf, tests } = overview;
  const title = shelf === "live" ? "Experiments" : "Archived experiments";
  const other = shelf === "live"
    ? html`<a href="/?shelf=archived">Archived experiments</a>`
    : html`<a href="/">Running experiments</a>`;
  const message = done !== null && Object.hasOwn(messages, done) ? messages[done] : undefined;
  return document(
    title,
    html`
      <header class="top">
        <h1>${title}</h1>
        <nav aria-label="Shelves">${other}</nav>
      </header>
      <main>
      ${message !== undefined && html`<p role="status" class="message">${message}</p>`}
      ${tests.length === 0 && emptiness(shelf)}
      ${tests.map((test) => testCard(test, overview))}
      </main>
      <footer>
        <p>A rate stands with its Wilson interval: in 95 of 100 such tests it holds the true rate. Days are UTC.</p>
      </footer>
    `,
  );
}

/** The page that says why something was not done. */
export function refusalPage(expected: string, received: string): string {
  return document(
    "Nothing was changed",
    html`
      <header class="top">
        <h1>Nothing was changed</h1>
        <nav><a href="/">Experiments</a></nav>
      </header>
      <main>
        <section class="card">
          <p>Expected ${expected}. Received ${received}.</p>
        </section>
      </main>
    `,
  );
}

function emptiness(shelf: Overview["shelf"]): Html {
  if (shelf === "archived") return html`<p class="empty">Nothing is archived.</p>`;
  const example = `{ "name": "price", "alternatives": ["9.99", "10"], "conversions": ["bought"] }`;
  return html`
    <section class="card">
      <h2>No experiments yet</h2>
      <p>Make one with <code>POST /api/experiments</code> and a JSON body:</p>
      <pre><code>${example}</code></pre>
    </section>
  `;
}

function document(title: string, body: Content): string {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title} · bingo</title>
        <link rel="icon" href="data:,">
        <style>${{ markup: style }}</style>
      </head>
      <body>
    ${body}
      </body>
    </html>
  `.markup;
}
