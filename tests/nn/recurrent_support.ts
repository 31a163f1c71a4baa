/** A recurrent layer on data in the float64 interpreter. */

import type { ReferenceArray } from "../../src/graph/op.ts";
import {
  inputValue,
  interpret,
  type NdArray,
  Random,
  type Shape,
  scalar,
  type Value,
  Variable,
} from "../../src/index.ts";
import type { CallContext, Layer } from "../../src/nn/layers/index.ts";
import { GruCell, LstmCell, PeepholeLstmCell, SimpleRnnCell } from "../../src/nn/layers/index.ts";

/** Normal numbers, always the same for one seed. */
export function normals(shape: Shape, seed: number, scale = 1): NdArray {
  const random = new Random(seed);
  const size = shape.reduce((product, axis) => product * axis, 1);
  return { shape, data: Float32Array.from({ length: size }, () => random.normal() * scale) };
}

/** What a layer is given beside its input. */
export interface Given {
  readonly mask?: readonly number[];
  readonly states?: readonly NdArray[];
  /** A step of training, else a prediction. */
  readonly step?: number;
}

/** Builds the layer, with random weights unless `weights` says which. */
export function built<L extends Layer>(layer: L, inputShape: Shape, weights?: readonly NdArray[]): L {
  let next = 0;
  layer.build([inputShape], ({ name, shape }) => {
    const index = next++;
    return new Variable({ name, shape, initial: () => weights?.[index] ?? normals(shape, 100 + index, 0.5) });
  });
  return layer;
}

/** All outputs of the layer and then its states, in float64. */
export function run(layer: Layer, x: NdArray, { mask, states, step }: Given = {}): ReferenceArray[] {
  const feeds = new Map<Value, NdArray>();
  const feed = (name: string, array: NdArray, dtype: "float32" | "bool" = "float32"): Value => {
    const value = inputValue(name, array.shape, dtype);
    feeds.set(value, array);
    return value;
  };
  const source = feed("x", x);
  const flags = mask && feed("mask", { shape: x.shape.slice(0, 2), data: Int32Array.from(mask) }, "bool");
  const context: CallContext = {
    training: step !== undefined,
    random: () => ({ counter: scalar(step ?? 0, "int32"), seed: 5, stream: 9 }),
    inputs: [source],
    mask: flags,
    masks: [flags],
    initialState: states?.map((array, index) => feed(`state ${index}`, array)),
  };
  const result = layer.compute(source, context);
  const outputs = [...(result.outputs ?? [result.output]), ...(result.states ?? [])];
  return interpret({ outputs, updates: [] }, { inputs: feeds });
}

/** The largest difference of two results. */
export function difference(a: readonly ReferenceArray[], b: readonly ReferenceArray[]): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  return Math.max(
    ...a.map(({ data, shape }, index) => {
      const other = b[index] as ReferenceArray;
      if (shape.join() !== other.shape.join()) return Number.POSITIVE_INFINITY;
      return data.reduce((worst, value, at) => Math.max(worst, Math.abs(value - (other.data[at] as number))), 0);
    }),
  );
}

/** Cells that leave their kernels alone: their steps are written out. */
export class LstmCellByStep extends LstmCell {
  override path() {
    return "cells" as const;
  }
}
export class PeepholeLstmCellByStep extends PeepholeLstmCell {
  override path() {
    return "cells" as const;
  }
}
export class GruCellByStep extends GruCell {
  override path() {
    return "cells" as const;
  }
}
export class SimpleRnnCellByStep extends SimpleRnnCell {
  override path() {
    return "cells" as const;
  }
}
