// `npm run test:mutants`: checks that the tests detect faults. Each mutant of scripts/mutants.json is applied to a copy
// of the source, the relevant tests run, and a table says which test caught it. The run fails if no test catches a
// mutant, or if a mutant's line is no longer in the source.
//   npm run test:mutants                 all mutants
//   npm run test:mutants -- lstm sort    those whose name contains one of these words
import { spawnSync } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
const words = process.argv.slice(2);
/** `npm run test:long -- --share 0.1` runs a tenth of the mutants, evenly spaced. */
const share = Number(process.env.SLUICE_SHARE ?? 1);
const mutants = JSON.parse(readFileSync(join(root, "scripts/mutants.json"), "utf8"))
  .filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)))
  .filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share));
if (mutants.length === 0) {
  console.error(`sluice: no mutant's name has ${words.join(" or ")}`);
  process.exit(1);
}

const copy = mkdtempSync(join(tmpdir(), "sluice-mutants-"));
const rows = [];
try {
  for (const path of [
    "src",
    "shaders",
    "demo",
    "tests",
    "scripts",
    "package.json",
    "vite.config.ts",
    "tsconfig.base.json",
  ]) {
    cpSync(join(root, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const calm = new Map();
  for (const mutant of mutants) {
    const key = JSON.stringify([mutant.tests, mutant.env]);
    // Tests that fail on the unchanged source would seem to catch every mutant.
    if (!calm.has(key)) calm.set(key, run(mutant));
    const before = calm.get(key);
    const caught = before.status === "passed" ? kill(mutant) : { status: "lost", test: `unmutated: ${before.test}` };
    rows.push({ ...mutant, ...caught });
    console.log(`${caught.status === "failed" ? "caught" : "LOST  "}  ${mutant.name}: ${caught.test}`);
  }
} finally {
  rmSync(copy, { recursive: true });
}
const lost = rows.filter(({ status }) => status !== "failed");
console.log(`\n${table(rows)}\n\n${rows.length} mutants, ${rows.length - lost.length} caught, ${lost.length} not`);
if (process.env.SLUICE_TALLY) {
  appendFileSync(
    process.env.SLUICE_TALLY,
    `${JSON.stringify({ what: "mutants of the source", tried: rows.length, lost: lost.length })}\n`,
  );
}
process.exit(lost.length === 0 ? 0 : 1);

/** Applies the mutant, runs its tests, and reverts it. */
function kill(mutant) {
  const file = join(copy, mutant.file);
  const text = readFileSync(file, "utf8");
  if (text.split(mutant.from).length !== 2) {
    return { status: "lost", test: `its line must occur exactly once in ${mutant.file}: fix scripts/mutants.json` };
  }
  writeFileSync(
    file,
    text.replace(mutant.from, () => mutant.to),
  );
  try {
    return run(mutant);
  } finally {
    writeFileSync(file, text);
  }
}

/**
 * The result of the tests: the first that failed, or a file that could not be loaded, which does not count as caught.
 */
function run({ tests, env = {} }) {
  const report = join(copy, "report.json");
  rmSync(report, { force: true });
  const args = [vitest, "run", ...tests, "--bail=1", "--reporter=json", `--outputFile=${report}`];
  spawnSync(process.execPath, args, {
    cwd: copy,
    stdio: "ignore",
    timeout: 300_000,
    env: { ...process.env, SLUICE_RUNTIMES: "node", ...env, SLUICE_TALLY: "" },
  });
  let results;
  try {
    results = JSON.parse(readFileSync(report, "utf8")).testResults;
  } catch {
    return { status: "lost", test: "the tests left no report" };
  }
  const failed = results.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName }) => `${name.slice(name.indexOf("tests/"))}: ${fullName}`),
  );
  if (failed.length > 0) return { status: "failed", test: failed[0] };
  const broken = results.find(({ status }) => status === "failed");
  if (broken) return { status: "lost", test: `a file does not load: ${broken.message.slice(0, 100)}` };
  const passed = results.some(({ assertionResults }) => assertionResults.some(({ status }) => status === "passed"));
  return passed ? { status: "passed", test: "no test noticed" } : { status: "lost", test: "no test ran" };
}

function table(all) {
  const width = Math.max(...all.map(({ name }) => name.length));
  return [
    ["mutant", "caught by"],
    ...all.map(({ name, status, test }) => [name, status === "failed" ? test : `NOT: ${test}`]),
  ]
    .map(([name, test]) => `${name.padEnd(width)}  ${test}`)
    .join("\n");
}
