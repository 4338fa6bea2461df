import { isOnPath } from "../../lib/task/test_redis.ts";
import { provide } from "./debian_package.ts";

/** What the browser is called: Debian's package, and others'. */
const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** The name of a Chromium on PATH; undefined if there is none. */
export function provideChromium(): Promise<string | undefined> {
  return provide({ title: "Chromium", name: "chromium", find: () => names.find(isOnPath) });
}
