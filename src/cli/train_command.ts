/** `sluice train`: prepares a training, has it run, and keeps what comes of it. */
import { resolve } from "node:path";
import { openFileSystem } from "../platform/file_system.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { checkArchive, checkDirectory, checkFile } from "./path_checks.ts";
import { continued, encodeJson, type RunKind, readRun, writeRun } from "./run_directory.ts";
import { isBrowser, runTask } from "./run_training_task.ts";
import type { TrainArguments } from "./train_arguments.ts";
import { completeOptions, savedOptions, type TrainOptions } from "./train_options.ts";
import { recordOf, resultText } from "./training_report.ts";

/** Where a page finds an archive that is a file here. */
const SERVED_ARCHIVE = "archive.tar.gz";

/**
 * Trains as told.
 * @param main the URL of the built command line
 * @returns the exit status: 0, or that of an interrupted program
 * @throws SluiceError for whatever the user can mend
 */
export async function trainCommand(told: TrainArguments, main: string): Promise<number> {
  const storage = await openFileSystem();
  const { runtime, json } = told;
  const saved = told.resume === undefined ? undefined : await readRun(storage, told.resume, RUN);
  const options = completeOptions(
    saved === undefined ? told.given : continued(saved.told.options, told.given, told.resume ?? ""),
  );
  const archive = options.data === "imdb" ? await checkArchive(told.archive) : undefined;
  const out = (told.out ?? told.resume ?? `runs/${options.data}`).replace(/(.)\/+$/, "$1");
  await checkDirectory(told.out === undefined && told.resume !== undefined ? "--resume" : "--out", out);
  if (json !== undefined) await checkFile("--json", json);
  const isServed = archive !== undefined && isBrowser(runtime) && !/^[a-z]+:\/\//i.test(archive);
  const job = {
    options,
    ...(archive !== undefined && { archive: isServed ? SERVED_ARCHIVE : archive }),
    ...(saved && { resume: saved.files }),
    ...(told.profile && { profile: true }),
    ...(told.tune && { tune: true }),
  };
  const result = await runTask("train", job, {
    ...{ runtime, main, noun: "reviews" },
    ...(isServed && { served: { [`/${SERVED_ARCHIVE}`]: resolve(archive) } }),
    directory: out,
    save: (files) => writeRun(storage, out, RUN.task, { told: { options }, files }),
  });
  if (result === undefined) return INTERRUPTED;
  console.log(`\n${resultText(result)}\n\nSaved in ${out}; ask it: sluice predict --model ${out} "some text"`);
  if (json !== undefined) await storage.writeFileAtomic(json, encodeJson(recordOf(result, options, archive)));
  return 0;
}

const RUN: RunKind<{ readonly options: TrainOptions }> = {
  task: "train",
  read: (fields, path) => ({ options: savedOptions(fields, path) }),
};
