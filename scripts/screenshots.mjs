// `npm run screenshots [-- FOLDER]`: pictures of every room of the page, light and dark, 1280 and 390 pixels wide.
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setup } from "./setup.mjs";

const folder = resolve(process.argv[2] ?? "screenshots");
await setup({ chromium: true, firefox: false });
const root = fileURLToPath(new URL("..", import.meta.url));
const { status } = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", "tests/demo/rooms.test.ts"], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, SLUICE_DEMO_PICTURES: folder },
});
process.exit(status ?? 1);
