import { assertEquals } from "@std/assert";
import { chromiumTest } from "../../servers/chromium.ts";
import { evaluate, withPage } from "./page_support.ts";
import { price } from "./support.ts";

chromiumTest(
  "a winner is chosen, and tests are resumed, archived and deleted, with the keyboard alone",
  async (page) => {
    await withPage(page, async (url, { ask }) => {
      await ask("POST", "/api/experiments", price);
      for (const { canonical } of (await ask("GET", "/api/experiments")).body.tests) {
        if (canonical !== "price") await ask("DELETE", `/api/experiments/${encodeURIComponent(canonical)}`);
      }
      await page.go(url);
      const focused = () =>
        evaluate(
          page,
          "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()",
        );
      const tabTo = async (name: string): Promise<void> => {
        for (let i = 0; i < 12; i++) {
          await page.press("Tab");
          if (await focused() === name) {
            // Where the keyboard is can be seen.
            return assertEquals(await evaluate(page, "getComputedStyle(document.activeElement).outlineStyle"), "solid");
          }
        }
        throw new Error(`Cannot reach ${name} with the keyboard: received ${await focused()}`);
      };
      const press = async (name: string): Promise<string> => {
        await tabTo(name);
        await page.leave(() => page.press("Enter"));
        return String(await page.evaluate("document.querySelector('[role=status]').textContent"));
      };
      const winner = async () => (await ask("GET", "/api/experiments/price")).body.winner;
      assertEquals(await press("Choose the winner of price"), "Everybody gets the chosen alternative from now on.");
      assertEquals([await winner(), await page.evaluate("document.querySelector('.badge').textContent")], [
        "9.99",
        "Everybody gets “9.99”",
      ]);
      assertEquals(await press("Resume price"), "The test goes on.");
      assertEquals(await winner(), null);
      await tabTo("Archive or delete");
      await page.press("Enter");
      assertEquals(await press("Archive price"), "The test is archived.");
      assertEquals(await page.evaluate("document.querySelectorAll('section h2')[0].textContent"), "No experiments yet");
      assertEquals((await ask("GET", "/api/experiments?shelf=archived")).body.tests.length, 1);
      await ask("POST", "/api/experiments", { ...price, name: "colour" });
      await page.go(url);
      await tabTo("Archive or delete");
      await page.press("Enter");
      assertEquals(await press("Delete colour for good"), "The test is deleted, with its numbers.");
      assertEquals((await ask("GET", "/api/experiments")).body.tests, []);
    });
  },
);
