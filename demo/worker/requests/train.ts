/** Training, and holding it back. */
import { loadModel, type Model } from "sluice";
import type { Context } from "../../protocol.ts";
import type { Settings } from "../../settings.ts";
import { type Loading, loadData } from "../data.ts";
import { type EpochEvent, makeModel, reporter, type StepEvent } from "../training.ts";

export interface TrainParams {
  readonly settings: Settings;
  /** The visitor's file, where the data is not embedded. */
  readonly file: File | undefined;
}

export type TrainEvent =
  | ({ readonly kind: "loading" } & Loading)
  | {
      readonly kind: "begun";
      readonly summary: string;
      readonly train: number;
      readonly test: number;
      readonly attribution: string;
    }
  | StepEvent
  | EpochEvent;

export interface TrainResult {
  readonly loss: number;
  readonly accuracy: number;
  readonly seconds: number;
}

/** The model that trains now. */
let training: Model | undefined;

/** Trains a new model, which takes the place of the visitor's own at once: it can be asked while it learns. */
export async function train(context: Context<TrainEvent>, { settings, file }: TrainParams): Promise<TrainResult> {
  const { session, signal, tell } = context;
  const device = await session.device();
  const onLoading = (loading: Loading): void => tell({ kind: "loading", ...loading });
  const data = await loadData(settings, { file, signal, onLoading });
  const model = makeModel(device, settings, data.encoder);
  const files = await model.toFiles();
  session.setSubject("own", { model, encoder: data.encoder }, async (fresh) => ({
    model: await loadModel(files, { device: fresh }),
    encoder: data.encoder,
  }));
  const { attribution } = data;
  tell({ ...{ kind: "begun", attribution, train: data.train.size, test: data.test.size }, summary: model.summary() });
  const began = performance.now();
  const { epochs, batchSize } = settings;
  training = model;
  try {
    const history = await model.fit(data.train, {
      ...{ epochs, batchSize, validationData: data.test, signal },
      onProgress: reporter({ batchSize, size: data.train.size, device }, tell),
    });
    const { valLoss = Number.NaN, valAccuracy = Number.NaN } = history.epochs.at(-1)?.logs ?? {};
    return { loss: valLoss, accuracy: valAccuracy, seconds: (performance.now() - began) / 1000 };
  } finally {
    if (training === model) training = undefined;
  }
}

/** Holds the training back before its next step. */
export async function pause(_context: Context, _params: Record<string, never>): Promise<void> {
  training?.pause();
}

/** Lets it go on. */
export async function resume(_context: Context, _params: Record<string, never>): Promise<void> {
  training?.resume();
}
