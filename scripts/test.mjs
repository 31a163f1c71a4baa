// `npm test`: checks for a Vulkan driver and a browser, builds dist/ if it is stale, and runs Vitest with the given
// arguments.
//   SLUICE_RUNTIMES=node,deno,chromium,firefox   the runtimes for the conformance cases (default: all)
//   SLUICE_CASES=substring                       the conformance cases to run
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { setup } from "./setup.mjs";

const runtimes = process.env.SLUICE_RUNTIMES?.split(",") ?? ["node", "deno", "chromium"];
try {
  await setup({ chromium: runtimes.includes("chromium"), firefox: runtimes.includes("firefox") });
  await buildIfStale();
} catch (error) {
  console.error(`sluice: ${error.message}`);
  process.exit(1);
}
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", ...process.argv.slice(2)], { stdio: "inherit" });
process.exit(status ?? 1);
