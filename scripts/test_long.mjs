// `npm run test:long`: the proofs that are too long for CI, and a table of what was tried and what was lost.
//   npm run test:long                  all sections
//   npm run test:long -- saves graphs  some of them
// A section is one run of Vitest over some files with an environment that makes them long, or a script. Tests add rows to
// the table with `tally` of tests/support/tally.ts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { buildIfStale } from "./build.mjs";
import { setup } from "./setup.mjs";

const RUNTIMES = ["node", "deno", "chromium", "firefox"].map((name) => `tests/platform/${name}.test.ts`);

const SECTIONS = {
  saves: {
    about: "200 kills in mid-save in Node and in Deno, 50 of each kind in browsers; full and failing disks",
    files: ["tests/io/kill.test.ts", "tests/io/full_disk.test.ts", "tests/io/browser_saves"],
    env: { SLUICE_KILLS: "200", SLUICE_BROWSER_KILLS: "50" },
  },
  loaders: {
    about: "10,000 damaged files for every loader",
    files: ["tests/fuzz"],
    env: { SLUICE_MUTATIONS: "10000" },
  },
  graphs: {
    about: "10,000 random graphs against float64, values and gradients, in every runtime",
    files: ["tests/ops/random_graphs.test.ts", ...RUNTIMES],
    env: { SLUICE_RUNS: "10000", SLUICE_SUITE: "graphs" },
  },
  models: {
    about: "1,000 models built, trained two steps and disposed, in every runtime",
    files: RUNTIMES,
    env: { SLUICE_SUITE: "models" },
  },
  losses: {
    about:
      "100 trainings whose device is destroyed, and 105 other works, in every runtime; GPU processes that crash in Chromium",
    files: [...RUNTIMES, "tests/platform/gpu_crash"],
    env: { SLUICE_SUITE: "losses", SLUICE_GPU_CRASHES: "long" },
  },
  memory: {
    about:
      "what memory() says beforehand against what is then held, for ten models in every runtime; every n-th buffer fails",
    files: [...RUNTIMES, "tests/nn/allocation.test.ts"],
    env: { SLUICE_SUITE: "memory" },
  },
  page: {
    about: "the page's tests in Firefox, as far as Firefox lets tests do what they do",
    files: [
      "tests/demo/page.test.ts",
      "tests/demo/rooms",
      "tests/demo/training",
      "tests/demo/inside",
      "tests/demo/take_home",
    ],
    env: { SLUICE_DEMO_BROWSER: "firefox" },
  },
  mutants: {
    about: "faults put into the source, each of which a test must catch",
    script: "scripts/mutants.mjs",
  },
};

const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !Object.hasOwn(SECTIONS, name));
if (unknown.length > 0) {
  const list = Object.entries(SECTIONS).map(([name, { about }]) => `  ${name.padEnd(10)}${about}`);
  console.error(`sluice: unknown section ${unknown.join(", ")}; expected some of\n${list.join("\n")}`);
  process.exit(1);
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

/** Runs a section; its rows, with one more if it failed without telling of anything lost. */
function runSection(section) {
  const { files = [], script, env = {} } = SECTIONS[section];
  const file = join(folder, `${section}.jsonl`);
  const started = Date.now();
  const args = script === undefined ? [vitest, "run", ...files] : [script];
  const { status } = spawnSync(process.execPath, args, {
    stdio: "inherit",
    env: { ...process.env, ...env, SLUICE_TALLY: file },
  });
  const seconds = Math.round((Date.now() - started) / 1000);
  const lines = existsSync(file) ? readFileSync(file, "utf8").trim().split("\n") : [];
  const told = lines.map((line) => ({ section, seconds, ...JSON.parse(line) }));
  if (status === 0 && told.length > 0) return told;
  if (told.some(({ lost }) => lost > 0)) return told;
  const note = status === 0 ? "it told of nothing" : `it ended with status ${status}`;
  return [...told, { section, seconds, what: "the section itself", tried: 1, lost: 1, note }];
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
