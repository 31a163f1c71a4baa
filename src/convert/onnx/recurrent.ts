/**
 * LSTM, GRU and SimpleRNN as ONNX's recurrent nodes. https://onnx.ai/onnx/operators/onnx__LSTM.html
 *
 * A mask may exclude any timesteps, but ONNX only supports sequence lengths. Therefore the included timesteps are moved
 * to the front in order, which gives the same states, and output sequences are moved back.
 */
import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import type { LayerConfig, Rnn, StackedRnnCells } from "../../nn/layers/index.ts";
import { activationSpec, recurrentActivations } from "./activations.ts";
import type { Name, OnnxGraph } from "./graph.ts";
import type { EmitLayer, LayerCall, Tensor } from "./tensor.ts";

interface Cell {
  readonly type: "LSTM" | "GRU" | "RNN";
  /** The index in Keras's weights of each gate, in ONNX's order. */
  readonly gates: readonly number[];
  /** The same for the peepholes, the last of the weights. */
  readonly peepholes?: readonly number[];
  /** The options that name the activations, in ONNX's order. */
  readonly activations: readonly string[];
}

// i, o, f, c from Keras's i, f, c, o.
const LSTM: Cell = {
  type: "LSTM",
  gates: [0, 3, 1, 2],
  activations: ["recurrentActivation", "activation", "activation"],
};

const CELLS: Readonly<Record<string, Cell>> = {
  LSTMCell: LSTM,
  // i, o, f from i, f, o.
  PeepholeLSTMCell: { ...LSTM, peepholes: [0, 2, 1] },
  // z, r, h in both orders.
  GRUCell: { type: "GRU", gates: [0, 1, 2], activations: ["recurrentActivation", "activation"] },
  SimpleRNNCell: { type: "RNN", gates: [0], activations: ["activation"] },
};

/** A cell to write: its class, weights and options. */
interface WrittenCell {
  readonly className: string;
  readonly config: LayerConfig;
  readonly weights: readonly NdArray[];
}

/** Writes a recurrent layer: returns its output, then its states. Stacked cells become one node each. */
export const emitRecurrent: EmitLayer = (call) => {
  const { graph, layer, inputs, states: given } = call;
  const { config } = layer;
  if (config.stateful === true) {
    throw new ValueError(`toOnnx: the layer "${layer.name}" is stateful, which ONNX's nodes are not`, {
      layer: layer.name,
    });
  }
  const [x] = inputs;
  const time = x.shape[0] as number;
  const steps = sequence(graph, x, config.goBackwards === true);
  const packed = steps.mask === undefined ? undefined : packSteps(graph, steps.name, steps.mask, time);
  let hidden = packed?.name ?? steps.name;
  let last: Name | undefined;
  const states: Tensor[] = [];
  for (const cell of cellsOf(call)) {
    const initial = given.slice(states.length, states.length + (CELLS[cell.className]?.type === "LSTM" ? 2 : 1));
    const [all, ...finals] = emitCell(call, cell, hidden, packed?.lengths, initial) as [Name, Name, ...Name[]];
    hidden = all;
    last = finals[0];
    for (const [index, name] of finals.entries()) {
      const start = initial[index];
      // If a row has no included timesteps, its states stay unchanged.
      const kept = start === undefined || packed === undefined ? name : whereAny(graph, packed, name, start.name);
      states.push({ name: kept, shape: [cell.config.units as number] });
    }
  }
  const units = (states.at(-1) as Tensor).shape[0] as number;
  const isZeroed = config.zeroOutputForMask === true;
  if (config.returnSequences === true) {
    const name = packed === undefined ? hidden : unpackSteps(graph, hidden, packed.mask, isZeroed);
    return [{ name, shape: [time, units], mask: x.mask }, ...states];
  }
  let output = last as Name;
  if (packed !== undefined && isZeroed) {
    const end = graph.node("Slice", [packed.mask, graph.ints(-1), graph.ints(time), graph.ints(1)]);
    output = graph.node("Where", [end, output, graph.scalar(0)]);
  } else if (packed !== undefined && given.length > 0) {
    output = whereAny(graph, packed, output, graph.scalar(0));
  }
  return [{ name: output, shape: [units] }, ...states];
};

/** The layer's cell, or its stacked cells. */
function cellsOf({ layer, weights }: LayerCall): readonly WrittenCell[] {
  const { className, config } = layer;
  if (className !== "RNN") return [{ className: `${className}Cell`, config, weights }];
  const { cell } = layer as Rnn;
  const cells = cell.className === "StackedRNNCells" ? (cell as StackedRnnCells).cells : [cell];
  let from = 0;
  return cells.map((each) => {
    const count = each.weights.length;
    from += count;
    return { className: each.className, config: each.config, weights: weights.slice(from - count, from) };
  });
}

/** One node over the steps `[N, T, D]`: the output of each, `[N, T, H]`, and the last states. */
function emitCell(
  { graph, layer }: LayerCall,
  { className, config, weights }: WrittenCell,
  x: Name,
  lengths: Name | undefined,
  initial: readonly Tensor[],
): Name[] {
  const cell = CELLS[className];
  if (cell === undefined) {
    throw new ValueError(`toOnnx: the layer "${layer.name}" has a cell of the class ${className}, which ONNX lacks`, {
      layer: layer.name,
    });
  }
  const units = config.units as number;
  const specs = cell.activations.map((option) => activationSpec(config[option]));
  const [all, ...last] = graph.nodes(
    cell.type,
    [
      graph.node("Transpose", [x], { perm: [1, 0, 2] }),
      ...weightsOf(graph, layer.name, weights, cell, units),
      lengths ?? "",
      ...initial.map(({ name }) => graph.node("Unsqueeze", [name, graph.ints(0)])),
      ...peepholesOf(graph, layer.name, weights, cell, initial.length),
    ],
    cell.type === "LSTM" ? 3 : 2,
    {
      hidden_size: units,
      ...recurrentActivations(layer.name, specs),
      ...(cell.type === "GRU" && { linear_before_reset: config.resetAfter === false ? 0 : 1 }),
    },
  ) as [Name, ...Name[]];
  const hidden = graph.node("Transpose", [graph.node("Squeeze", [all, graph.ints(1)])], { perm: [1, 0, 2] });
  return [hidden, ...last.map((name) => graph.node("Squeeze", [name, graph.ints(0)]))];
}

/** Selects `some` in rows with at least one included timestep, `none` in the others. */
function whereAny(graph: OnnxGraph, { lengths }: { readonly lengths: Name }, some: Name, none: Name): Name {
  const counts = graph.node("Greater", [graph.cast(lengths, "int64"), graph.int(0)]);
  return graph.node("Where", [graph.node("Unsqueeze", [counts, graph.ints(1)]), some, none]);
}

/** The timesteps in reading order. */
function sequence(graph: OnnxGraph, { name, mask, shape }: Tensor, isReversed: boolean) {
  if (!isReversed) return { name, mask };
  const time = shape[0] as number;
  return { name: reverseTime(graph, name, time), mask: mask === undefined ? mask : reverseTime(graph, mask, time) };
}

/** Reverses `[N, T, …]` along time. */
export function reverseTime(graph: OnnxGraph, x: Name, time: number): Name {
  return graph.node("Slice", [x, graph.ints(-1), graph.ints(-time - 1), graph.ints(1), graph.ints(-1)]);
}

/** Moves the included timesteps to the front, in order; also returns their number in each row. */
function packSteps(graph: OnnxGraph, x: Name, mask: Name, time: number) {
  const counts = graph.cast(mask, "int64");
  const place = graph.ints(...Array.from({ length: time }, (_, step) => time - 1 - step));
  const rank = graph.node("Add", [graph.node("Mul", [counts, graph.int(time)]), place]);
  const [, order] = graph.nodes("TopK", [rank, graph.ints(time)], 2, { axis: 1 }) as [Name, Name];
  const lengths = graph.cast(graph.node("ReduceSum", [counts, graph.ints(1)], { keepdims: 0 }), "int32");
  return { name: gatherSteps(graph, x, order), lengths, mask };
}

/** Moves each timestep's output back to its position; an excluded timestep repeats the previous output, or is zero. */
function unpackSteps(graph: OnnxGraph, hidden: Name, mask: Name, isZeroed: boolean): Name {
  const seen = graph.node("CumSum", [graph.cast(mask, "int64"), graph.int(1)]);
  const place = graph.node("Max", [graph.node("Sub", [seen, graph.int(1)]), graph.int(0)]);
  const isShown = isZeroed ? mask : graph.node("Greater", [seen, graph.int(0)]);
  const spread = gatherSteps(graph, hidden, place);
  return graph.node("Where", [graph.node("Unsqueeze", [isShown, graph.ints(2)]), spread, graph.scalar(0)]);
}

function gatherSteps(graph: OnnxGraph, x: Name, places: Name): Name {
  const wide = graph.node("Expand", [graph.node("Unsqueeze", [places, graph.ints(2)]), graph.node("Shape", [x])]);
  return graph.node("GatherElements", [x, wide], { axis: 1 });
}

/** W `[1, G·H, D]`, R `[1, G·H, H]` and B `[1, 2·G·H]` from Keras's kernel `[D, G·H]`, recurrent kernel and bias. */
function weightsOf(
  graph: OnnxGraph,
  name: string,
  weights: readonly NdArray[],
  { gates, peepholes }: Cell,
  units: number,
): Name[] {
  const [kernel, recurrent, bias] = (peepholes ? weights.slice(0, -1) : weights) as [
    NdArray,
    NdArray,
    NdArray | undefined,
  ];
  const wide = gates.length * units;
  const turned = ({ shape, data }: NdArray): NdArray => {
    const rows = shape[0] as number;
    const result = new Float32Array(wide * rows);
    for (const [gate, source] of gates.entries()) {
      for (let unit = 0; unit < units; unit++) {
        for (let row = 0; row < rows; row++) {
          result[(gate * units + unit) * rows + row] = data[row * wide + source * units + unit] as number;
        }
      }
    }
    return { shape: [1, wide, rows], data: result };
  };
  const both = new Float32Array(2 * wide);
  // GRU with resetAfter has a bias for the input and one for the state: [2, 3H]. Others have only the first.
  for (let part = 0; bias !== undefined && part * wide < bias.data.length; part++) {
    for (const [gate, source] of gates.entries()) {
      const from = part * wide + source * units;
      both.set(bias.data.subarray(from, from + units), part * wide + gate * units);
    }
  }
  return [
    graph.weight(`${name}/kernel`, turned(kernel)),
    graph.weight(`${name}/recurrent_kernel`, turned(recurrent)),
    graph.weight(`${name}/bias`, { shape: [1, 2 * wide], data: both }),
  ];
}

/** P `[1, 3·H]` from the peephole kernel `[3, H]`; an input after the two initial states. */
function peepholesOf(
  graph: OnnxGraph,
  name: string,
  weights: readonly NdArray[],
  { peepholes }: Cell,
  initial: number,
): Name[] {
  const kernel = weights.at(-1);
  if (peepholes === undefined || kernel === undefined) return [];
  const units = kernel.data.length / peepholes.length;
  const data = Float32Array.from(kernel.data, (_, at) => {
    const source = peepholes[Math.floor(at / units)] ?? 0;
    return kernel.data[source * units + (at % units)] ?? 0;
  });
  const weight = graph.weight(`${name}/peephole_kernel`, { shape: [1, data.length], data });
  return [...Array.from({ length: 2 - initial }, () => ""), weight];
}
