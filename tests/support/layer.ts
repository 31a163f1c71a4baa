/** A layer on given numbers, in float64. */
import { constantValue, interpret, type NdArray, scalar, type Value, Variable } from "../../src/index.ts";
import type { Layer } from "../../src/nn/layers/index.ts";

/** Options of `runLayer`. */
export interface LayerRun {
  readonly weights?: readonly NdArray[];
  /** One for each input. */
  readonly masks?: readonly (NdArray | undefined)[];
  readonly training?: boolean;
}

/** Plain numbers. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** What a layer gives. */
export interface LayerAnswer {
  readonly output: Numbers;
  readonly mask: Numbers | undefined;
  /** What variables hold after the run, by name. */
  readonly updates: Readonly<Record<string, Numbers>>;
}

/** `[...shape]` filled from `data`; int32 where asked. */
export function array(
  shape: readonly number[],
  data: readonly number[],
  dtype: "float32" | "int32" = "float32",
): NdArray {
  return { shape, data: dtype === "float32" ? Float32Array.from(data) : Int32Array.from(data) };
}

/** Builds the layer for the inputs and computes its output. */
export function runLayer(layer: Layer, inputs: readonly NdArray[], given: LayerRun = {}): LayerAnswer {
  const { weights = [], masks = [], training = false } = given;
  let next = 0;
  layer.build(
    inputs.map(({ shape }) => shape.slice(1)),
    ({ name, shape, initializer, trainable = true }) => {
      const weight = weights[next++] ?? { shape, data: initializer.fill(shape, undefined as never) };
      return new Variable({ name, shape, trainable, initial: () => weight });
    },
  );
  const values = inputs.map((input) => constantValue(input));
  const flags = inputs.map((_, index) => masks[index] && constantValue(masks[index], "bool"));
  const result = layer.compute(values[0] as Value, {
    training,
    random: () => ({ counter: scalar(2, "int32"), seed: 7, stream: 1 }),
    inputs: values,
    mask: flags[0],
    masks: flags,
  });
  const updates = result.updates ?? [];
  const outputs = [result.output, ...updates.map(({ value }) => value), ...(result.mask ? [result.mask] : [])];
  const came = interpret({ outputs, updates: [] }).map(
    ({ shape, data }): Numbers => ({ shape, data: Array.from(data) }),
  );
  return {
    output: came[0] as Numbers,
    mask: result.mask && came.at(-1),
    updates: Object.fromEntries(updates.map(({ variable }, index) => [variable.name, came[index + 1] as Numbers])),
  };
}
