// `npm run screenshots [-- FOLDER] [--readme]`: takes screenshots of every view of the page, light and dark, 1280 and
// 390 pixels wide; with --readme also those of the README, in demo/pictures.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setup } from "./setup.mjs";

const given = process.argv.slice(2);
const folder = resolve(given.find((each) => !each.startsWith("--")) ?? "screenshots");
await setup({ chromium: true, firefox: false });
const root = fileURLToPath(new URL("..", import.meta.url));
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "tests/demo/views.test.ts"], {
  cwd: root,
  stdio: "inherit",
  env: {
    ...process.env,
    SLUICE_DEMO_PICTURES: folder,
    ...(given.includes("--readme") && { SLUICE_README_PICTURES: `${root}demo/pictures` }),
  },
});
process.exit(status ?? 1);
