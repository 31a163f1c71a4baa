/** `sluice train`: prepares a job, runs it where it was asked to, shows it, and keeps what comes of it. */
import type { ModelFiles } from "../index.ts";
import { openFileSystem } from "../platform/file_system.ts";
import type { TrainArguments } from "./arguments.ts";
import { trainInBrowser } from "./in_browser.ts";
import { INTERRUPTED, onInterrupt } from "./interrupt.ts";
import { type JobEvent, runTraining, type TrainJob, type TrainResult } from "./job.ts";
import { checkArchive, checkDirectory, checkFile } from "./outputs.ts";
import { ProgressView } from "./progress_view.ts";
import { recordOf, resultText } from "./record.ts";
import { encodeJson, readRun, writeRun } from "./run_file.ts";
import { completeOptions, flagOf, type TrainOptions } from "./train_options.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Trains as told.
 * @param main the URL of the built command line
 * @returns the exit status: 0, or that of an interrupted program
 * @throws SluiceError for whatever the user can mend
 */
export async function trainCommand(told: TrainArguments, main: string): Promise<number> {
  const storage = await openFileSystem();
  const { options, resume } = told.resume === undefined ? fresh(told.given) : await resumed(told.resume, told.given);
  const archive = options.data === "imdb" ? await checkArchive(told.archive) : undefined;
  const out = (told.out ?? told.resume ?? `runs/${options.data}`).replace(/(.)\/+$/, "$1");
  await checkDirectory(told.out === undefined && told.resume !== undefined ? "--resume" : "--out", out);
  if (told.json !== undefined) await checkFile("--json", told.json);
  const job: TrainJob = { options, ...(archive !== undefined && { archive }), ...(resume && { resume }) };

  const view = new ProgressView();
  const interrupt = onInterrupt(() => {
    view.clear();
    console.log("Stopping at the next step. Press Ctrl-C again to leave at once, without saving.");
  });
  const onEvent = async (event: JobEvent): Promise<void> => {
    if (event.kind === "progress") {
      if (!interrupt.signal.aborted || event.progress.ended) view.show(event.progress);
    } else if (event.kind === "save") {
      view.clear();
      await writeRun(storage, out, { options, files: event.files });
    } else {
      announce(event);
    }
  };
  try {
    const result = await run(job, told.runtime, main, { onEvent, signal: interrupt.signal });
    if (result === undefined) {
      const isSaved = await storage.exists(`${out}/run.json`);
      console.log(
        isSaved
          ? `Stopped. Saved in ${out}; go on with --resume ${out}`
          : "Stopped before the first step; nothing to save.",
      );
      return INTERRUPTED;
    }
    console.log(`\n${resultText(result)}\n\nSaved in ${out}; ask it: sluice predict --model ${out} "some text"`);
    if (told.json !== undefined)
      await storage.writeFileAtomic(told.json, encodeJson(recordOf(result, options, archive)));
    return 0;
  } finally {
    view.clear();
    interrupt.release();
  }
}

type Control = Parameters<typeof runTraining>[1];

async function run(
  job: TrainJob,
  runtime: TrainArguments["runtime"],
  main: string,
  control: Control,
): Promise<TrainResult | undefined> {
  if (runtime === "chromium" || runtime === "firefox") return trainInBrowser(runtime, job, main, control);
  // Brings WebGPU to Node; Deno, in which this same code runs, has its own.
  await import("../node.ts");
  return runTraining(job, control);
}

function fresh(given: Partial<TrainOptions>): { readonly options: TrainOptions; readonly resume?: ModelFiles } {
  return { options: completeOptions(given) };
}

async function resumed(directory: string, given: Partial<TrainOptions>) {
  const { options, files } = await readRun(await openFileSystem(), directory);
  const { epochs = options.epochs, ...others } = given;
  const changed = Object.entries(others).find(([name, value]) => options[name as keyof TrainOptions] !== value);
  if (changed !== undefined) {
    const [name, value] = changed;
    const saved = options[name as keyof TrainOptions] ?? "not set";
    throw new UsageError(
      `${flagOf(name)} is ${value}, but the training in ${directory} has ${saved}; leave the option out, or train anew without --resume`,
    );
  }
  if (epochs < options.epochs) {
    throw new UsageError(
      `--epochs is ${epochs}, but the training in ${directory} is to have ${options.epochs}; expected at least as many`,
    );
  }
  return { options: completeOptions({ ...options, epochs }), resume: files };
}

let loadedTenths = 0;

function announce(event: Exclude<JobEvent, { readonly kind: "progress" | "save" }>): void {
  if (event.kind === "model") {
    console.log(`${event.adapter}, in ${event.runtime.name} ${event.runtime.version}\n\n${event.summary}\n`);
  } else if (event.kind === "data") {
    console.log(`${event.attribution}\n${event.train} to train on, ${event.test} to test`);
  } else if (event.totalBytes !== undefined) {
    const tenths = Math.floor((event.bytes / event.totalBytes) * 10);
    if (tenths > loadedTenths) console.log(`reading the archive: ${tenths * 10}%`);
    loadedTenths = Math.max(loadedTenths, tenths);
  }
}
