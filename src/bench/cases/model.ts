/** The whole review model: one training step, and the prediction of one batch. */
import type { Device } from "../../gpu/device.ts";
import type { TrainingStep } from "../../nn/training/training_step.ts";
import type { BenchCase, ModelSizes, Prepared } from "../bench_case.ts";
import { buildReviewModel } from "../build_review_model.ts";
import { CheckError, checkSamples } from "../check_samples.ts";
import { MODEL_TOLERANCE, REVIEW_SIZES, type ReviewTask, reviewTask, reviewWork } from "../review_model.ts";
import { dispatchesOf, hostSubject, programSubject, programWallSubject } from "../timed_subjects.ts";

/** The cases of whole models. */
export const modelCases: readonly BenchCase[] = [
  modelCase("training step", REVIEW_SIZES, prepareTraining),
  modelCase("predict", REVIEW_SIZES, preparePredict),
  // Shows how the time grows with the length and the number of rows.
  ...[50, 200, 1000, 2000].map((steps) => modelCase("training step", { ...REVIEW_SIZES, steps }, prepareTraining)),
  ...[16, 256, 1024].map((batch) => modelCase("training step", { ...REVIEW_SIZES, batch }, prepareTraining)),
];

function modelCase(
  kind: "training step" | "predict",
  sizes: ModelSizes,
  prepare: (device: Device, task: ReviewTask) => Promise<Prepared>,
): BenchCase {
  const { batch, steps, vocabulary, embedding: size, units } = sizes;
  return {
    name: `imdb ${kind} B${batch} T${steps} V${vocabulary} E${size} H${units}`,
    group: "model",
    isDefault: sizes === REVIEW_SIZES,
    work: reviewWork(sizes, kind === "training step"),
    task: { kind, sizes },
    prepare: (device) => prepare(device, reviewTask(sizes)),
  };
}

async function prepareTraining(device: Device, task: ReviewTask): Promise<Prepared> {
  const model = await buildReviewModel(device, task);
  const began = performance.now();
  const { ids: x, labels: y, sizes } = task;
  const step = await model.trainingStep({ x, y }, { batchSize: sizes.batch });
  const { program, feeds } = step;
  return {
    subject: programSubject(device, program, feeds),
    wall: programWallSubject(device, program, feeds),
    compileSeconds: (performance.now() - began) / 1000,
    ...dispatchesOf(device, program, feeds),
    variants: [],
    chosen: undefined,
    check: () => checkTraining(step, task),
    dispose: () => {
      step.dispose();
      model.dispose();
    },
  };
}

/** Checks the first loss against the reference, and that one step on the same batch reduces the loss. */
async function checkTraining(step: TrainingStep, task: ReviewTask): Promise<void> {
  const before = await step.run();
  const after = await step.run();
  checkSamples("loss of the first step", [before], () => ({ value: task.loss, tolerance: MODEL_TOLERANCE }));
  if (!(after < before)) {
    throw new CheckError(`training step: the loss was ${before} and then ${after}; expected it to fall`, {
      before,
      after,
    });
  }
}

async function preparePredict(device: Device, task: ReviewTask): Promise<Prepared> {
  const model = await buildReviewModel(device, task);
  const { batch } = task.sizes;
  const began = performance.now();
  // Compiles the program; the check compares these predictions.
  const first = await model.predict(task.ids, { batchSize: batch });
  const compileSeconds = (performance.now() - began) / 1000;
  const wall = hostSubject(
    () => model.predict(task.ids, { batchSize: batch }),
    () => Promise.resolve(),
  );
  return {
    subject: wall,
    wall,
    compileSeconds,
    variants: [],
    chosen: undefined,
    check: async () =>
      checkSamples("predict", first.data, (row) => ({
        value: task.predictions[row] as number,
        tolerance: MODEL_TOLERANCE,
      })),
    dispose: () => model.dispose(),
  };
}
