/** The layers of a model as a graph of calls: their order, names and weights, and the values they build. */
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

/** Random streams of layers that drop inputs begin here; those of weights count from 0. */
const LAYER_STREAM = 0x20000000;
/** From one request of a layer for random numbers to its next. */
const NEXT_REQUEST = 0x10000;
/** Branches of a layer's random numbers begin here for micro-batches; layers use lower ones. */
const MICRO_BATCH_BRANCH = 0x1000;

/** How a graph is run. */
export interface GraphRun {
  readonly training: boolean;
  /** Masks of the inputs, where they have some. */
  readonly masks?: readonly (Value | undefined)[];
  /** Random numbers for the layer at this place among the calls; others at each request. */
  random(place: number): RandomSource;
  /** What a variable of the layers holds by now, where the graph is called several times in one run. */
  readonly stateOf?: CallContext["stateOf"];
  /** Told of each call: the masks of its inputs, and what came of it. */
  readonly onCall?: (node: LayerNode, masks: readonly (Value | undefined)[], result: CallResult) => void;
}

/** What a graph gives. */
export interface GraphResult {
  readonly outputs: readonly Value[];
  readonly masks: readonly (Value | undefined)[];
  /** Scalars that are added to the loss: the penalties of activities, and in a model of its own those of weights. */
  readonly penalties: readonly Value[];
  /** What variables of the layers hold after the run. */
  readonly updates: readonly Update[];
  /** Each call's result, those inside inner models too. */
  readonly traces: readonly LayerTrace[];
}

/** What a graph is made of. */
export interface LayerGraphOptions {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Default: 0. */
  readonly seed?: number | undefined;
}

/** A checked graph of layers. Its weights exist as variables; no device knows of them yet. */
export class LayerGraph {
  readonly inputs: readonly SymbolicTensor[];
  readonly outputs: readonly SymbolicTensor[];
  /** Each layer once, in Keras's order. */
  readonly layers: readonly Layer[];
  /** The calls, each after those that it reads; without those of the inputs. */
  readonly nodes: readonly LayerNode[];
  readonly seed: number;
  /** In Keras's order; those of a shared layer once. */
  readonly weights: readonly Variable[];
  /** What each input must be. */
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

  /** States that layers keep from batch to batch; none before the first batch. */
  get stateVariables(): readonly Variable[] {
    return this.layers.flatMap(({ stateVariables }) => stateVariables);
  }

  /** The inputs' names: those of their layers. */
  get inputNames(): readonly string[] {
    return this.inputs.map(({ node }) => node.layer.name);
  }

  /** The outputs' names: those of the layers they come from, told apart by a number where one layer gives several. */
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

  /** The weights that a training changes. */
  get trainableWeights(): readonly Variable[] {
    return [...new Set(this.layers.flatMap((layer) => layer.trainableWeights))];
  }

  /** @throws ShapeError if the shapes are not those of the inputs. */
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

  /** What the trained weights add to the loss. */
  weightPenalties(): Value[] {
    return this.layers.flatMap((layer) => layer.weightPenalties());
  }

  /** The limit on a weight, if it has one. */
  constraintOf(weight: Variable): Constraint | undefined {
    return this.layers.map((layer) => layer.constraintOf(weight)).find((constraint) => constraint !== undefined);
  }

  /**
   * Builds the graph on inputs `[B, ...shape]`; with `step` (int32 scalar) as in training. Micro-batches, counted
   * from 0, draw random numbers of their own.
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

  /** Builds the graph as `run` says: as a model of its own, or inside another. */
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

  /** The dtype of an input that was given none is int32 where all who read it take ids. */
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

/** Ids that come as float32 become int32 again, as in Keras. */
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
      `${layer.className} "${layer.name}": compute gave ${given.length} outputs; its outputShapes promise ` +
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
        "begins where data enters",
      { source: tensor.source },
    );
  }
  if (new Set(inputs).size !== inputs.length) throw new ValueError("model: one tensor stands twice among the inputs");
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
    throw new ValueError(`model: no output depends on the input ${label(input)}; leave it out, or use it`);
  }
}
