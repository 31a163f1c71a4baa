/** A layer called on symbolic tensors: everything that can be wrong with the call is said here, before any model exists. */
import { DTypeError, ShapeError, ValueError } from "../../core/errors.ts";
import { shown } from "../../core/options.ts";
import { formatShape, type Shape, sameShape } from "../../core/shape.ts";
import type { Layer, LayerCallOptions } from "./layer.ts";
import { LayerNode, SymbolicTensor } from "./symbolic.ts";

const batched = (shape: Shape): string => `[B${shape.map((size) => `, ${size}`).join("")}]`;

/**
 * Records a call of `layer`. Gives all its outputs.
 * @throws ValueError, ShapeError or DTypeError naming the layer, what was expected and what came.
 */
export function callLayer(
  layer: Layer,
  given: SymbolicTensor | readonly SymbolicTensor[],
  options: LayerCallOptions,
): readonly SymbolicTensor[] {
  const what = `${layer.className} "${layer.name}"`;
  const inputs = Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [given as SymbolicTensor];
  for (const tensor of inputs) expectSymbolic(tensor, `${what}: call`);
  layer.expectKnownOptions();
  layer.expectInputs(inputs);
  const [shape, ...others] = inputs.map((tensor) => tensor.shape) as [Shape, ...Shape[]];
  expectSameWeights(layer, [shape, ...others], what);
  const masks = maskList(options.mask, inputs, what);
  const initialState = stateList(layer, options.initialState, [shape, ...others], what);
  const types = layer.outputShapes(shape, ...others).map((each) => ({ shape: each, dtype: layer.outputDType }));
  return new LayerNode(layer, { inputs, masks, initialState }, types).outputs;
}

/** @throws ValueError when something else came where a symbolic tensor is wanted. */
export function expectSymbolic(given: unknown, what: string): asserts given is SymbolicTensor {
  if (given instanceof SymbolicTensor) return;
  throw new ValueError(
    `${what}: got ${shown(given)}; expected a symbolic tensor, as input({ shape }) and a layer's call give. To compute on data, put the layer into a model and call predict.`,
  );
}

/** A layer that is called again has its weights already: the new inputs must fit them. */
function expectSameWeights(layer: Layer, shapes: readonly [Shape, ...Shape[]], what: string): void {
  const wanted = layer.weightSpecs(...shapes);
  const [first] = layer.nodes;
  if (first === undefined) return;
  const [shape, ...others] = first.inputs.map((tensor) => tensor.shape) as [Shape, ...Shape[]];
  for (const [index, spec] of layer.weightSpecs(shape, ...others).entries()) {
    const other = wanted[index];
    if (other !== undefined && sameShape(spec.shape, other.shape)) continue;
    throw new ShapeError(
      `${what}: called on ${shapes.map(batched).join(", ")}; its first call was on ${[shape, ...others].map(batched).join(", ")}, so its weight "${spec.name}" is ${formatShape(spec.shape)}. A shared layer takes inputs that fit the same weights; make a second layer for the others.`,
      { layer: layer.name, shapes },
    );
  }
}

function maskList(
  given: LayerCallOptions["mask"],
  inputs: readonly SymbolicTensor[],
  what: string,
): readonly (SymbolicTensor | undefined)[] {
  const list = Array.isArray(given) ? (given as readonly (SymbolicTensor | undefined)[]) : [given as SymbolicTensor];
  return inputs.map(({ shape }, index) => {
    const mask = list[index] ?? undefined;
    if (mask === undefined) return undefined;
    expectSymbolic(mask, `${what}: mask`);
    if (mask.dtype !== "bool") {
      throw new DTypeError(
        `${what}: the mask is ${mask.dtype}; expected bool, as of input({ shape: [T], dtype: "bool" })`,
        { layer: what, dtype: mask.dtype },
      );
    }
    const expected = shape.slice(0, 1);
    if (!sameShape(mask.shape, expected)) {
      throw new ShapeError(
        `${what}: the mask is ${batched(mask.shape)}; expected ${batched(expected)}: true or false for each timestep of the input ${batched(shape)}`,
        { layer: what, mask: mask.shape, expected },
      );
    }
    return mask;
  });
}

function stateList(
  layer: Layer,
  given: LayerCallOptions["initialState"],
  shapes: readonly [Shape, ...Shape[]],
  what: string,
): readonly SymbolicTensor[] | undefined {
  if (given === undefined) return undefined;
  const list = Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [given as SymbolicTensor];
  const wanted = layer.stateShapes(...shapes);
  if (wanted.length === 0) {
    throw new ValueError(`${what}: got an initialState, but the layer keeps no state; only recurrent layers take one`, {
      layer: what,
    });
  }
  for (const state of list) expectSymbolic(state, `${what}: initialState`);
  if (list.length !== wanted.length || list.some(({ shape }, index) => !sameShape(shape, wanted[index] as Shape))) {
    throw new ShapeError(
      `${what}: initialState is ${list.map(({ shape }) => batched(shape)).join(", ")}; expected ${wanted.length} of shape ${wanted.map(batched).join(", ")}`,
      { layer: what, expected: wanted },
    );
  }
  return list;
}
