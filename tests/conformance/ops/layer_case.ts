/**
 * A layer as a case of an op: its inputs and weights are the case's inputs, so that gradients by all of them are
 * checked.
 */
import { type Shape, scalar, type Value, Variable } from "../../../src/index.ts";
import type { Layer } from "../../../src/nn/layers/index.ts";
import type { CallContext } from "../../../src/nn/layers/layer.ts";
import { flags, normal, type OpCase, type TensorSpec, uniform } from "./op_case.ts";

/** What is peculiar to a case. */
export interface LayerCaseOptions {
  /** Of the inputs, with the batch. */
  readonly shapes: readonly Shape[];
  /** In place of normal numbers. */
  readonly inputs?: readonly TensorSpec[];
  /** Which inputs have a mask `[B, T]`; no mask is all false in a row. */
  readonly masked?: readonly number[];
  readonly training?: boolean;
  /** Gives state updates as outputs too. */
  readonly withUpdates?: boolean;
  readonly options?: Partial<OpCase>;
}

/** A mask for x `[B, T, ...]`: its first timestep always counts. */
function maskSpec(shape: Shape): TensorSpec {
  const { draw } = flags([]);
  const time = shape[1] as number;
  return {
    shape: shape.slice(0, 2),
    dtype: "bool",
    draw: (random, index) => (index % time === 0 ? 1 : draw(random, index)),
  };
}

/** Makes the layer's weights out of values, in its order. */
export function buildOn(layer: Layer, shapes: readonly Shape[], values: readonly Value[]): void {
  let next = 0;
  layer.build(
    shapes.map((shape) => shape.slice(1)),
    ({ name, shape, trainable = true }) => {
      const variable = new Variable({ name, shape, trainable });
      return Object.defineProperty(variable, "value", { value: values[next++] });
    },
  );
}

/** A case for the layer that `make` makes. */
export function layerCase(op: string, name: string, make: () => Layer, given: LayerCaseOptions): OpCase {
  const { shapes, masked = [], training = false, withUpdates = false } = given;
  const inputs = given.inputs ?? shapes.map((shape) => normal(shape));
  const [first = [], ...others] = shapes.map((shape): Shape => shape.slice(1));
  // A variance is never below 0.
  const weights = make()
    .weightSpecs(first, ...others)
    .map((spec) => (spec.name.endsWith("variance") ? uniform(spec.shape, 0.2, 2) : normal(spec.shape)));
  const masks = masked.map((which) => maskSpec(shapes[which] as Shape));
  return {
    op,
    name,
    inputs: [...inputs, ...weights, ...masks],
    build: (values) => {
      const sources = values.slice(0, inputs.length);
      const layer = make();
      buildOn(layer, shapes, values.slice(inputs.length, inputs.length + weights.length));
      const flagged = values.slice(inputs.length + weights.length);
      const all = sources.map((_, index) => flagged[masked.indexOf(index)]);
      const context: CallContext = {
        training,
        random: () => ({ counter: scalar(3, "int32"), seed: 5, stream: 9 }),
        inputs: sources,
        mask: all[0],
        masks: all,
      };
      const { output, mask, updates = [] } = layer.compute(sources[0] as Value, context);
      return [output, ...(mask === undefined ? [] : [mask]), ...(withUpdates ? updates.map(({ value }) => value) : [])];
    },
    ...given.options,
  };
}
