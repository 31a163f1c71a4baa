/**
 * The review model as numbers, the same for every library: weights in Keras's order and layout, a batch of rows without
 * padding, labels, and the expected predictions, computed in float64.
 */
import type { NdArray } from "../core/nd_array.ts";
import { readOptions, required, type TableOf, upTo } from "../core/option_table.ts";
import { Random } from "../core/random.ts";
import type { Shape } from "../core/shape.ts";
import { sizeOf } from "../core/shape.ts";
import type { ModelSizes, Work } from "./bench_case.ts";
import { drawIds } from "./random_data.ts";

/**
 * The tutorial's sizes: 500 words per row from a vocabulary of 5,000, embeddings of 32 numbers, 100 units, 64 rows.
 */
export const REVIEW_SIZES: ModelSizes = { batch: 64, steps: 500, vocabulary: 5000, embedding: 32, units: 100 };

/** The tolerance of predictions and losses against the float64 reference. */
export const MODEL_TOLERANCE = 1e-4;

/** The most words that the reference computation reads: those of the tutorial's batch, which take seconds. */
const REFERENCE_WORDS = 32000;

/** The model and a batch of data. */
export interface ReviewTask {
  readonly sizes: ModelSizes;
  /** Embedding [V, E]; LSTM kernel [E, 4H], recurrent kernel [H, 4H], bias [4H]; dense kernel [H, 1], bias [1]. */
  readonly weights: readonly NdArray[];
  /** int32 [B, T] */
  readonly ids: NdArray;
  /** float32 [B, 1], 0 or 1 */
  readonly labels: NdArray;
  /** The probability of each row. */
  readonly predictions: Float64Array;
  /** The mean binary cross-entropy of the predictions. */
  readonly loss: number;
}

const SIZES = {
  batch: required(upTo(65536)),
  steps: required(upTo(65536)),
  vocabulary: required(upTo(1_000_000)),
  embedding: required(upTo(4096)),
  units: required(upTo(4096)),
} satisfies TableOf<ModelSizes>;

const made = new Map<string, ReviewTask>();

/** Returns the task of these sizes, cached because its reference takes seconds to compute. */
export function reviewTask(sizes: ModelSizes): ReviewTask {
  readOptions("reviewTask", SIZES, sizes);
  const key = JSON.stringify(sizes);
  let task = made.get(key);
  if (task === undefined) {
    task = makeTask(sizes);
    made.set(key, task);
  }
  return task;
}

function makeTask(sizes: ModelSizes): ReviewTask {
  const { batch, steps, vocabulary, embedding, units } = sizes;
  const random = new Random(5);
  const uniform = (shape: Shape, scale: number): NdArray => ({
    shape,
    data: Float32Array.from({ length: sizeOf(shape) }, () => (2 * random.uniform() - 1) * scale),
  });
  const weights = [
    uniform([vocabulary, embedding], 0.05),
    uniform([embedding, 4 * units], 0.2),
    uniform([units, 4 * units], 0.1),
    uniform([4 * units], 0.1),
    uniform([units, 1], 0.3),
    uniform([1], 0.1),
  ];
  // The reference of many long rows would take minutes, so further rows repeat the first ones.
  const distinct = Math.min(batch, Math.max(2, Math.floor(REFERENCE_WORDS / steps)));
  // Word ids start at 1 (0 is padding), and are as skewed as words in texts.
  const first = drawIds(random, distinct * steps, vocabulary - 1, 1).map((id) => id + 1);
  const ids = new Int32Array(batch * steps);
  for (let row = 0; row < batch; row++) {
    const from = (row % distinct) * steps;
    ids.set(first.subarray(from, from + steps), row * steps);
  }
  const labels = Float32Array.from({ length: batch }, (_, row) => (row % distinct) % 2);
  const reference = predict(weights, first, { ...sizes, batch: distinct });
  const predictions = Float64Array.from({ length: batch }, (_, row) => reference[row % distinct] as number);
  let loss = 0;
  predictions.forEach((p, row) => {
    loss -= Math.log(labels[row] === 1 ? p : 1 - p) / batch;
  });
  return {
    sizes,
    weights,
    ids: { shape: [batch, steps], data: ids },
    labels: { shape: [batch, 1], data: labels },
    predictions,
    loss,
  };
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** Embedding, LSTM (gates i, f, c, o), dense with sigmoid; in float64. */
function predict(weights: readonly NdArray[], ids: Int32Array, { batch, steps, embedding, units }: ModelSizes) {
  const [table, kernel, recurrent, bias, dense, denseBias] = weights.map(({ data }) => Float64Array.from(data)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const columns = 4 * units;
  const z = new Float64Array(columns);
  const addRow = (matrix: Float64Array, row: number, factor: number) => {
    const start = row * columns;
    for (let column = 0; column < columns; column++) {
      z[column] = (z[column] as number) + factor * (matrix[start + column] as number);
    }
  };
  return Float64Array.from({ length: batch }, (_, row) => {
    const h = new Float64Array(units);
    const c = new Float64Array(units);
    for (let step = 0; step < steps; step++) {
      const id = ids[row * steps + step] as number;
      z.set(bias);
      for (let e = 0; e < embedding; e++) addRow(kernel, e, table[id * embedding + e] as number);
      for (let unit = 0; unit < units; unit++) addRow(recurrent, unit, h[unit] as number);
      for (let unit = 0; unit < units; unit++) {
        const [i, f, candidate, o] = [0, 1, 2, 3].map((gate) => z[gate * units + unit] as number) as [
          number,
          number,
          number,
          number,
        ];
        c[unit] = sigmoid(f) * (c[unit] as number) + sigmoid(i) * Math.tanh(candidate);
        h[unit] = sigmoid(o) * Math.tanh(c[unit] as number);
      }
    }
    return sigmoid(h.reduce((sum, value, unit) => sum + value * (dense[unit] as number), denseBias[0] as number));
  });
}

/**
 * The minimum work of a forward pass or a training step: the recurrent products of every step (once forward; twice more
 * backward, for the state's gradient and the weights'), the projection of the table instead of every word, and reading
 * and writing weights and Adam's moments.
 */
export function reviewWork({ batch, steps, vocabulary, embedding, units }: ModelSizes, isTraining: boolean): Work {
  const recurrent = 2 * batch * steps * units * 4 * units;
  const projection = 2 * Math.min(vocabulary, batch * steps) * embedding * 4 * units;
  const parameters = vocabulary * embedding + (embedding + units + 1) * 4 * units + units + 1;
  return {
    flops: (isTraining ? 3 : 1) * (recurrent + projection),
    bytes: 4 * (batch * steps + parameters * (isTraining ? 6 : 1)),
  };
}
