/** Builds the review model with Sluice's public API and the task's weights. */
import type { Device } from "../gpu/device.ts";
import { dense, embedding, lstm } from "../nn/layers/index.ts";
import { sequential } from "../nn/model/sequential.ts";
import { adam } from "../nn/optimizers/index.ts";
import type { ReviewTask } from "./review_model.ts";

/** Builds and compiles the model. The caller disposes it. */
export async function buildReviewModel(device: Device, { sizes, weights }: ReviewTask) {
  const model = sequential(
    [
      embedding({ inputDim: sizes.vocabulary, outputDim: sizes.embedding }),
      lstm({ units: sizes.units }),
      dense({ units: 1, activation: "sigmoid" }),
    ],
    { device, inputShape: [sizes.steps] },
  );
  model.compile({ optimizer: adam(), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  await model.setWeights(weights);
  return model;
}
