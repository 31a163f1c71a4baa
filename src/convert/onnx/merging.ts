/** Layers of several inputs as ONNX nodes: merging, dot products, attention. */
import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { normalizeAxis, type Shape, sizeOf } from "../../core/shape.ts";
import type { Name, OnnxGraph } from "./graph.ts";
import type { EmitLayer, LayerCall, Tensor } from "./tensor.ts";

/** Gives all inputs the same rank, by adding axes of size 1 after the batch. */
function aligned({ graph, inputs }: LayerCall): Tensor[] {
  const rank = Math.max(...inputs.map(({ shape }) => shape.length));
  return inputs.map((x) => {
    const added = Array.from({ length: rank - x.shape.length }, (_, axis) => axis + 1);
    return added.length === 0 ? x : { ...x, name: graph.node("Unsqueeze", [x.name, graph.ints(...added)]) };
  });
}

/** The logical or of the masks; undefined if an input has none. */
function anyMask(graph: OnnxGraph, inputs: readonly Tensor[]): Name | undefined {
  if (inputs.some(({ mask }) => mask === undefined)) return undefined;
  return inputs.map(({ mask }) => mask as Name).reduce((a, b) => graph.node("Or", [a, b]));
}

/** Reshapes a mask `[N, T]` to broadcast over a value with `rank` axes. */
function spreadMask(graph: OnnxGraph, mask: Name, rank: number): Name {
  const added = Array.from({ length: Math.max(0, rank - 2) }, (_, axis) => axis + 2);
  return added.length === 0 ? mask : graph.node("Unsqueeze", [mask, graph.ints(...added)]);
}

/** Merges inputs element-wise, pairwise or all at once. */
export function emitMerge(type: "Add" | "Sub" | "Mean"): EmitLayer {
  return (call) => {
    const { graph, inputs, outputShape } = call;
    const names = aligned(call).map(({ name }) => name);
    const name = type === "Mean" ? graph.node(type, names) : names.reduce((a, b) => graph.node(type, [a, b]));
    return [{ name, shape: outputShape, mask: anyMask(graph, inputs) }];
  };
}

/** A timestep masked in some inputs is ignored in those; one masked in all inputs becomes zero. */
export const emitMultiply: EmitLayer = (call) => {
  const { graph, inputs, outputShape } = call;
  const rank = outputShape.length + 1;
  const factors = aligned(call).map(({ name, mask }) =>
    mask === undefined ? name : graph.node("Where", [spreadMask(graph, mask, rank), name, graph.scalar(1)]),
  );
  const product = factors.reduce((a, b) => graph.node("Mul", [a, b]));
  const mask = anyMask(graph, inputs);
  if (mask === undefined) return [{ name: product, shape: outputShape }];
  return [
    {
      name: graph.node("Where", [spreadMask(graph, mask, rank), product, graph.scalar(0)]),
      shape: outputShape,
      mask,
    },
  ];
};

/** The element-wise maximum or minimum of all inputs. */
export function emitExtreme(type: "Max" | "Min"): EmitLayer {
  return (call) => {
    const { graph, inputs, layer, outputShape } = call;
    if (inputs.some(({ mask }) => mask !== undefined)) {
      throw new ValueError(
        `toOnnx: ${layer.className} "${layer.name}" reads masked inputs, which has no ONNX form here`,
        {
          layer: layer.name,
        },
      );
    }
    const names = aligned(call).map(({ name }) => name);
    return [{ name: graph.node(type, names), shape: outputShape }];
  };
}

export const emitConcatenate: EmitLayer = ({ graph, layer, inputs, outputShape }) => {
  const rank = outputShape.length + 1;
  const axis = normalizeAxis(layer.name, layer.config.axis as number, rank);
  const names = inputs.map(({ name }) => name);
  const name = graph.node("Concat", names, { axis });
  if (axis !== 1 || rank < 3 || inputs.every(({ mask }) => mask === undefined)) {
    return [{ name, shape: outputShape, mask: anyMask(graph, inputs) }];
  }
  // Along time, the masks are concatenated too; an input without a mask is all true.
  const masks = inputs.map(({ mask, name: own, shape }) => {
    if (mask !== undefined) return mask;
    const first = graph.node("ReduceMax", [own], {
      axes: Array.from({ length: shape.length - 1 }, (_, index) => index + 2),
      keepdims: 0,
    });
    return graph.node("Equal", [first, first]);
  });
  return [{ name, shape: outputShape, mask: graph.node("Concat", masks, { axis: 1 }) }];
};

export const emitDot: EmitLayer = ({ graph, layer, inputs, outputShape }) => {
  const { axes, normalize } = layer.config;
  const given = typeof axes === "number" ? [axes, axes] : (axes as readonly number[]);
  const [a, b] = inputs.map((x, which) => {
    const axis = normalizeAxis(layer.name, given[which] as number, x.shape.length + 1);
    return rowsOf(graph, x, axis, normalize === true);
  }) as [Name, Name];
  const product = graph.node("MatMul", [a, graph.node("Transpose", [b], { perm: [0, 2, 1] })]);
  return [{ name: graph.node("Reshape", [product, graph.ints(-1, ...outputShape)]), shape: outputShape }];
};

/** Reshapes x to `[N, all other axes, K]`. */
function rowsOf(graph: OnnxGraph, { name, shape }: Tensor, axis: number, isNormalized: boolean): Name {
  const size = shape[axis - 1] as number;
  const unit = isNormalized ? graph.node("Div", [name, normOf(graph, name, axis)]) : name;
  const order = [0, ...shape.map((_, index) => index + 1).filter((each) => each !== axis), axis];
  const last = graph.node("Transpose", [unit], { perm: order });
  return graph.node("Reshape", [last, graph.ints(-1, sizeOf(shape) / size, size)]);
}

function normOf(graph: OnnxGraph, x: Name, axis: number): Name {
  const squares = graph.node("ReduceSum", [graph.node("Mul", [x, x]), graph.ints(axis)], { keepdims: 1 });
  return graph.node("Sqrt", [graph.node("Max", [squares, graph.scalar(1e-14)])]);
}

/** Dot-product and additive attention: scores, their softmax, the weighted sum of the values. */
export const emitAttention: EmitLayer = (call) => {
  const { graph, layer, inputs, outputShape } = call;
  const [query, value, key = value] = inputs as [Tensor, Tensor, Tensor?];
  const counts = countingScores(graph, value.mask, layer.config.useCausalMask === true, query.shape, value.shape);
  let scores = scoresOf(call, query.name, (key as Tensor).name);
  if (counts !== undefined) {
    const left = graph.node("Mul", [graph.cast(graph.node("Not", [counts]), "float32"), graph.scalar(1e9)]);
    scores = graph.node("Sub", [scores, left]);
  }
  const output = graph.node("MatMul", [graph.node("Softmax", [scores], { axis: -1 }), value.name]);
  if (query.mask === undefined) return [{ name: output, shape: outputShape }];
  const shown = graph.cast(graph.node("Unsqueeze", [query.mask, graph.ints(2)]), "float32");
  return [{ name: graph.node("Mul", [output, shown]), shape: outputShape, mask: query.mask }];
};

function scoresOf({ graph, layer, weights }: LayerCall, query: Name, key: Name): Name {
  const { useScale, scoreMode } = layer.config;
  const parameters = weights.map((array, index) => graph.weight(`${layer.name}/${index}`, array as NdArray));
  const [first, second] = parameters;
  if (layer.className === "Attention" && scoreMode === "dot") {
    const products = graph.node("MatMul", [query, graph.node("Transpose", [key], { perm: [0, 2, 1] })]);
    return first === undefined ? products : graph.node("Mul", [products, first]);
  }
  const wide = [graph.node("Unsqueeze", [query, graph.ints(2)]), graph.node("Unsqueeze", [key, graph.ints(1)])];
  const sums = graph.node("Add", wide);
  const total = (features: Name) => graph.node("ReduceSum", [features, graph.ints(-1)], { keepdims: 0 });
  if (layer.className === "AdditiveAttention") {
    const features = graph.node("Tanh", [sums]);
    return total(first === undefined ? features : graph.node("Mul", [features, first]));
  }
  const scaled = useScale === true ? graph.node("Mul", [sums, first as Name]) : sums;
  return graph.node("Mul", [total(graph.node("Tanh", [scaled])), (useScale === true ? second : first) as Name]);
}

/** A bool mask that broadcasts over the scores `[N, Tq, Tv]`. */
function countingScores(
  graph: OnnxGraph,
  mask: Name | undefined,
  isCausal: boolean,
  [query = 1]: Shape,
  [value = 1]: Shape,
): Name | undefined {
  const shown = mask && graph.node("Unsqueeze", [mask, graph.ints(1)]);
  if (!isCausal) return shown;
  const seen = Int32Array.from({ length: query * value }, (_, at) => Number(at % value <= Math.floor(at / value)));
  const causal = graph.cast(graph.weight("causal", { shape: [1, query, value], data: seen }), "bool");
  return shown === undefined ? causal : graph.node("And", [shown, causal]);
}
