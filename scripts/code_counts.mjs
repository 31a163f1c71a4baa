// Counts what a clean-up of the code is judged by, from its syntax trees and from a training that runs.
//
//   node scripts/code_counts.mjs                 tables
//   node scripts/code_counts.mjs --json          everything as JSON, with the places
//   node scripts/code_counts.mjs --places        tables, and where long lines, long files, twin blocks and cycles are
//   node scripts/code_counts.mjs --only cycles   one of: assertions, lines, long, duplicates, cycles, reached
//
// - assertions: `x as T` (not `as const`), `<T>x`, `x!`; `x as unknown as T` counts as two of `as`, and as `doubled`.
//   Apart from them, `definite`: `let x!: T`.
// - lines: lines of src and shaders that hold more than blanks and comments.
// - long: lines beyond 120 columns, files beyond 400 lines, in src, shaders, demo, scripts and tests.
// - duplicates: blocks that stand in two places of src and shaders; scripts/counts/duplicates.mjs says what counts.
// - cycles: files, and modules (folders), that import each other in a circle, in src and demo, .tsx included; with and
//   without type imports and dynamic ones.
// - reached: the files of ops, kernels, shaders and layers that an LSTM's training passes through;
//   scripts/counts/reached.mjs says what counts. The shorter list, of the layer alone, is the one to be judged by.
import process from "node:process";
import { parseArgs } from "node:util";
import { assertions } from "./counts/assertions.mjs";
import { cycles } from "./counts/cycles.mjs";
import { duplicates } from "./counts/duplicates.mjs";
import { linesByModule, longFiles, longLines } from "./counts/lines.mjs";
import { reachedFiles } from "./counts/reached.mjs";
import { filesOf } from "./counts/sources.mjs";
import { setup } from "./setup.mjs";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    places: { type: "boolean", default: false },
    only: { type: "string" },
  },
});

const [src, shaders, demo, scripts, tests] = ["src", "shaders", "demo", "scripts", "tests"].map(filesOf);
const everything = [...src, ...shaders, ...demo, ...scripts, ...tests];

const SECTIONS = {
  assertions: () => assertions(src),
  lines: () => linesByModule([...src, ...shaders]),
  long: () => ({ lines: longLines(everything), files: longFiles(everything) }),
  duplicates: () => duplicates([...src, ...shaders]),
  cycles: () => ({ src: cycles(src), demo: cycles(demo) }),
  reached: async () => {
    await setup();
    return reachedFiles();
  },
};

const SHOW = {
  assertions: (rows) => table("Type assertions", ["all", "as", "angle", "nonNull", "doubled", "definite"], rows),
  lines: (rows) => table("Lines of code", ["all", "script", "wgsl", "files"], rows),
  long: ({ lines, files }) => {
    list("Lines beyond 120 columns", lines);
    for (const folder of ["src", "shaders", "demo", "scripts", "tests"]) {
      console.log(`  ${folder.padEnd(26)}${lines.filter((place) => place.startsWith(`${folder}/`)).length}`);
    }
    list("Files beyond 400 lines", files);
  },
  duplicates: ({ blocks, lines }) =>
    list(
      `Blocks of 6 lines or more that stand in two places (${lines} lines)`,
      blocks.map(({ lines: length, places }) => `${length} lines: ${places.join(", ")}`),
    ),
  cycles: (found) => {
    for (const [folder, editions] of Object.entries(found)) {
      for (const { edition, files, modules } of editions) {
        list(`Cycles in ${folder}, ${edition}: between files`, files.map(shownCircle));
        list(`Cycles in ${folder}, ${edition}: between modules`, modules.map(shownCircle));
      }
    }
  },
  reached: ({ layer, training }) => {
    list("Files that an LSTM layer passes through, forward and backward", layer, true);
    list("Files that fit of Embedding -> LSTM -> Dense passes through", training);
  },
};

if (options.only !== undefined && !Object.hasOwn(SECTIONS, options.only)) {
  console.error(`sluice: unknown section ${options.only}; expected one of ${Object.keys(SECTIONS).join(", ")}`);
  process.exit(1);
}
const results = {};
for (const [name, count] of Object.entries(SECTIONS)) {
  if (options.only !== undefined && options.only !== name) continue;
  results[name] = await count();
  if (!options.json) SHOW[name](results[name]);
}
if (options.json) console.log(JSON.stringify(results, null, 2));
process.exit();

function table(title, columns, rows) {
  const total = Object.fromEntries(columns.map((key) => [key, rows.reduce((sum, row) => sum + row[key], 0)]));
  console.log(`\n${title.padEnd(28)}${columns.map((key) => key.padStart(9)).join("")}`);
  for (const row of [...rows, { module: "all", ...total }]) {
    console.log(`  ${row.module.padEnd(26)}${columns.map((key) => String(row[key]).padStart(9)).join("")}`);
  }
}

function list(title, entries, isShown = options.places) {
  console.log(`\n${title}: ${entries.length}`);
  if (isShown) for (const entry of entries) console.log(`  ${entry}`);
}

function shownCircle(names) {
  return `${names.length}: ${names.join(", ")}`;
}
