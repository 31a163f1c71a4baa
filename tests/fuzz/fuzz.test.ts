/**
 * Damaged files for every loader: each is refused with a FormatError or loads rightly, within 2 s and 256 MiB. A child
 * process does it, so that a crash or a hang is seen as one. SLUICE_MUTATIONS says how many files a loader gets,
 * SLUICE_SEED which, SLUICE_LOADER names one loader. What failed once lies in `corpus/LOADER-….json` and is tried
 * first.
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tally } from "../support/tally.ts";
import { LOADERS } from "./loaders.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const mutations = Number(process.env.SLUICE_MUTATIONS ?? 120);
const seed = Number(process.env.SLUICE_SEED ?? 1);
/** Of silence: a file that takes so long on a busy machine hangs. */
const SILENCE_MS = 60_000;
const HEAP_MIB = 256;

/** In the repository, where the child finds its packages. */
const parent = here("../../node_modules/.vite-fuzz");
let folder: string;
beforeAll(async () => {
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, "child-"));
  await build({
    configFile: false,
    logLevel: "error",
    resolve: { alias: [{ find: /^sluice$/, replacement: here("../../src/index.ts") }] },
    build: {
      outDir: folder,
      target: "es2023",
      ssr: here("child.ts"),
      minify: false,
      rolldownOptions: { output: { entryFileNames: "child.mjs" } },
    },
  });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly failed?: string;
  readonly files?: string;
  readonly counts: {
    readonly files: number;
    readonly loaded: number;
    readonly refused: number;
    readonly seconds: number;
    readonly bytes: number;
  };
}

/** Plans are run: drivers keep memory for what they compiled, which is no file's. So many go to one process. */
const PLANS_OF_A_CHILD = 500;

async function fuzz(loader: string): Promise<Outcome> {
  const most = loader === "predictor" ? PLANS_OF_A_CHILD : mutations;
  let all: Outcome["counts"] = { files: 0, loaded: 0, refused: 0, seconds: 0, bytes: 0 };
  for (let done = 0; done < mutations; done += most) {
    const outcome = await fuzzPart(loader, Math.min(most, mutations - done), seed + done);
    const { counts } = outcome;
    all = {
      files: all.files + counts.files,
      loaded: all.loaded + counts.loaded,
      refused: all.refused + counts.refused,
      seconds: Math.max(all.seconds, counts.seconds),
      bytes: Math.max(all.bytes, counts.bytes),
    };
    if (outcome.failed !== undefined) return { ...outcome, counts: all };
  }
  return { counts: all };
}

function fuzzPart(loader: string, runs: number, from: number): Promise<Outcome> {
  const slug = loader.replaceAll(" ", "-");
  const corpus = readdirSync(here("corpus"))
    .filter((name) => name.startsWith(`${slug}-`))
    .map((name) => here(`corpus/${name}`));
  const args = [
    `--max-old-space-size=${HEAP_MIB}`,
    join(folder, "child.mjs"),
    loader,
    String(runs),
    String(from),
    ...corpus,
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve) => {
    let [rest, errors, last] = ["", "", "nothing yet"];
    let outcome: Outcome | undefined;
    const none = { files: 0, loaded: 0, refused: 0, seconds: 0, bytes: 0 };
    const hang = () => {
      outcome = { failed: `no answer for ${SILENCE_MS / 1000} s, after ${last}`, counts: none };
      child.kill("SIGKILL");
    };
    let watchdog = setTimeout(hang, SILENCE_MS);
    child.stderr.on("data", (data) => {
      errors = `${errors}${data}`.slice(-4000);
    });
    child.stdout.on("data", (data) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(hang, SILENCE_MS);
      const lines = `${rest}${data}`.split("\n");
      rest = lines.pop() as string;
      for (const line of lines) {
        if (!line.startsWith("{")) continue;
        const told = JSON.parse(line);
        if (told.done) outcome = { counts: told.done };
        else if (told.failed) outcome = told;
        else last = `file ${told.file}`;
      }
    });
    child.once("close", (code, signal) => {
      clearTimeout(watchdog);
      resolve(outcome ?? { failed: `the child crashed (${signal ?? code}) after ${last}\n${errors}`, counts: none });
    });
  });
}

for (const loader of Object.keys(LOADERS)) {
  const isWanted = (process.env.SLUICE_LOADER ?? loader) === loader;
  test.runIf(isWanted)(`${loader}: ${mutations} damaged files (seed ${seed})`, { timeout: 3_600_000 }, async () => {
    const { failed, files, counts } = await fuzz(loader);
    const { loaded, refused, seconds, bytes } = counts;
    const note =
      `${refused} refused, ${loaded} loaded; at most ${seconds.toFixed(2)} s and ` +
      `${Math.ceil(bytes / 2 ** 20)} MiB`;
    tally({ what: `damaged files: ${loader}`, tried: mutations, lost: failed === undefined ? 0 : 1, note });
    if (failed === undefined) {
      expect(loaded + refused).toBeGreaterThanOrEqual(mutations);
      expect(refused, "most of them are refused").toBeGreaterThan(0);
      return;
    }
    const kept = join(tmpdir(), `${loader.replaceAll(" ", "-")}-${Date.now().toString(36)}.json`);
    if (files !== undefined) writeFileSync(kept, files);
    throw new Error(`${failed}\nThe file is kept as ${kept}: mend the loader and move it to tests/fuzz/corpus.`);
  });
}
