// `npm run site`: builds a static site in dist-site, with the documentation, the API reference, the notebook and the
// demo. It works in any folder of any host. A broken link fails the command.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { brokenLinks } from "./site/links.mjs";
import { writePages } from "./site/pages.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "dist-site");
rmSync(out, { recursive: true, force: true });
mkdirSync(out);
const pages = writePages(out);
const docs = ["run", "--silent", "build", "--workspace", "scripts/docs", "--"];
execFileSync("npm", [...docs, "--out", join(out, "api"), "--readme", "none", "--logLevel", "Warn"], {
  cwd: root,
  stdio: "inherit",
});
await build({
  configFile: join(root, "vite.config.ts"),
  mode: "demo",
  logLevel: "warn",
  root: join(root, "demo"),
  build: { outDir: join(out, "demo"), emptyOutDir: false },
});
const broken = brokenLinks(out);
if (broken.length > 0) {
  console.error(`sluice: broken links of the site:\n${broken.join("\n")}`);
  process.exit(1);
}
console.log(`${pages.length} pages, the API reference, the notebook and the demo are in dist-site.`);
