// Builds the package into dist/: JavaScript by Vite, declarations by tsc. `--if-stale` builds only when a source is
// newer. The build goes to a folder beside dist/ and is moved into place at the end, so that a program that runs from
// dist/ never sees an incomplete build.
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const SOURCES = [
  "src",
  "data",
  "shaders",
  "scripts/build.mjs",
  "package.json",
  "vite.config.ts",
  "scripts/on_demand_modules.ts",
  "scripts/shader_templates.ts",
  "scripts/third_party_notices.ts",
  "tsconfig.base.json",
  "tsconfig.build.json",
];

/** Builds dist/ from scratch. */
export async function build() {
  const started = new Date();
  const { build: viteBuild } = await import("vite");
  const fresh = join(root, `dist.${process.pid}`);
  try {
    await viteBuild({
      root,
      configFile: join(root, "vite.config.ts"),
      logLevel: "warn",
      build: { outDir: fresh, emptyOutDir: true },
    });
    const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
    execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json"), "--outDir", fresh], {
      stdio: "inherit",
    });
    nameJavaScript(fresh);
    copyFileSync(join(root, "src/require_node.cjs"), join(fresh, "require_node.cjs"));
    await minify(fresh);
    if (existsSync(join(fresh, "cli/main.js"))) chmodSync(join(fresh, "cli/main.js"), 0o755);
    // The time at which the build began, so that a source saved during the build is newer.
    utimesSync(join(fresh, "index.js"), started, started);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/**
 * Bundles the entries for pages without a bundler: minified, a few files instead of hundreds, with shared code in
 * chunks.
 */
async function minify(folder) {
  const { build: esbuild } = await import("esbuild");
  await esbuild({
    entryPoints: ["index", "predict", "embed", "forecast", "convert", "sentences", "tables"].map((name) =>
      join(folder, `${name}.js`),
    ),
    outdir: join(folder, "min"),
    ...{ bundle: true, minify: true, splitting: true, format: "esm", target: "es2022" },
    external: ["node:*", "@zip.js/zip.js", "h5wasm"],
    logLevel: "warning",
  });
}

/** Rewrites the imports in declarations from `.ts` to `.js`, which every resolver understands. */
function nameJavaScript(folder) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue;
    const file = join(folder, name);
    writeFileSync(file, readFileSync(file, "utf8").replace(/(["'])(\.{1,2}\/[^"']+)\.ts\1/g, "$1$2.js$1"));
  }
}

/** Builds dist/ if a source is newer than it. */
export async function buildIfStale() {
  const built = join(dist, "index.js");
  if (existsSync(built) && SOURCES.every((source) => newest(join(root, source)) <= statSync(built).mtimeMs)) return;
  console.log("sluice: building dist/ from the source.");
  await build();
}

function newest(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await (process.argv.includes("--if-stale") ? buildIfStale() : build());
}
