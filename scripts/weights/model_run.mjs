// A run of scripts/weights_sha.mjs: a small model that trains for a few steps, and predicts.
import { spread } from "./data.mjs";

/** The sizes of most runs: batch size, timesteps, features. */
export const [BATCH, TIME, FEATURES] = [5, 7, 3];

/** A run of a model: two epochs of two steps, then a prediction. `report` formats the line of a trained model. */
export function modelRun(name, { make, x, y, compile = {}, fit = {}, rows = 2 * BATCH, predictSize = rows }) {
  const run = async ({ device, report }) => {
    const model = make(device);
    try {
      model.compile({ optimizer: { name: "sgd", learningRate: 0.05 }, loss: "meanSquaredError", ...compile });
      const [inputs, targets] = [x(rows), y(rows)];
      const history = await model.fit(inputs, targets, { epochs: 2, batchSize: BATCH, ...fit });
      const predictions = await model.predict(inputs, { batchSize: predictSize });
      return await report(model, history, predictions);
    } finally {
      model.dispose();
    }
  };
  return { name, run };
}

/**
 * A run of a sequential model on sequences `[T, D]`, with a dense layer at the end. `isFlat`: the layers return
 * vectors.
 */
export function rowRun({ sequential, dense, flatten }, name, layers, options = {}) {
  const { x = (rows) => spread([rows, TIME, FEATURES], 1), isFlat = true, ...rest } = options;
  return modelRun(name, {
    make: (device) =>
      sequential([...layers(), ...(isFlat ? [] : [flatten()]), dense({ units: 2 })], {
        ...{ device, inputShape: x(1).shape.slice(1), seed: 5 },
      }),
    x,
    y: (rows) => spread([rows, 2], 2),
    ...rest,
  });
}
