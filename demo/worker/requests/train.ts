/** Handles training requests: data, start, pause and checkpoints. */
import type {
  DataInfo,
  DataParams,
  GoOnParams,
  KeptTraining,
  Loading,
  LoadingEvent,
  TrainEvent,
  TrainingResult,
} from "../../messages/training.ts";
import { newestCheckpoint, type Place, readCheckpoint, removeCheckpoint, takePlace } from "../checkpoints.ts";
import type { Context } from "../context.ts";
import { failureOf } from "../failure_of.ts";
import { loadData } from "../load_data.ts";
import { PageTraining } from "../page_training.ts";
import { forgetFile, keepFile, keptFile } from "../stored_file.ts";
import type { Data } from "../training_data.ts";

/** The current training run. */
let current: PageTraining | undefined;

function infoOf({ train, test, attribution }: Data): DataInfo {
  return { train: train.size, test: test.size, attribution };
}

/** Loads the data, which is then cached for training. */
export async function readData({ signal, tell }: Context<LoadingEvent>, params: DataParams): Promise<DataInfo> {
  const { settings, file } = params;
  const onLoading = (loading: Loading): void => tell({ kind: "loading", ...loading });
  return infoOf(await loadData(settings, { file, signal, onLoading }));
}

/** Trains a new model. It replaces the visitor's own immediately, so that it can predict during training. */
export async function train(context: Context<TrainEvent>, { settings, file }: DataParams): Promise<TrainingResult> {
  const place = await takePlace().catch((error: unknown) => notKept(context, error));
  try {
    if (place !== undefined && file !== undefined) {
      await keepFile(place.name, file).catch((error: unknown) => notKept(context, error));
    }
    return await run(context, { settings, file, place, from: undefined });
  } finally {
    place?.release();
  }
}

/** Resumes a saved training run exactly where it stopped. */
export async function goOn(context: Context<TrainEvent>, { place: name, file }: GoOnParams): Promise<TrainingResult> {
  const place = await takePlace(name);
  try {
    const { files, run: kept } = await readCheckpoint(name);
    const copy = file ?? (kept.file && (await keptFile(name, kept.file)));
    return await run(context, { settings: kept.settings, file: copy, place, from: { files, run: kept } });
  } finally {
    place.release();
  }
}

function notKept({ tell }: Context<TrainEvent>, error: unknown): undefined {
  tell({ kind: "notKept", failure: failureOf(error) });
}

interface RunParams extends DataParams {
  readonly place: Place | undefined;
  readonly from: ConstructorParameters<typeof PageTraining>[0]["from"];
}

async function run(context: Context<TrainEvent>, params: RunParams): Promise<TrainingResult> {
  const { session, signal, tell } = context;
  const { settings, file } = params;
  const onLoading = (loading: Loading): void => tell({ kind: "loading", ...loading });
  const data = await loadData(settings, { file, signal, onLoading });
  tell({ kind: "data", ...infoOf(data) });
  const training = new PageTraining({ ...params, session, data, signal, tell });
  current = training;
  try {
    return await training.run();
  } finally {
    if (current === training) current = undefined;
  }
}

/** Pauses training before the next step, and saves a checkpoint. */
export async function pause(_context: Context, _params: Record<string, never>): Promise<void> {
  current?.pause();
}

/** Resumes paused training. */
export async function resume(_context: Context, _params: Record<string, never>): Promise<void> {
  current?.resume();
}

/** The newest checkpoint that no tab is using. */
export async function findKept(_context: Context, _params: Record<string, never>): Promise<KeptTraining | undefined> {
  const checkpoint = await newestCheckpoint();
  if (checkpoint === undefined) return undefined;
  const { place, run: kept } = checkpoint;
  const hasFile = kept.file === undefined || (await keptFile(place, kept.file)) !== undefined;
  return { place, run: kept, hasFile };
}

/** Removes a checkpoint and its file. */
export async function forgetKept(_context: Context, { place }: { readonly place: string }): Promise<void> {
  await removeCheckpoint(place);
  await forgetFile(place);
}

/** Makes the model of a checkpoint the visitor's own, for predictions. */
export async function openKept({ session }: Context, { place }: { readonly place: string }): Promise<void> {
  const { files } = await readCheckpoint(place);
  await session.restoreOwn(files);
}
