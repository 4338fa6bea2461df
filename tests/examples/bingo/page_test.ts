import { assert, assertEquals } from "@std/assert";
import { chromiumTest } from "../../servers/chromium.ts";
import { evaluate, withPage } from "./page_support.ts";

const hostile = `<img src=x onerror="document.title='owned'">'&amp; </style><script>document.title='owned'</script>`;
const unbroken = "W".repeat(100);

chromiumTest(
  "the page is readable on a phone: nothing sticks out, letters and targets are large enough",
  async (page) => {
    await withPage(page, async (url, { ask }) => {
      await ask("POST", "/api/experiments", {
        name: unbroken,
        alternatives: [unbroken, `${unbroken.slice(1)}V`],
        conversions: [unbroken],
      });
      for (const [width, kind] of [[320, "phone"], [375, "phone"], [1_280, "desktop"]] as const) {
        await page.resize(width, 800, kind);
        for (const path of ["", "?shelf=archived"]) {
          await page.go(url + path);
          await page.evaluate("document.querySelectorAll('details').forEach((each) => each.open = true)");
          const wide = await evaluate(page, "[document.scrollingElement.scrollWidth <= innerWidth, innerWidth]");
          assertEquals(wide, [true, width], `${width} ${path}`);
          // Nothing is wider than what it stands in, either.
          const out = await evaluate(
            page,
            `[...document.querySelectorAll("body *")].filter((each) => {
          const { left, right } = each.getBoundingClientRect();
          return left < -1 || right > document.documentElement.clientWidth + 1;
        }).map((each) => each.outerHTML.slice(0, 80))`,
          );
          assertEquals(out, [], `${width} ${path}`);
        }
      }
      await page.resize(375, 800, "phone");
      await page.go(url);
      const least = await evaluate(
        page,
        `Math.min(...[...document.querySelectorAll("main *")]
      .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""))
      .filter((each) => each.closest("title, desc, style") === null)
      .map((each) => parseFloat(getComputedStyle(each).fontSize) *
        (each.ownerSVGElement === null || each.ownerSVGElement === undefined ? 1 :
          each.ownerSVGElement.getBoundingClientRect().width / each.ownerSVGElement.viewBox.baseVal.width)))`,
      );
      assert(least >= 11, `letters of ${least} px`);
      const low = await evaluate(
        page,
        `[...document.querySelectorAll("button, select, summary")]
      .filter((each) => each.checkVisibility()).map((each) => each.getBoundingClientRect().height).filter((height) => height < 44)`,
      );
      assertEquals(low, []);
    });
  },
);

chromiumTest("everything on the page has a name, and contrast in both colour schemes", async (page) => {
  await withPage(page, async (url) => {
    await page.go(url);
    assertEquals(await evaluate(page, "[document.documentElement.lang, document.querySelectorAll('h1').length]"), [
      "en",
      1,
    ]);
    const nameless = await evaluate(
      page,
      `[
      ...[...document.querySelectorAll("select")].filter(({ labels }) => labels.length === 0),
      ...[...document.querySelectorAll("button")].filter((each) => !each.getAttribute("aria-label")),
      ...[...document.querySelectorAll("table")].filter(({ caption }) => caption === null),
      ...[...document.querySelectorAll("th")].filter((each) => !each.scope),
      ...[...document.querySelectorAll("svg")].filter((each) => each.getAttribute("aria-hidden") !== "true" &&
        each.getAttribute("aria-labelledby")?.split(" ").map((id) => document.getElementById(id)?.textContent).every(Boolean) !== true),
      ...[...document.querySelectorAll("section")].filter((each) => document.getElementById(each.getAttribute("aria-labelledby")) === null),
    ].map((each) => each.outerHTML.slice(0, 80))`,
    );
    assertEquals(nameless, []);
    assertEquals(
      await evaluate(
        page,
        "document.querySelectorAll('[id]').length === new Set([...document.querySelectorAll('[id]')].map(({ id }) => id)).size",
      ),
      true,
    );
    for (const scheme of ["light", "dark"] as const) {
      await page.prefer(scheme);
      assertEquals(await evaluate(page, faintTexts), [], scheme);
    }
  });
});

/** Texts whose contrast is below 4.5 to 1, and lines of the chart below 3 to 1, against what is behind them. */
const faintTexts = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => channels(colour).slice(0, 3).map((each) => each / 255)
    .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
    .reduce((sum, each, i) => sum + each * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (each) => {
    const colour = getComputedStyle(each).backgroundColor;
    return channels(colour)[3] === 0 && each.parentElement !== null ? behind(each.parentElement) : colour;
  };
  const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  const faint = (each, colour, least) => contrast(luminance(colour), luminance(behind(each))) < least;
  const texts = [...document.querySelectorAll("body *:not(svg *, style)")]
    .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== ""));
  return [
    ...texts.filter((each) => faint(each, getComputedStyle(each).color, 4.5)),
    ...[...document.querySelectorAll(".line")].filter((each) => faint(each.closest("figure"), getComputedStyle(each).stroke, 3)),
    ...[...document.querySelectorAll(".grid text")].filter((each) => faint(each.closest("figure"), getComputedStyle(each).fill, 4.5)),
  ].map((each) => each.outerHTML.slice(0, 80));
})()`;

chromiumTest("names of experiments are text on the page, whatever they look like", async (page) => {
  await withPage(page, async (url, { ask }) => {
    const name = hostile.slice(0, 100);
    const made = await ask("POST", "/api/experiments", {
      name,
      alternatives: [hostile.slice(0, 99), "plain"],
      conversions: [name],
    });
    assertEquals(made.status, 200);
    await page.go(url);
    assertEquals(await evaluate(page, "[document.title, document.images.length, document.scripts.length]"), [
      "Experiments · bingo",
      0,
      0,
    ]);
    assertEquals(
      (await evaluate(page, "[...document.querySelectorAll('h2')].map(({ textContent }) => textContent)")).includes(
        name,
      ),
      true,
    );
    const options = await evaluate(page, "[...document.querySelectorAll('option')].map(({ value }) => value)");
    assertEquals(options.includes(hostile.slice(0, 99)), true);
    await ask("POST", "/control", `experiment=${encodeURIComponent(name)}&action=choose&alternative=plain`, {
      "content-type": "application/x-www-form-urlencoded",
    });
    await page.go(`${url}?done=${encodeURIComponent(hostile)}`);
    assertEquals(await evaluate(page, "[document.title, document.querySelector('[role=status]')]"), [
      "Experiments · bingo",
      null,
    ]);
    await page.go(`${url}nothing${encodeURIComponent(hostile)}`);
    assertEquals(await evaluate(page, "[document.images.length, document.scripts.length]"), [0, 0]);
  });
});

chromiumTest(
  "the chart has a line for each alternative, with a point for each snapshot and one for now",
  async (page) => {
    await withPage(page, async (url) => {
      await page.go(url);
      const charts = await evaluate(
        page,
        `[...document.querySelectorAll(".chart")].map((chart) => ({
      names: [...chart.querySelectorAll(".line title")].map(({ textContent }) => textContent),
      points: [...chart.querySelectorAll(".line")].map((line) => line.points.length),
      inside: [...chart.querySelectorAll(".line, .band")].every((line) => {
        const { x, y, width, height } = line.getBBox();
        return x >= 0 && y >= 0 && x + width <= 340 && y + height <= 190;
      }),
      overlaps: [...chart.querySelectorAll("text")].some((one, i, all) => all.slice(i + 1).some((other) => {
        const [a, b] = [one.getBoundingClientRect(), other.getBoundingClientRect()];
        return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
      })),
    }))`,
      );
      assertEquals(charts.length, 4);
      assertEquals(charts[0], {
        names: ["blue", "orange", "green"],
        points: [49, 49, 49],
        inside: true,
        overlaps: false,
      });
      for (const { inside, overlaps } of charts) assertEquals([inside, overlaps], [true, false]);
    });
  },
);
