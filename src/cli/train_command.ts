/** `sluice train`: runs a training job and saves its results. */
import { resolve } from "node:path";
import { objectOf, textOf } from "../core/json_check.ts";
import { sha256Hex } from "../io/sha256.ts";
import type { JsonValue } from "../io/strict_json.ts";
import type { FileSystem } from "../platform/file_interface.ts";
import { openFileSystem } from "../platform/file_system.ts";
import { INTERRUPTED } from "./interrupt.ts";
import { checkArchive, checkDirectory, checkFile, checkInput } from "./path_checks.ts";
import { printLine } from "./print.ts";
import { encodeJson, type RunKind, readRun, resumedOptions, writeRun } from "./run_directory.ts";
import { isBrowser, runTask } from "./run_training_task.ts";
import type { TableSource } from "./sentiment_job.ts";
import type { TrainArguments } from "./train_arguments.ts";
import { completeOptions, savedOptions, type TrainOptions } from "./train_options.ts";
import { recordOf, resultText } from "./training_report.ts";
import { UsageError } from "./usage_error.ts";

/** The URL paths under which a page fetches a local archive and table. */
const SERVED_ARCHIVE = "archive.tar.gz";
const SERVED_TABLE = "table";

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
  const table = options.data === "table" ? await tableOf(storage, args, saved?.settings.table) : undefined;
  const archive = options.data === "imdb" ? await checkArchive(args.archive) : undefined;
  const out = (args.out ?? args.resume ?? `runs/${options.data}`).replace(/(.)\/+$/, "$1");
  await checkDirectory(args.out === undefined && args.resume !== undefined ? "--resume" : "--out", out);
  if (json !== undefined) await checkFile("--json", json);
  if (plot !== undefined) await checkFile("--plot", plot);
  const isServed = archive !== undefined && isBrowser(runtime) && !/^[a-z]+:\/\//i.test(archive);
  const served = {
    ...(isServed && { [`/${SERVED_ARCHIVE}`]: resolve(archive) }),
    ...(table !== undefined && { [`/${SERVED_TABLE}`]: resolve(table.file) }),
  };
  const job = {
    options,
    ...(archive !== undefined && { archive: isServed ? SERVED_ARCHIVE : archive }),
    ...(table !== undefined && { table: sourceOf(table, isBrowser(runtime) ? SERVED_TABLE : table.file) }),
    ...(saved && { resume: saved.files }),
    ...(args.profile && { profile: true }),
    ...(plot !== undefined && { plot: true }),
    ...(args.tune && { tune: true }),
  };
  const result = await runTask("train", job, {
    ...{ runtime, main, noun: table === undefined ? "reviews" : "texts", served },
    directory: out,
    save: (files) => writeRun(storage, out, RUN.task, { settings: { options, ...(table && { table }) }, files }),
  });
  if (result === undefined) return INTERRUPTED;
  if (plot !== undefined) await storage.writeFileAtomic(plot, new TextEncoder().encode(result.curves));
  printLine(`\n${resultText(result)}\n\nSaved in ${out}; try it: sluice predict --model ${out} "some text"`);
  const { file: csv, ...columns } = table ?? {};
  const source = { ...(archive !== undefined && { archive }), ...(csv !== undefined && { csv, ...columns }) };
  if (json !== undefined) await storage.writeFileAtomic(json, encodeJson(recordOf(result, options, source)));
  return 0;
}

/** The table that a run is trained on. */
interface Table {
  readonly file: string;
  readonly textColumn?: string;
  readonly labelColumn?: string;
  /** The hash of the file: a resumed run must use the same texts. */
  readonly sha256: string;
}

const RUN: RunKind<{ readonly options: TrainOptions; readonly table?: Table }> = {
  task: "train",
  read: (fields, path) => {
    const options = savedOptions(fields, path);
    return options.data === "table"
      ? { options, table: savedTable(fields.get("table"), `${path}: table`) }
      : { options };
  },
};

/**
 * The table to train on: the given one, or that of the resumed run.
 * @throws UsageError when there is no such file, or its contents have changed since the run began.
 */
async function tableOf(storage: FileSystem, args: TrainArguments, saved: Table | undefined): Promise<Table> {
  const file = args.csv ?? saved?.file ?? "";
  const { textColumn = saved?.textColumn, labelColumn = saved?.labelColumn } = args;
  await checkInput("--csv", file, "a file of texts and labels: CSV, TSV or JSON lines");
  const sha256 = await sha256Hex(await storage.readFile(file));
  if (
    saved !== undefined &&
    (saved.sha256 !== sha256 || saved.textColumn !== textColumn || saved.labelColumn !== labelColumn)
  ) {
    throw new UsageError(
      `--resume ${args.resume}: ${file} has other texts or columns than when the run began; give the same file, or ` +
        "start a new run without --resume",
    );
  }
  return { file, ...(textColumn && { textColumn }), ...(labelColumn && { labelColumn }), sha256 };
}

function sourceOf({ file, sha256: _, ...columns }: Table, address: string): TableSource {
  return { address, name: file.split(/[\\/]/).at(-1) ?? file, ...columns };
}

function savedTable(value: JsonValue | undefined, what: string): Table {
  const fields = objectOf(value, what);
  const optional = (name: string) => (fields.has(name) ? { [name]: textOf(fields.get(name), `${what}.${name}`) } : {});
  return {
    file: textOf(fields.get("file"), `${what}.file`),
    sha256: textOf(fields.get("sha256"), `${what}.sha256`),
    ...optional("textColumn"),
    ...optional("labelColumn"),
  };
}
