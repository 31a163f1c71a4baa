/** The conformance cases in Chromium, on SwiftShader. A missing browser or adapter fails. */
import { describeBrowser } from "./browser_cases.ts";
import { describeSkipped, isWanted } from "./runtimes.ts";

if (isWanted("chromium")) describeBrowser("Chromium", "chromium");
else describeSkipped("Chromium", "SLUICE_RUNTIMES leaves it out");
