// `npm run test:long`: runs the tests that are too long for CI, and prints a table of what they tried and what failed.
//   npm run test:long                  all sections
//   npm run test:long -- saves graphs  some of them
//   npm run test:long -- --share 0.1   a tenth of each
//   npm run test:long -- --help        the sections, and how long they take
// A section runs Vitest on some files, with environment variables that increase the counts, or runs a script. Tests add
// rows to the table with `tally` of tests/support/tally.ts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { buildIfStale } from "./build.mjs";
import { setup } from "./setup.mjs";

const RUNTIMES = ["node", "deno", "chromium", "firefox"].map((name) => `tests/platform/${name}.test.ts`);

const SECTIONS = {
  saves: {
    about: "200 kills in mid-save in Node and in Deno, 50 of each kind in browsers; full and failing disks",
    files: [
      ...["tests/io/kill.test.ts", "tests/io/full_disk.test.ts", "tests/io/written_files.test.ts"],
      "tests/io/browser_saves",
    ],
    env: { SLUICE_KILLS: "200", SLUICE_BROWSER_KILLS: "50" },
  },
  writers: {
    about:
      "1,000 rounds each of saves at once: two models, two processes, none awaited; in browsers two tabs, a worker",
    minutes: 40,
    files: ["tests/io/concurrent_saves", "tests/io/browser_saves/browsers.test.ts"],
    env: { SLUICE_SAVE_ROUNDS: "1000" },
  },
  loaders: {
    about: "10,000 damaged files for every loader, by bytes and by grammars of the formats",
    minutes: 30,
    files: ["tests/fuzz"],
    env: { SLUICE_MUTATIONS: "10000" },
  },
  options: {
    about: "100,000 hostile options for every part of a model: rejected, or saved and loaded",
    minutes: 3,
    files: ["tests/nn/accepted_options.test.ts"],
    env: { SLUICE_OPTIONS: "100000" },
  },
  calls: {
    about: "30,000 calls of every exported function and method with hostile values: no raw error",
    minutes: 3,
    files: ["tests/hostile"],
    env: { SLUICE_CALLS: "30000" },
  },
  graphs: {
    about: "10,000 random graphs against float64, values and gradients, in every runtime",
    minutes: 15,
    files: ["tests/ops/random_graphs.test.ts", ...RUNTIMES],
    env: { SLUICE_RUNS: "10000", SLUICE_SUITE: "graphs" },
  },
  gradients: {
    about: "gradients every 40 steps of the IMDB tutorial against float64; SLUICE_IMDB names the archive",
    minutes: 30,
    files: ["tests/nn/run_gradients.test.ts"],
    env: { SLUICE_GRADIENT_STEPS: "1160" },
  },
  pairs: {
    about: "2,000 random models against TensorFlow.js: outputs, gradients, three training steps",
    minutes: 7,
    files: ["tests/differential"],
    env: { SLUICE_PAIRS: "2000" },
  },
  models: {
    about: "1,000 models built, trained two steps and disposed, in every runtime",
    minutes: 3,
    files: RUNTIMES,
    env: { SLUICE_SUITE: "models" },
  },
  shapes: {
    about: "500 models of a shape each, built, trained and disposed, in every runtime: memory stays level",
    minutes: 30,
    files: RUNTIMES,
    env: { SLUICE_SUITE: "shapes" },
  },
  heap: {
    about: "a page that trains for 20 minutes: heaps of page and worker, memory of the GPU process",
    minutes: 21,
    files: ["tests/demo/heap.test.ts"],
    env: { SLUICE_PAGE_MINUTES: "20" },
  },
  losses: {
    about:
      "100 trainings whose device is destroyed, and 105 other tasks, in Node, Deno and Chromium; GPU processes that " +
      "crash in Chromium",
    minutes: 10,
    // Firefox exits after some 250 devices in one page, so it runs CI's cases only.
    files: [...RUNTIMES.slice(0, 3), "tests/platform/gpu_crash"],
    env: { SLUICE_SUITE: "losses", SLUICE_GPU_CRASHES: "long" },
  },
  kernels: {
    about:
      "all kernels' tests, with canaries around every buffer, in Deno, Chromium and Firefox; in Node they are CI's",
    minutes: 20,
    files: RUNTIMES.slice(1),
    env: { SLUICE_SUITE: "kernels" },
  },
  memory: {
    about:
      "the estimate of memory() against the memory used, for ten models in every runtime; every n-th buffer " + "fails",
    minutes: 2,
    files: [...RUNTIMES, "tests/nn/allocation.test.ts"],
    env: { SLUICE_SUITE: "memory" },
  },
  published: {
    about: "the package as served by a registry: Deno installs it and trains, and its types are found",
    files: ["tests/package/published.test.ts"],
    env: { SLUICE_PUBLISHED: "1" },
  },
  mutants: {
    about: "faults put into the source, each of which a test must catch",
    minutes: 25,
    script: "scripts/test_mutants.mjs",
  },
};

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const { values, positionals: asked } = parseArgs({
  options: { share: { type: "string", default: "1" }, help: { type: "boolean", default: false } },
  allowPositionals: true,
});
const share = Number(values.share);
const unknown = asked.filter((name) => !Object.hasOwn(SECTIONS, name));
if (values.help || unknown.length > 0 || !(share > 0 && share <= 1)) {
  const list = Object.entries(SECTIONS).map(
    ([name, { about, minutes }]) =>
      `  ${name.padEnd(10)}${about}${minutes === undefined ? "" : `; about ${minutes} min`}`,
  );
  const wrong = unknown.length > 0 ? `unknown section ${unknown.join(", ")}` : `--share is ${values.share}`;
  const head = values.help
    ? "Sections, and minutes on 2 cores:"
    : `sluice: ${wrong}; expected a share in (0, 1], and some of`;
  console.error(`${head}\n${list.join("\n")}`);
  process.exit(values.help ? 0 : 1);
}
await setup({ chromium: true, firefox: true });
await buildIfStale();

const folder = mkdtempSync(join(tmpdir(), "sluice-long-"));
const rows = [];
try {
  for (const name of asked.length > 0 ? asked : Object.keys(SECTIONS)) rows.push(...runSection(name));
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`\n${table(rows)}`);
process.exit(rows.every(({ lost }) => lost === 0) ? 0 : 1);

/** Runs a section and returns its rows, with one more if it failed without reporting a loss. */
function runSection(section) {
  const { files = [], script, env = {} } = SECTIONS[section];
  const file = join(folder, `${section}.jsonl`);
  const started = Date.now();
  const args = script === undefined ? [vitest, "run", ...files] : [script];
  const { status } = spawnSync(process.execPath, args, {
    stdio: "inherit",
    env: { ...process.env, ...scaled(env), SLUICE_SHARE: String(share), SLUICE_TALLY: file },
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const told = lines.map((line) => ({ section, seconds, ...JSON.parse(line) }));
  if (status === 0 && told.length > 0) return told;
  if (status === 0) return [{ section, seconds, what: "its tests, all passed", tried: 1, lost: 0 }];
  if (told.some(({ lost }) => lost > 0)) return told;
  const note = `it ended with status ${status}`;
  return [...told, { section, seconds, what: "the section itself", tried: 1, lost: 1, note }];
}

/** Scales a section: counts become smaller, and suites run fewer of their cases. */
function scaled(env) {
  const part = ([name, value]) => {
    if (/^\d+$/.test(value)) return [name, String(Math.ceil(Number(value) * share))];
    return [name, name === "SLUICE_SUITE" && share < 1 ? `${value}/${share}` : value];
  };
  return Object.fromEntries(Object.entries(env).map(part));
}

function table(all) {
  const head = {
    section: "section",
    what: "what was tried",
    tried: "times",
    lost: "lost",
    seconds: "seconds",
    note: "",
  };
  const cells = [head, ...all].map(({ section, what, tried, lost, seconds, note = "" }) =>
    [section, what, tried, lost, seconds, note].map(String),
  );
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const isNumber = (column) => column >= 2 && column <= 4;
  return cells
    .map((row) =>
      row
        .map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
