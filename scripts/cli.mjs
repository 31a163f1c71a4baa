// `npm run train`, `npm run predict`, `npm run forecast`: checks for a Vulkan driver, builds dist/ if it is stale, and
// runs the `sluice` command. For --help, nothing is installed.
import { buildIfStale } from "./build.mjs";
import { setup } from "./setup.mjs";

const runtime = process.argv.find(
  (arg, index) => process.argv[index - 1] === "--runtime" || arg.startsWith("--runtime="),
);
const isHelp = process.argv.slice(2).some((arg) => ["help", "--help", "-h", "--version", "-v"].includes(arg));
try {
  if (!isHelp)
    await setup({ chromium: runtime?.endsWith("chromium") ?? false, firefox: runtime?.endsWith("firefox") ?? false });
  await buildIfStale();
} catch (error) {
  console.error(`sluice: ${error.message}`);
  process.exit(1);
}
const main = new URL("../dist/cli/main.js", import.meta.url);
process.argv[1] = main.pathname;
await import(main.href);
