/** The stylesheet of the page. It stands in the page itself: nothing else is fetched. */
export const style: string = `
:root {
  color-scheme: light dark;
  --page: #f4f5f8; --card: #fff; --text: #1b2130; --faint: #5a6275; --line: #dfe2ea; --accent: #2f56c9; --on-accent: #fff;
  --won: #17663a; --won-card: #e3f4ea; --danger: #b3261e;
  --c0: #2f6fde; --c1: #c2570c; --c2: #0f8a6d; --c3: #a13fb4; --c4: #7d7313; --c5: #c4345f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12151c; --card: #1b202b; --text: #e8ebf2; --faint: #a3abbd; --line: #323a4a; --accent: #8fb0ff;
    --on-accent: #10131a; --won: #7fd7a4; --won-card: #17352a; --danger: #ff8f86;
    --c0: #74a5ff; --c1: #f0924d; --c2: #4fc3a5; --c3: #d58be4; --c4: #c4b84a; --c5: #f27d9f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; max-width: 68rem; padding: 0 1rem 2rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1, h2, p, figure { margin: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.2rem; line-height: 1.3; }
a { color: var(--accent); }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; justify-content: space-between;
  padding: 1.5rem 0 1rem; }
main { display: grid; gap: 1rem; }
.card { min-width: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
.card > header { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline;
  justify-content: space-between; }
.state { color: var(--faint); font-size: .875rem; }
.badge { padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 1rem; color: var(--text); }
.badge.running { border-color: var(--accent); color: var(--accent); }
.badge.won { border-color: transparent; background: var(--won-card); color: var(--won); font-weight: 600; }
.message { padding: .6rem 1rem; border-radius: .5rem; background: var(--won-card); color: var(--won); font-weight: 600; }
.outcome { display: grid; gap: 1rem; margin-top: 1rem; padding-top: .75rem; border-top: 1px solid var(--line); }
.outcome > * { min-width: 0; }
@media (min-width: 52rem) { .outcome { grid-template-columns: 11fr 9fr; gap: 2rem; align-items: center; } }
table { width: 100%; border-collapse: collapse; }
caption { padding-bottom: .25rem; text-align: start; color: var(--faint); font-size: .875rem; }
caption strong { color: var(--text); }
thead th { color: var(--faint); font-size: .8125rem; font-weight: 500; vertical-align: bottom; }
th, td { padding: .5rem .75rem .5rem 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: 0; width: 34%; }
tbody tr:last-child > * { border-bottom: 0; }
tbody th { font-weight: 600; }
.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
@media (max-width: 30rem) { tbody th { font-size: .9375rem; } }
small { display: block; color: var(--faint); font-size: .8125rem; font-weight: 400; }
.winner .name { color: var(--won); }
.swatch { width: 1.5rem; height: .625rem; vertical-align: middle; }
.swatch line, .line { stroke: currentColor; stroke-width: 2.5; fill: none; stroke-linejoin: round; }
.bar { display: block; width: 100%; height: .5rem; margin-top: .35rem; }
.track { fill: var(--line); } .range { fill: currentColor; opacity: .4; } .point { fill: currentColor; }
.chart { display: block; width: 100%; max-width: 32rem; height: auto; margin: 0 auto; }
.band { fill: currentColor; opacity: .12; }
.grid line { stroke: var(--line); } .grid text { fill: var(--faint); font-size: 12.5px; }
.colour-0 { color: var(--c0); } .colour-1 { color: var(--c1); } .colour-2 { color: var(--c2); }
.colour-3 { color: var(--c3); } .colour-4 { color: var(--c4); } .colour-5 { color: var(--c5); }
.empty, footer { color: var(--faint); font-size: .875rem; }
footer { padding-top: 1rem; }
.controls { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: start; justify-content: space-between;
  margin-top: 1rem; padding-top: 1rem; border-top: 1px solid var(--line); }
.choose, .buttons { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
.choose { min-width: 0; max-width: 100%; }
details { max-width: 100%; }
details[open] { flex-basis: 100%; }
details p { margin: .5rem 0; color: var(--faint); font-size: .875rem; }
summary { padding: .65rem 0; color: var(--accent); cursor: pointer; }
select, button { min-height: 2.75rem; max-width: 100%; padding: .5rem .9rem; border: 1px solid var(--faint);
  border-radius: .5rem; background: var(--card); color: var(--text); font: inherit; }
select { max-width: min(100%, 22rem); text-overflow: ellipsis; }
button { border-color: var(--accent); background: var(--accent); color: var(--on-accent); font-weight: 600;
  cursor: pointer; }
button.plain { background: transparent; color: var(--accent); }
button.danger { border-color: var(--danger); background: transparent; color: var(--danger); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
pre { overflow-x: auto; padding: .75rem; border-radius: .5rem; background: var(--page); white-space: pre-wrap; }
`;
