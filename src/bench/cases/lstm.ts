/**
 * The LSTM's sweep over time: forward alone, and forward with backward. The product of the input and the kernel is not
 * included.
 */
import { type Graph, Variable } from "../../graph/operation.ts";
import { interpret } from "../../ops/interpret.ts";
import { lstmSweep } from "../../ops/recurrent/lstm.ts";
import { vjp } from "../../transform/gradients.ts";
import type { BenchCase } from "../bench_case.ts";
import { checkSamples } from "../check_samples.ts";
import { type BenchGraph, graphCase } from "../graph_case.ts";
import { randomTable, type Table } from "../random_data.ts";

const BATCHES = [1, 16, 64, 256] as const;
const STEPS = [50, 500] as const;
const UNITS = [32, 100, 256, 512] as const;

interface Sweep {
  readonly batch: number;
  readonly steps: number;
  readonly units: number;
  readonly isBackward: boolean;
}

interface SweepVariables {
  readonly x: Variable;
  readonly recurrent: Variable;
  readonly dLast: Variable;
}

/** The default cases: the review model, one row of it, and a wide batch of short rows. */
const DEFAULTS: readonly Omit<Sweep, "isBackward">[] = [
  { batch: 64, steps: 500, units: 100 },
  { batch: 1, steps: 500, units: 100 },
  { batch: 256, steps: 50, units: 32 },
  { batch: 16, steps: 50, units: 256 },
];

/** The full grid of cases. */
export const lstmCases: readonly BenchCase[] = BATCHES.flatMap((batch) =>
  STEPS.flatMap((steps) =>
    UNITS.flatMap((units) => [false, true].map((isBackward) => sweepCase({ batch, steps, units, isBackward }))),
  ),
);

function sweepCase(sweep: Sweep): BenchCase {
  const { batch, steps, units, isBackward } = sweep;
  const product = 2 * batch * steps * units * 4 * units;
  const gates = batch * steps * 4 * units;
  return graphCase({
    name: `lstm ${isBackward ? "forward+backward" : "forward"} B${batch} T${steps} H${units}`,
    group: "lstm",
    isDefault: DEFAULTS.some((one) => one.batch === batch && one.steps === steps && one.units === units),
    // In the backward pass each step multiplies the gates' gradients by the kernel. The gradient of the kernel is a
    // separate matmul.
    work: {
      flops: product * (isBackward ? 2 : 1),
      bytes: 4 * (gates * (isBackward ? 2 : 1) + 4 * units * units + 2 * batch * units),
    },
    build: () => buildSweep(sweep),
  });
}

/** x contains the pre-activations [B, T, 4H]; dLast is the gradient of the last h and c [2, B, H]. */
function buildSweep({ batch, steps, units, isBackward }: Sweep): BenchGraph {
  const x = randomTable("x", [batch, steps, 4 * units], 1);
  const recurrent = randomTable("recurrent", [units, 4 * units], 2, 1 / Math.sqrt(units));
  const dLast = randomTable("d last", [2, batch, units], 3);
  const graph = sweepGraph({ x: x.variable, recurrent: recurrent.variable, dLast: dLast.variable }, isBackward);
  return {
    graph,
    variables: [x.variable, recurrent.variable, ...(isBackward ? [dLast.variable] : [])],
    kernel: isBackward ? "lstm_backward" : "lstm_forward",
    check: ([out]) => {
      const reference = lastRow({ batch, steps, units, isBackward }, x, recurrent, dLast);
      const whole = out?.data ?? [];
      const size = reference.length;
      const row = isBackward
        ? whole.slice(whole.length - size)
        : [0, 1].flatMap((part) => [...whole.slice((part * batch + batch - 1) * units, (part + 1) * batch * units)]);
      checkSamples("lstm", row, (index) => ({ value: reference[index] as number, tolerance: TOLERANCE }));
    },
  };
}

/** Rounding errors over hundreds of steps, for numbers of magnitude about 1. */
const TOLERANCE = 1e-4;

function sweepGraph({ x, recurrent, dLast }: SweepVariables, isBackward: boolean): Graph {
  const { last } = lstmSweep(x.value, recurrent.value);
  const outputs = isBackward ? vjp([last], [dLast.value], [x.value]) : [last];
  return { outputs, updates: [] };
}

/** Computes the last row of the batch in float64. */
function lastRow(
  { batch, steps, units, isBackward }: Sweep,
  x: Table,
  recurrent: Table,
  dLast: Table,
): ArrayLike<number> {
  const own = (name: string, shape: readonly number[], data: Float32Array) =>
    new Variable({ name, shape, initial: () => ({ shape, data }) });
  const rowOf = (part: number) => dLast.data.slice((part * batch + batch - 1) * units, (part + 1) * batch * units);
  const variables = {
    x: own("x", [1, steps, 4 * units], x.data.slice(x.data.length - steps * 4 * units)),
    recurrent: own("recurrent", [units, 4 * units], recurrent.data),
    dLast: own("d last", [2, 1, units], Float32Array.from([...rowOf(0), ...rowOf(1)])),
  };
  const [result] = interpret(sweepGraph(variables, isBackward));
  return result?.data ?? [];
}
