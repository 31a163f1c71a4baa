/** The layers of a model as a graph of calls: their order, names and weights, and the values they compute. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { shown } from "../../core/options.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { Update, Value, Variable } from "../../graph/operation.ts";
import { branchOf, type RandomSource } from "../../ops/data/random.ts";
import { cast, notEqual } from "../../ops/elementwise/arithmetic.ts";
import { type CallContext, type CallResult, InputLayer, type Layer, type LayerTrace } from "../layers/index.ts";
import { expectSymbolic, type LayerNode, type SymbolicTensor } from "../layers/layer.ts";
import type { Constraint } from "../weights/constraints.ts";
import { orderOf } from "./graph_order.ts";
import type { InputSpec } from "./input_spec.ts";
import { nameLayers } from "./layer_names.ts";
import { makeWeight, seedWeights } from "./weight_origins.ts";

/** The first random stream of layers such as dropout; weights use streams from 0. */
const LAYER_STREAM = 0x20000000;
/** The stream offset between successive random draws of a layer. */
const NEXT_REQUEST = 0x10000;
/** The first random branch for micro-batches; layers use lower ones. */
const MICRO_BATCH_BRANCH = 0x1000;

/** The options of `run`. */
export interface GraphRun {
  readonly training: boolean;
  /** The masks of the inputs, if any. */
  readonly masks?: readonly (Value | undefined)[];
  /** Returns random numbers for the layer call at this index; new ones at each request. */
  random(place: number): RandomSource;
  /** The current value of a layer's variable, if the graph is called several times in one run. */
  readonly stateOf?: CallContext["stateOf"];
  /** Called for each layer call with its input masks and its result. */
  readonly onCall?: (node: LayerNode, masks: readonly (Value | undefined)[], result: CallResult) => void;
}

/** The result of running a graph. */
export interface GraphResult {
  readonly outputs: readonly Value[];
  readonly masks: readonly (Value | undefined)[];
  /** Scalars to add to the loss: activity penalties and, for an outermost model, weight penalties. */
  readonly penalties: readonly Value[];
  /** The updates of the layers' variables. */
  readonly updates: readonly Update[];
  /** The result of each call, including those in nested models. */
  readonly traces: readonly LayerTrace[];
}

/** The options of `LayerGraph`. */
export interface LayerGraphOptions {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Default: 0. */
  readonly seed?: number | undefined;
}

/** A validated graph of layers. Its weights are variables that are not yet on any device. */
export class LayerGraph {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Each layer once, in Keras's order. */
  readonly layers: readonly Layer[];
  /** The calls in topological order, excluding input layers. */
  readonly nodes: readonly LayerNode[];
  readonly seed: number;
  /** The weights in Keras's order; those of a shared layer appear once. */
  readonly weights: readonly Variable[];
  /** The requirements for each input. */
  readonly inputSpecs: readonly InputSpec[];

  constructor({ inputs, outputs, seed }: LayerGraphOptions) {
    checkEnds(inputs, outputs);
    if (!Number.isSafeInteger(seed ?? 0))
      throw new ValueError(`the seed is ${shown(seed)}; expected a whole number`, { seed });
    const { nodes, layers } = orderOf(outputs);
    checkReached(inputs, nodes);
    this.inputs = [...inputs];
    this.outputs = [...outputs];
    this.layers = layers;
    this.nodes = nodes.filter(({ layer }) => !(layer instanceof InputLayer));
    this.seed = seed ?? 0;
    nameLayers(layers);
    for (const layer of layers) {
      if (layer.isBuilt) continue;
      const shapes = (layer.nodes[0] as LayerNode).inputs.map(({ shape }) => shape);
      layer.build(shapes, (spec) => makeWeight(layer, spec));
    }
    this.weights = [...new Set(layers.flatMap((layer) => layer.weights))];
    seedWeights(this.weights, this.seed, seed !== undefined);
    this.inputSpecs = inputs.map((input) => this.#inputSpec(input));
  }

  /** The states that layers keep between batches; empty before the first batch. */
  get stateVariables(): readonly Variable[] {
    return this.layers.flatMap(({ stateVariables }) => stateVariables);
  }

  /** The names of the input layers. */
  get inputNames(): readonly string[] {
    return this.inputs.map(({ node }) => node.layer.name);
  }

  /** The names of the layers that produce the outputs, numbered if one layer produces several. */
  get outputNames(): readonly string[] {
    const taken = new Map<string, number>();
    return this.outputs.map(({ node }) => {
      const { name } = node.layer;
      const count = taken.get(name) ?? 0;
      taken.set(name, count + 1);
      return count === 0 ? name : `${name}_${count}`;
    });
  }

  get inputShapes(): readonly Shape[] {
    return this.inputs.map(({ shape }) => shape);
  }

  get outputShapes(): readonly Shape[] {
    return this.outputs.map(({ shape }) => shape);
  }

  /** The trainable weights. */
  get trainableWeights(): readonly Variable[] {
    return [...new Set(this.layers.flatMap((layer) => layer.trainableWeights))];
  }

  /** @throws ShapeError if the shapes differ from those of the inputs. */
  expectShapes(shapes: readonly Shape[], what: string): void {
    if (
      shapes.length === this.inputs.length &&
      shapes.every((shape, index) => sameShape(shape, this.inputShapes[index] as Shape))
    )
      return;
    const list = (all: readonly Shape[]) =>
      all.map((shape) => formatShape(["B", ...shape] as unknown as Shape)).join(", ");
    throw new ShapeError(`${what}: called on ${list(shapes)}; the model takes ${list(this.inputShapes)}`, {
      shapes,
      expected: this.inputShapes,
    });
  }

  /** The penalties of trainable weights. */
  weightPenalties(): Value[] {
    return this.layers.flatMap((layer) => layer.weightPenalties());
  }

  /** The constraint on a weight, if any. */
  constraintOf(weight: Variable): Constraint | undefined {
    return this.layers.map((layer) => layer.constraintOf(weight)).find((constraint) => constraint !== undefined);
  }

  /**
   * Builds the graph on inputs `[B, ...shape]`; with `step` (int32 scalar), in training mode. Each micro-batch (counted
   * from 0) draws its own random numbers.
   */
  build(inputs: readonly Value[], step?: Value, microBatch = 0): GraphResult {
    const requests = new Map<number, number>();
    const result = this.run(inputs, {
      training: step !== undefined,
      random: (place) => {
        if (step === undefined) throw new ValueError("random numbers are for training only");
        const request = requests.get(place) ?? 0;
        requests.set(place, request + 1);
        const source = { counter: step, seed: this.seed, stream: LAYER_STREAM + place + request * NEXT_REQUEST };
        return microBatch === 0 ? source : branchOf(source, MICRO_BATCH_BRANCH + microBatch);
      },
    });
    return { ...result, penalties: [...this.weightPenalties(), ...result.penalties] };
  }

  /** Builds the graph as an outermost model or inside another one. */
  run(inputs: readonly Value[], { training, masks = [], random, stateOf, onCall }: GraphRun): GraphResult {
    const values = new Map<SymbolicTensor, Value>();
    const flowing = new Map<SymbolicTensor, Value | undefined>();
    const traces: LayerTrace[] = [];
    const states = new Map<Variable, Value>();
    const penalties: Value[] = [];
    this.inputs.forEach((tensor, index) => {
      const value = inputs[index] as Value;
      values.set(tensor, tensor.dtype === "bool" && value.dtype !== "bool" ? notEqual(value, 0) : value);
      flowing.set(tensor, masks[index]);
    });
    const valueAt = (tensor: SymbolicTensor) => values.get(tensor) as Value;
    this.nodes.forEach((node, place) => {
      const { layer, initialState } = node;
      const read = node.inputs.map((tensor, index) => castTo(layer.inputType(index).dtype, valueAt(tensor)));
      const given = node.masks.map((mask, index) =>
        mask === undefined ? flowing.get(node.inputs[index] as SymbolicTensor) : valueAt(mask),
      );
      const result = layer.compute(read[0] as Value, {
        training,
        random: () => random(place),
        inputs: read,
        mask: given[0],
        masks: given,
        initialState: initialState?.map(valueAt),
        stateOf: (variable) => states.get(variable) ?? stateOf?.(variable) ?? variable.value,
      });
      onCall?.(node, given, result);
      keep(node, result, values, flowing);
      for (const { variable, value } of result.updates ?? []) states.set(variable, value);
      penalties.push(...layer.activityPenalties(result.outputs ?? [result.output]), ...(result.penalties ?? []));
      traces.push({ layer, result }, ...(result.traces ?? []));
    });
    return {
      outputs: this.outputs.map(valueAt),
      masks: this.outputs.map((output) => flowing.get(output)),
      penalties,
      updates: Array.from(states, ([variable, value]) => ({ variable, value })),
      traces,
    };
  }

  /** An input without a dtype is int32 if all its consumers take ids. */
  #inputSpec(input: SymbolicTensor): InputSpec {
    const readers = this.nodes.flatMap(({ layer, inputs }) =>
      inputs.flatMap((tensor, index) => (tensor === input ? [layer.inputType(index)] : [])),
    );
    const limits = readers.flatMap(({ idLimit }) => idLimit ?? []);
    const takesIds = readers.length > 0 && readers.every(({ dtype }) => dtype === "int32");
    return {
      name: input.node.layer.name,
      shape: input.shape,
      dtype: (input.node.layer as InputLayer).dtype ?? (takesIds ? "int32" : "float32"),
      idLimit: limits.length === 0 ? undefined : Math.min(...limits),
    };
  }
}

/** As in Keras, float32 ids are cast to int32. */
function castTo(dtype: string, value: Value): Value {
  return dtype === "int32" && value.dtype === "float32" ? cast(value, "int32") : value;
}

function keep(
  { layer, outputs }: LayerNode,
  result: CallResult,
  values: Map<SymbolicTensor, Value>,
  flowing: Map<SymbolicTensor, Value | undefined>,
): void {
  const given = result.outputs ?? [result.output];
  if (given.length !== outputs.length) {
    throw new ValueError(
      `${layer.className} "${layer.name}": compute returned ${given.length} outputs; its outputShapes has ` +
        `${outputs.length}`,
    );
  }
  outputs.forEach((tensor, index) => {
    values.set(tensor, given[index] as Value);
    flowing.set(tensor, index === 0 ? (result.masks?.[0] ?? result.mask) : result.masks?.[index]);
  });
}

function checkEnds(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): void {
  for (const [option, list] of Object.entries({ inputs, outputs })) {
    if (list.length === 0) throw new ValueError(`model: got no ${option}; expected at least one`);
    for (const tensor of list) expectSymbolic(tensor, `model: ${option}`);
  }
  for (const tensor of inputs) {
    if (tensor.node.layer instanceof InputLayer) continue;
    throw new ValueError(
      `model: the input ${tensor.source} is the output of a layer; expected tensors of input({ shape }): a model ` +
        "starts at its inputs",
      { source: tensor.source },
    );
  }
  if (new Set(inputs).size !== inputs.length) throw new ValueError("model: one tensor is listed twice in inputs");
}

function checkReached(inputs: readonly SymbolicTensor[], nodes: readonly LayerNode[]): void {
  const ends = new Set(inputs.map(({ node }) => node));
  const label = ({ node }: SymbolicTensor) => `"${node.layer.name || "input_layer"}"`;
  for (const node of nodes) {
    if (!(node.layer instanceof InputLayer) || ends.has(node)) continue;
    throw new ValueError(
      `model: the outputs depend on the input ${label(node.outputs[0] as SymbolicTensor)}, which is not among ` +
        `inputs (${inputs.map(label).join(", ")}); add it to them`,
    );
  }
  const reached = new Set(nodes);
  for (const input of inputs) {
    if (reached.has(input.node)) continue;
    throw new ValueError(`model: no output depends on the input ${label(input)}; remove or use it`);
  }
}
