/** Layers in a row: their names, shapes and weights, and the values they build. */
import { ShapeError, ValueError } from "../core/errors.ts";
import { Random } from "../core/random.ts";
import { formatShape, type Shape } from "../core/shape.ts";
import { type Update, type Value, Variable } from "../graph/operation.ts";
import type { Constraint } from "./constraints.ts";
import type { InputSpec } from "./data_input.ts";
import { type CallResult, Embedding, type Layer, type WeightSpec } from "./layers/index.ts";

/** Random streams of layers that drop inputs begin here; those of weights count from 0. */
const LAYER_STREAM = 0x20000000;

/** What a layer gave in one forward build. */
export interface LayerTrace {
  readonly layer: Layer;
  readonly result: CallResult;
}

/** What a forward build gives. */
export interface ForwardPass {
  readonly output: Value;
  /** Scalars that are added to the loss: the penalties of weights and of activities. */
  readonly penalties: readonly Value[];
  /** What state of the layers holds after the run, such as moving statistics. */
  readonly updates: readonly Update[];
}

/** A checked row of layers. Its weights exist as variables; no device knows of them yet. */
export class LayerStack {
  readonly layers: readonly Layer[];
  readonly inputShape: Shape;
  readonly seed: number;
  /** Outputs of the layers, without the batch. */
  readonly shapes: readonly Shape[];
  /** In Keras's order. */
  readonly weights: readonly Variable[];

  constructor(layers: readonly Layer[], inputShape: Shape, seed: number) {
    if (layers.length === 0) throw new ValueError("sequential: got no layers; expected at least one");
    if (inputShape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new ShapeError(
        `sequential: inputShape is ${formatShape(inputShape)}; expected whole sizes of at least 1, without the batch`,
        { inputShape },
      );
    }
    this.layers = layers;
    this.inputShape = [...inputShape];
    this.seed = seed;
    nameLayers(layers);
    const shapes: Shape[] = [];
    const weights: Variable[] = [];
    let shape: Shape = this.inputShape;
    for (const layer of layers) {
      layer.build([shape], (spec) => {
        const weight = makeWeight(layer, spec, seed, weights.length);
        weights.push(weight);
        return weight;
      });
      shape = layer.outputShape(shape);
      shapes.push(shape);
    }
    this.shapes = shapes;
    this.weights = weights;
  }

  /** The output's shape without the batch. */
  get outputShape(): Shape {
    return this.shapes.at(-1) as Shape;
  }

  /** What the input must be. */
  get inputSpec(): InputSpec {
    const [first] = this.layers as [Layer];
    return {
      shape: this.inputShape,
      dtype: first.inputDType,
      idLimit: first instanceof Embedding ? first.inputDim : undefined,
    };
  }

  /** Builds the layers on x `[B, ...inputShape]`; with `step` (int32 scalar) as in training. Returns every layer's result. */
  build(x: Value, step?: Value): readonly LayerTrace[] {
    let value = x;
    let mask: Value | undefined;
    return this.layers.map((layer, index) => {
      const result = layer.compute(value, {
        training: step !== undefined,
        inputs: [value],
        mask,
        masks: [mask],
        random: () => {
          if (step === undefined) throw new ValueError(`${layer.name}: random numbers are for training only`);
          return { counter: step, seed: this.seed, stream: LAYER_STREAM + index };
        },
      });
      value = result.output;
      mask = result.mask;
      return { layer, result };
    });
  }

  /** The output for x, with what the layers add to the loss and to their state. */
  forward(x: Value, step?: Value): ForwardPass {
    const traces = this.build(x, step);
    return {
      output: (traces.at(-1) as LayerTrace).result.output,
      penalties: [
        ...this.layers.flatMap((layer) => layer.weightPenalties()),
        ...traces.flatMap(({ layer, result }) => layer.activityPenalties([result.output])),
      ],
      updates: traces.flatMap(({ result }) => result.updates ?? []),
    };
  }

  /** The limit on a weight, if it has one. */
  constraintOf(weight: Variable): Constraint | undefined {
    return this.layers.map((layer) => layer.constraintOf(weight)).find((constraint) => constraint !== undefined);
  }
}

function nameLayers(layers: readonly Layer[]): void {
  const taken = new Set(layers.map((layer) => layer.name).filter((name) => name !== ""));
  for (const layer of layers) {
    if (layer.name !== "") continue;
    const base = layer.className.toLowerCase();
    let name = base;
    for (let count = 1; taken.has(name); count++) name = `${base}_${count}`;
    taken.add(name);
    layer.name = name;
  }
  if (taken.size !== layers.length)
    throw new ValueError("sequential: two layers have one name; give each its own", {
      names: layers.map((layer) => layer.name),
    });
}

function makeWeight(layer: Layer, spec: WeightSpec, seed: number, stream: number): Variable {
  const { name, shape, initializer, trainable = true } = spec;
  return new Variable({
    name: `${layer.name}/${name}`,
    shape,
    trainable,
    initial: () => ({ shape, data: initializer.fill(shape, new Random(seed, stream)) }),
  });
}
