/** Memory-bound kernels: gather and scatter-add, elementwise chains, reductions, softmax, an optimizer's update. */
import { Variable } from "../../graph/operation.ts";
import { adam } from "../../nn/optimizers/index.ts";
import { gather, scatterAdd } from "../../ops/data/gather.ts";
import { add, mul, sigmoid, tanh } from "../../ops/elementwise/arithmetic.ts";
import { max, sum } from "../../ops/reduce/reduce.ts";
import { softmax } from "../../ops/reduce/softmax.ts";
import type { BenchCase } from "../bench_case.ts";
import { checkSamples } from "../check_samples.ts";
import { graphCase } from "../graph_case.ts";
import { randomIds, randomTable } from "../random_data.ts";

const FLOAT_BYTES = 4;
/** The rounding error of a float32 sum, relative to the sum of the terms' magnitudes. */
const TOLERANCE = 1e-5;

export const memoryCases: readonly BenchCase[] = [
  // The embedding of a batch of reviews, and the rows of the projected table that the LSTM reads.
  gatherCase(5000, 32, 32000),
  gatherCase(5000, 400, 32000),
  scatterCase("uniform", 0),
  // Ids follow Zipf's law with exponent 2: six of ten are the same.
  scatterCase("very skewed", 2),
  chainCase(4_194_304),
  reduceCase("sum of columns", 32000, 400, 0),
  reduceCase("sum of rows", 4096, 4096, 1),
  maxCase(4096, 4096),
  softmaxCase(4096, 1024),
  softmaxCase(65536, 8),
  adamCase(2_097_152),
];

function gatherCase(rows: number, width: number, count: number): BenchCase {
  return graphCase({
    name: `gather ${rows}x${width}, ${count} ids`,
    group: "gather",
    isDefault: true,
    work: { flops: 0, bytes: FLOAT_BYTES * (rows * width + count + count * width) },
    build: () => {
      const table = randomTable("table", [rows, width], 1);
      const ids = randomIds("ids", count, rows, 2);
      return {
        graph: { outputs: [gather(table.variable.value, ids.variable.value)], updates: [] },
        variables: [table.variable, ids.variable],
        kernel: "gather",
        check: ([out]) =>
          checkSamples("gather", out?.data ?? [], (index) => {
            const id = ids.data[Math.floor(index / width)] as number;
            return { value: table.data[id * width + (index % width)] as number, tolerance: 0 };
          }),
      };
    },
  });
}

function scatterCase(name: string, skew: number): BenchCase {
  const [rows, width, count] = [5000, 400, 32000];
  return graphCase({
    name: `scatter-add ${count}x${width} into ${rows}, ids ${name}`,
    group: "scatter-add",
    isDefault: true,
    work: { flops: count * width, bytes: FLOAT_BYTES * (count * width + count + rows * width) },
    build: () => {
      const updates = randomTable("updates", [count, width], 1);
      const ids = randomIds("ids", count, rows, 2, skew);
      return {
        graph: { outputs: [scatterAdd(updates.variable.value, ids.variable.value, rows)], updates: [] },
        variables: [updates.variable, ids.variable],
        check: ([out]) =>
          checkSamples("scatter-add", out?.data ?? [], (index) => {
            const [row, column] = [Math.floor(index / width), index % width];
            let value = 0;
            let size = 0;
            ids.data.forEach((id, position) => {
              if (id !== row) return;
              const update = updates.data[position * width + column] as number;
              value += update;
              size += Math.abs(update);
            });
            return { value, tolerance: TOLERANCE * size };
          }),
      };
    },
  });
}

/**
 * tanh(a · b + c) · sigmoid(a): four reads and one write if fused, eleven accesses if each operation runs separately.
 */
function chainCase(count: number): BenchCase {
  return graphCase({
    name: `elementwise chain tanh(a*b+c)*sigmoid(a) of ${count}`,
    group: "elementwise",
    isDefault: true,
    work: { flops: 5 * count, bytes: FLOAT_BYTES * 4 * count },
    build: () => {
      const [a, b, c] = [1, 2, 3].map((seed) => randomTable(`operand ${seed}`, [count], seed, 2)) as [
        ReturnType<typeof randomTable>,
        ReturnType<typeof randomTable>,
        ReturnType<typeof randomTable>,
      ];
      const [x, y, z] = [a.variable.value, b.variable.value, c.variable.value];
      return {
        graph: { outputs: [mul(tanh(add(mul(x, y), z)), sigmoid(x))], updates: [] },
        variables: [a.variable, b.variable, c.variable],
        check: ([out]) =>
          checkSamples("chain", out?.data ?? [], (index) => {
            const [p, q, r] = [a, b, c].map(({ data }) => data[index] as number) as [number, number, number];
            return { value: Math.tanh(p * q + r) / (1 + Math.exp(-p)), tolerance: TOLERANCE };
          }),
      };
    },
  });
}

function reduceCase(name: string, rows: number, columns: number, axis: 0 | 1): BenchCase {
  const outputs = axis === 0 ? columns : rows;
  return graphCase({
    name: `reduce ${name} of ${rows}x${columns}`,
    group: "reduce",
    isDefault: true,
    work: { flops: rows * columns, bytes: FLOAT_BYTES * (rows * columns + outputs) },
    build: () => {
      const x = randomTable("x", [rows, columns], 1);
      return {
        graph: { outputs: [sum(x.variable.value, { axes: [axis] })], updates: [] },
        variables: [x.variable],
        kernel: "reduce",
        check: ([out]) =>
          checkSamples("sum", out?.data ?? [], (index) => {
            let value = 0;
            let size = 0;
            for (let k = 0; k < (axis === 0 ? rows : columns); k++) {
              const term = x.data[axis === 0 ? k * columns + index : index * columns + k] as number;
              value += term;
              size += Math.abs(term);
            }
            return { value, tolerance: TOLERANCE * size };
          }),
      };
    },
  });
}

function maxCase(rows: number, columns: number): BenchCase {
  return graphCase({
    name: `reduce max of rows of ${rows}x${columns}`,
    group: "reduce",
    isDefault: true,
    work: { flops: rows * columns, bytes: FLOAT_BYTES * (rows * columns + rows) },
    build: () => {
      const x = randomTable("x", [rows, columns], 1);
      return {
        graph: { outputs: [max(x.variable.value, { axes: [1] })], updates: [] },
        variables: [x.variable],
        kernel: "reduce",
        check: ([out]) =>
          checkSamples("max", out?.data ?? [], (row) => {
            const value = x.data.subarray(row * columns, (row + 1) * columns).reduce((a, b) => Math.max(a, b));
            return { value, tolerance: 0 };
          }),
      };
    },
  });
}

function softmaxCase(rows: number, size: number): BenchCase {
  return graphCase({
    name: `softmax ${rows}x${size}`,
    group: "softmax",
    isDefault: true,
    // Per element: a maximum, a difference, an exponential, a sum and a division.
    work: { flops: 5 * rows * size, bytes: FLOAT_BYTES * 2 * rows * size },
    build: () => {
      const x = randomTable("x", [rows, size], 1, 5);
      return {
        graph: { outputs: [softmax(x.variable.value)], updates: [] },
        variables: [x.variable],
        kernel: "softmax",
        check: ([out]) =>
          checkSamples("softmax", out?.data ?? [], (index) => {
            const row = x.data.subarray(index - (index % size), index - (index % size) + size);
            const total = row.reduce((all, value) => all + Math.exp(value), 0);
            const value = Math.exp(x.data[index] as number) / total;
            return { value, tolerance: TOLERANCE * value + 1e-7 };
          }),
      };
    },
  });
}

/** One step of Adam on `count` weights, in place. */
function adamCase(count: number): BenchCase {
  return graphCase({
    name: `optimizer adam of ${count}`,
    group: "optimizer",
    isDefault: true,
    // The weight and two moments are read and written; the gradient is only read.
    work: { flops: 12 * count, bytes: FLOAT_BYTES * 7 * count },
    build: () => {
      const optimizer = adam();
      const weight = randomTable("weight", [count], 1);
      const gradient = randomTable("gradient", [count], 2);
      const rates = optimizer.rates(0);
      const shape = [rates.length];
      const fed = new Variable({
        name: "rates",
        shape,
        initial: () => ({ shape, data: Float32Array.from(rates) }),
      });
      const status = new Variable({ name: "status", shape: [1], dtype: "int32" });
      const slots = optimizer.slots(weight.variable);
      const inputs = { gradient: gradient.variable.value, rates: fed.value, status: status.value };
      return {
        graph: { outputs: [], updates: optimizer.update(weight.variable, slots, inputs) },
        variables: [weight.variable, gradient.variable, fed, status, ...slots],
        updated: [weight.variable],
        check: ([updated]) =>
          checkSamples("adam", updated?.data ?? [], (index) => {
            const [w, g] = [weight.data[index] as number, gradient.data[index] as number];
            // The first step has the size of the learning rate, and the opposite sign of the gradient.
            const step = g === 0 ? 0 : (0.001 * g) / (Math.abs(g) + 1e-7 / Math.sqrt(0.001));
            return { value: w - step, tolerance: 1e-6 };
          }),
      };
    },
  });
}
