/** Model inspection: a recurrent layer's gates over time, and gradients of the output with respect to the input. */

import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { ifGiven, readOptions, type TableOf, text } from "../../core/option_table.ts";
import { input, scalar, type Value } from "../../graph/operation.ts";
import { broadcastTo, slice } from "../../ops/data/movement.ts";
import { mul, sqrt, square } from "../../ops/elementwise/arithmetic.ts";
import { sum } from "../../ops/reduce/reduce.ts";
import type { Device } from "../../runtime/device.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import { Program } from "../../runtime/run/program.ts";
import { vjp } from "../../transform/gradients.ts";
import { logitsBehind } from "../activations/logits.ts";
import { type InputsLike, prepareInputs } from "../data/data_input.ts";
import { rowsOf, sizeOfColumn } from "../data/examples.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import type { Layer, LayerTrace } from "../layers/index.ts";

/** The trace of an LSTM, each `[B, T, units]`: the three gates, the candidate, the cell state and the hidden state. */
export interface CellTrace {
  readonly layer: string;
  readonly i: NdArray;
  readonly f: NdArray;
  readonly candidate: NdArray;
  readonly o: NdArray;
  readonly c: NdArray;
  readonly h: NdArray;
}

/** The trace of a GRU, each `[B, T, units]`: update gate, reset gate, candidate and hidden state. */
export interface GruTrace {
  readonly layer: string;
  readonly z: NdArray;
  readonly r: NdArray;
  readonly candidate: NdArray;
  readonly h: NdArray;
}

/** The trace of a simple recurrent layer: the hidden state after each timestep, `[B, T, units]`. */
export interface SimpleRnnTrace {
  readonly layer: string;
  readonly h: NdArray;
}

/** The gradient of the output with respect to the input, for each example. */
export interface InputGradients {
  /** The model's output, `[B, ...]`. */
  readonly output: NdArray;
  /**
   * d(Σ output) / d(input vector at t), `[B, T, D]`; with respect to the input of the first recurrent layer, such as an
   * embedding's vectors.
   */
  readonly input: NdArray;
  /** The L2 norm of that gradient at each timestep, `[B, T]`. */
  readonly norm: NdArray;
  /** Gradient · input, `[B, T]`: each timestep's signed contribution to the output. */
  readonly contribution: NdArray;
}

/** Options of `trace`. */
export interface TraceOptions {
  /** The recurrent layer's name. Default: the first recurrent layer. */
  readonly layer?: string | undefined;
}

/** The options of `trace` and `hiddenGradients`. */
export const TRACE = { layer: ifGiven(text) } satisfies TableOf<TraceOptions>;

/** The parts of a model that inspection needs. */
export interface InspectedModel {
  readonly name: string;
  readonly layers: readonly Layer[];
  readonly graph: LayerGraph;
  readonly device: Device;
  readonly variants: Variants;
}

/** Runs one program on x and reads its outputs. */
export async function runOnce(
  { graph, device, variants }: InspectedModel,
  x: InputsLike,
  what: string,
  build: (xs: readonly Value[]) => readonly Value[],
): Promise<NdArray[]> {
  const arrays = prepareInputs(x, graph.inputSpecs, what).map((column) => rowsOf(column, 0, sizeOfColumn(column)));
  const xs = graph.inputSpecs.map(({ name, dtype }, index) => input(name, (arrays[index] as NdArray).shape, dtype));
  const program = await Program.compile(
    device,
    { outputs: build(xs), updates: [] },
    { label: what, inputs: xs, variants },
  );
  try {
    return await program.run(new Map(xs.map((value, index) => [value, arrays[index] as NdArray])));
  } finally {
    program.dispose();
  }
}

/** The value to differentiate: the logits if the model ends in a sigmoid or softmax, otherwise its output. */
export function scoreOf(output: Value): Value {
  return logitsBehind(output, "sigmoid") ?? logitsBehind(output, "softmax") ?? output;
}

/**
 * The values that the layer's kernel saves at every timestep, by the layer's names for them.
 * @throws ValueError if the model has no such recurrent layer, or the layer does not run in a kernel.
 */
export async function traceCell<Trace extends CellTrace | GruTrace | SimpleRnnTrace = CellTrace>(
  model: InspectedModel,
  x: InputsLike,
  options: TraceOptions = {},
): Promise<Trace> {
  const { layer: name } = readOptions("trace(x)", TRACE, options);
  let found: LayerTrace | undefined;
  const arrays = await runOnce(model, x, "trace", (xs) => {
    found = model.graph
      .build(xs)
      .traces.find(
        ({ layer, result }) => result.savedNames !== undefined && (name === undefined || layer.name === name),
      );
    const { saved, savedNames, hidden } = found?.result ?? {};
    if (savedNames === undefined || hidden === undefined) {
      throw new ValueError(
        "trace: " +
          (name === undefined
            ? "the model has no recurrent layer "
            : `"${name}" is not a recurrent layer of this model `) +
          `with a kernel; the model's layers are ${model.layers.map((layer) => layer.name).join(", ")}`,
        { layer: name },
      );
    }
    const [batch, time, units] = hidden.shape as [number, number, number];
    const part = (_name: string, index: number) => slice(saved as Value, [0, 0, index * units], [batch, time, units]);
    return [hidden, ...savedNames.map(part)];
  });
  const { layer, result } = found as LayerTrace;
  const [h, ...parts] = arrays;
  const byName = (result.savedNames ?? []).map((part, index) => [part, parts[index]]);
  return { layer: layer.name, ...Object.fromEntries(byName), h } as unknown as Trace;
}

/**
 * Gradients with respect to the input at each timestep. If the model ends in a sigmoid or softmax, the logits are
 * differentiated: their gradient does not vanish for confident predictions.
 */
export async function inputGradients(model: InspectedModel, x: InputsLike): Promise<InputGradients> {
  const { inputs, outputs: ends } = model.graph;
  if (inputs.length !== 1 || ends.length !== 1) {
    throw new ValueError(
      `gradients: the model "${model.name}" has ${inputs.length} inputs and ${ends.length} outputs; expected one ` +
        "of each",
    );
  }
  const arrays = await runOnce(model, x, "gradients", (xs) => {
    const { outputs, traces } = model.graph.build(xs);
    const [output, value] = [outputs[0] as Value, xs[0] as Value];
    const source = value.dtype === "float32" ? value : (traces[0] as LayerTrace).result.output;
    const score = scoreOf(output);
    const [gradient] = vjp([score], [broadcastTo(scalar(1), score.shape)], [source]) as [Value];
    return [output, gradient, sqrt(sum(square(gradient), { axes: -1 })), sum(mul(gradient, source), { axes: -1 })];
  });
  const [output, gradient, norm, contribution] = arrays as [NdArray, NdArray, NdArray, NdArray];
  return { output, input: gradient, norm, contribution };
}
