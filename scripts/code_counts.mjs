// Measures the quality of the code: counts from its syntax trees, and the files that a training run executes.
//
//   node scripts/code_counts.mjs                 tables
//   node scripts/code_counts.mjs --json          everything as JSON, with the locations
//   node scripts/code_counts.mjs --places        tables, and locations of long lines and files, duplicates and cycles
//   node scripts/code_counts.mjs --only cycles   one of: assertions, lines, long, duplicates, cycles, reached
//
// - assertions: `x as T` (not `as const`), `<T>x`, `x!`; `x as unknown as T` counts as two of `as`, and as `doubled`.
//   Counted separately, `definite`: `let x!: T`.
// - lines: lines of src and shaders with more than whitespace and comments.
// - long: lines of more than 120 columns, files of more than 400 lines, in src, shaders, demo, scripts and tests.
// - duplicates: blocks that occur twice in src and shaders; scripts/counts/duplicates.mjs has the details.
// - cycles: files, and modules (folders), in src and demo that import each other, with and without type imports and
//   dynamic imports.
// - reached: the files of ops, kernels, shaders and layers that run when an LSTM trains; scripts/counts/reached.mjs has
//   the details. The shorter list, of the layer alone, is the one that matters.
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
      `Blocks of 6 lines or more that occur twice (${lines} lines)`,
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
    list("Files that run in an LSTM layer, forward and backward", layer, true);
    list("Files that run in fit of Embedding -> LSTM -> Dense", training);
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
