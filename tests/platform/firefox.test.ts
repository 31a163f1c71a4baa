/** The conformance cases in Firefox, on wgpu. Skipped, loudly, where Firefox is not installed. */
import { findBrowser } from "../../src/cli/launch_browser.ts";
import { describeBrowser } from "./browser_cases.ts";
import { describeSkipped, isWanted } from "./runtimes.ts";

if (!isWanted("firefox")) {
  describeSkipped("Firefox", "SLUICE_RUNTIMES leaves it out");
} else if ((await findBrowser("firefox")) === undefined) {
  describeSkipped("Firefox", "it is not installed (Debian: apt-get install firefox-esr)");
} else {
  describeBrowser("Firefox", "firefox");
}
