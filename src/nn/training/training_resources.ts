/** The device resources of a training run: data and programs of training and validation, results, snapshots. */
import type { Variable } from "../../graph/operation.ts";
import { Evaluator } from "./evaluator.ts";
import { RunSnapshots } from "./run_snapshots.ts";
import type { Compiled, StepModel } from "./step_model.ts";
import { trainStep } from "./step_programs.ts";
import { StepResults } from "./step_results.ts";
import type { OpenSteps, Steps } from "./steps.ts";

/** The model parts and options of a training run. */
export interface TrainingParts {
  readonly model: StepModel;
  readonly compiled: Compiled;
  /** All weights of the model, trained or not. */
  readonly weights: readonly Variable[];
  /** The micro-batch size. Default: the whole batch. */
  readonly microBatchSize: number | undefined;
  /** Seconds between two snapshots within an epoch. */
  readonly snapshotSeconds: number | undefined;
}

/** The training examples and the validation examples. */
export interface TrainingData {
  readonly training: OpenSteps;
  readonly validation: { readonly steps: OpenSteps; readonly every: number } | undefined;
}

/** Dispose them when the run has ended. */
export interface TrainingResources {
  readonly data: Steps;
  readonly results: StepResults;
  readonly snapshots: RunSnapshots;
  readonly evaluator: Evaluator | undefined;
  /** The number of epochs between validations. */
  readonly validatesEvery: number;
  dispose(): void;
}

/** Prepares all resources. On failure, frees everything. */
export async function openTrainingResources(
  { model, compiled, weights, microBatchSize, snapshotSeconds: seconds }: TrainingParts,
  { training, validation }: TrainingData,
): Promise<TrainingResources> {
  const { device } = model;
  const results = new StepResults(device, compiled.objectives);
  const opened: { dispose(): void }[] = [results];
  const dispose = () => {
    for (const each of [...opened].reverse()) each.dispose();
  };
  const hold = <T extends { dispose(): void }>(resource: T): T => {
    opened.push(resource);
    return resource;
  };
  try {
    const data = hold(
      await training(device, (source, batchSize) =>
        trainStep({ model, compiled, sums: results.sums, status: results.status }, source, {
          batchSize,
          microBatchSize,
        }),
      ),
    );
    const { optimizer } = compiled;
    const slots = compiled.slots.flat();
    const snapshots = hold(await RunSnapshots.open({ device, optimizer, data, weights, slots, seconds }));
    let evaluator: Evaluator | undefined;
    if (validation !== undefined) {
      evaluator = hold(await Evaluator.prepare(model, compiled, validation.steps));
    }
    return { data, results, snapshots, evaluator, validatesEvery: validation?.every ?? 1, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}
