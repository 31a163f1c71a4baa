/** Activations as ONNX nodes, and as attributes of ONNX's recurrent nodes. */
import { ValueError } from "../../core/errors.ts";
import { activationName } from "../../nn/activations/index.ts";
import type { Name, OnnxGraph } from "./graph.ts";

/** An activation in a layer's configuration: a name, or a name with options. */
export interface ActivationSpec {
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
}

type Emit = (graph: OnnxGraph, x: Name, option: (name: string, fallback: number) => number) => Name;

const single =
  (type: string, attributes: Readonly<Record<string, { readonly float: number }>> = {}): Emit =>
  (graph, x) =>
    graph.node(type, [x], attributes);

const clip = (graph: OnnxGraph, x: Name, low: number, high: number): Name =>
  graph.node("Clip", [x, graph.scalar(low), graph.scalar(high)]);

const EMITTERS: Readonly<Record<string, Emit>> = {
  linear: (_, x) => x,
  relu: (graph, x, option) => {
    if (option("threshold", 0) !== 0) throw new ValueError("toOnnx: a ReLU with a threshold has no ONNX form");
    const slope = option("negativeSlope", 0);
    const y = slope === 0 ? graph.node("Relu", [x]) : graph.node("LeakyRelu", [x], { alpha: { float: slope } });
    const limit = option("maxValue", Number.POSITIVE_INFINITY);
    return limit === Number.POSITIVE_INFINITY ? y : graph.node("Min", [y, graph.scalar(limit)]);
  },
  relu6: (graph, x) => clip(graph, x, 0, 6),
  leakyRelu: (graph, x, option) => graph.node("LeakyRelu", [x], { alpha: { float: option("negativeSlope", 0.2) } }),
  elu: (graph, x, option) => graph.node("Elu", [x], { alpha: { float: option("alpha", 1) } }),
  celu: (graph, x, option) => graph.node("Celu", [x], { alpha: { float: option("alpha", 1) } }),
  selu: single("Selu"),
  sigmoid: single("Sigmoid"),
  logSigmoid: (graph, x) => graph.node("Neg", [graph.node("Softplus", [graph.node("Neg", [x])])]),
  hardSigmoid: single("HardSigmoid", { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  tanh: single("Tanh"),
  hardTanh: (graph, x) => clip(graph, x, -1, 1),
  tanhShrink: (graph, x) => graph.node("Sub", [x, graph.node("Tanh", [x])]),
  softplus: single("Softplus"),
  softsign: single("Softsign"),
  exponential: single("Exp"),
  silu: (graph, x) => graph.node("Mul", [x, graph.node("Sigmoid", [x])]),
  hardSilu: single("HardSwish"),
  mish: (graph, x) => graph.node("Mul", [x, graph.node("Tanh", [graph.node("Softplus", [x])])]),
  gelu: (graph, x, option) => {
    if (option("approximate", 0) !== 0) throw new ValueError("toOnnx: the approximate gelu has no ONNX form here");
    const erf = graph.node("Erf", [graph.node("Mul", [x, graph.scalar(Math.SQRT1_2)])]);
    const half = graph.node("Mul", [x, graph.scalar(0.5)]);
    return graph.node("Mul", [half, graph.node("Add", [erf, graph.scalar(1)])]);
  },
  softmax: (graph, x, option) => graph.node("Softmax", [x], { axis: option("axis", -1) }),
  logSoftmax: (graph, x, option) => graph.node("LogSoftmax", [x], { axis: option("axis", -1) }),
};

/** An activation from a layer's configuration. */
export function activationSpec(config: unknown): ActivationSpec {
  const { name, ...options } = typeof config === "string" ? { name: config } : (config as { readonly name: string });
  return { name: activationName(name), options };
}

/** Adds an activation. @throws ValueError for one that has no ONNX form. */
export function emitActivation(graph: OnnxGraph, x: Name, { name, options }: ActivationSpec): Name {
  const emit = Object.hasOwn(EMITTERS, name) ? EMITTERS[name] : undefined;
  if (emit === undefined) {
    throw new ValueError(
      `toOnnx: the activation "${name}" has no ONNX form here; expected one of ${Object.keys(EMITTERS).join(", ")}`,
      { activation: name },
    );
  }
  return emit(graph, x, (option, fallback) => {
    const value = options[option];
    return value === undefined || value === null ? fallback : Number(value);
  });
}

/** The name of an activation in ONNX's recurrent nodes, with its alpha and beta if it has them. */
const RECURRENT: Readonly<Record<string, readonly [name: string, alpha?: number, beta?: number]>> = {
  linear: ["Affine", 1, 0],
  relu: ["Relu"],
  leakyRelu: ["LeakyRelu", 0.2],
  elu: ["Elu", 1],
  sigmoid: ["Sigmoid"],
  hardSigmoid: ["HardSigmoid", 1 / 6, 0.5],
  tanh: ["Tanh"],
  softplus: ["Softplus"],
  softsign: ["Softsign"],
};

/**
 * The attributes of a recurrent node with these activations. @throws ValueError for one that ONNX's nodes do not
 * support.
 */
export function recurrentActivations(layer: string, specs: readonly ActivationSpec[]) {
  const rows = specs.map(({ name, options }) => {
    const row = Object.hasOwn(RECURRENT, name) ? RECURRENT[name] : undefined;
    if (row === undefined || Object.keys(options).length > 0) {
      throw new ValueError(
        `toOnnx: the layer "${layer}" has the activation ${JSON.stringify({ name, ...options })}, which ONNX's ` +
          `recurrent nodes lack; they have ${Object.keys(RECURRENT).join(", ")} without options`,
        { layer, activation: name },
      );
    }
    return row;
  });
  const numbers = (index: 1 | 2) => rows.map((row) => row[index]).filter((value) => value !== undefined);
  return {
    activations: rows.map(([name]) => name),
    ...(numbers(1).length > 0 && { activation_alpha: { floats: numbers(1) } }),
    ...(numbers(2).length > 0 && { activation_beta: { floats: numbers(2) } }),
  };
}
