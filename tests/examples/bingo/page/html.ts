/** Text that is markup already: only `html` makes it, so that nothing reaches a page unescaped. */
export interface Html {
  readonly markup: string;
}

/** What may stand in a template: a list stands for all that is in it; `undefined` and `false` for nothing. */
export type Content = Html | string | number | false | undefined | ReadonlyArray<Content>;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text as it may stand between tags, and in quoted attributes. */
export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** Markup, with everything that is put into it escaped unless it is markup itself. */
export function html(fixed: TemplateStringsArray, ...contents: ReadonlyArray<Content>): Html {
  return { markup: String.raw({ raw: fixed }, ...contents.map(rendered)) };
}

function rendered(content: Content): string {
  if (content === undefined || content === false) return "";
  if (typeof content === "string" || typeof content === "number") return escaped(String(content));
  return "markup" in content ? content.markup : content.map(rendered).join("");
}
