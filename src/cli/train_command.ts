/** `sluice train`: runs a training job and saves its results. */
import { resolve } from "node:path";
import { openFileSystem } from "../platform/file_system.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { checkArchive, checkDirectory, checkFile } from "./path_checks.ts";
import { printLine } from "./print.ts";
import { encodeJson, type RunKind, readRun, resumedOptions, writeRun } from "./run_directory.ts";
import { isBrowser, runTask } from "./run_training_task.ts";
import type { TrainArguments } from "./train_arguments.ts";
import { completeOptions, savedOptions, type TrainOptions } from "./train_options.ts";
import { recordOf, resultText } from "./training_report.ts";

/** The URL path at which a page fetches an archive that is a local file. */
const SERVED_ARCHIVE = "archive.tar.gz";

/**
 * Runs `sluice train`.
 * @param main the URL of the built command line
 * @returns the exit status: 0, or that of an interrupted program
 * @throws SluiceError for every error that the user can fix
 */
export async function trainCommand(args: TrainArguments, main: string): Promise<number> {
  const storage = await openFileSystem();
  const { runtime, json, plot } = args;
  const saved = args.resume === undefined ? undefined : await readRun(storage, args.resume, RUN);
  const options = completeOptions(
    saved === undefined ? args.given : resumedOptions(saved.settings.options, args.given, args.resume ?? ""),
  );
  const archive = options.data === "imdb" ? await checkArchive(args.archive) : undefined;
  const out = (args.out ?? args.resume ?? `runs/${options.data}`).replace(/(.)\/+$/, "$1");
  await checkDirectory(args.out === undefined && args.resume !== undefined ? "--resume" : "--out", out);
  if (json !== undefined) await checkFile("--json", json);
  if (plot !== undefined) await checkFile("--plot", plot);
  const isServed = archive !== undefined && isBrowser(runtime) && !/^[a-z]+:\/\//i.test(archive);
  const job = {
    options,
    ...(archive !== undefined && { archive: isServed ? SERVED_ARCHIVE : archive }),
    ...(saved && { resume: saved.files }),
    ...(args.profile && { profile: true }),
    ...(plot !== undefined && { plot: true }),
    ...(args.tune && { tune: true }),
  };
  const result = await runTask("train", job, {
    ...{ runtime, main, noun: "reviews" },
    ...(isServed && { served: { [`/${SERVED_ARCHIVE}`]: resolve(archive) } }),
    directory: out,
    save: (files) => writeRun(storage, out, RUN.task, { settings: { options }, files }),
  });
  if (result === undefined) return INTERRUPTED;
  if (plot !== undefined) await storage.writeFileAtomic(plot, new TextEncoder().encode(result.curves));
  printLine(`\n${resultText(result)}\n\nSaved in ${out}; ask it: sluice predict --model ${out} "some text"`);
  if (json !== undefined) await storage.writeFileAtomic(json, encodeJson(recordOf(result, options, archive)));
  return 0;
}

const RUN: RunKind<{ readonly options: TrainOptions }> = {
  task: "train",
  read: (fields, path) => ({ options: savedOptions(fields, path) }),
};
