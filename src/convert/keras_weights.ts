/**
 * The paths of a model's weights in Keras 3's HDF5 files: `layers/<class>/vars/<n>`, numbered per class, not by layer
 * name. Source: https://github.com/keras-team/keras/blob/master/keras/src/saving/saving_lib.py
 */
import { FormatError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { NestedModel } from "../nn/graph/nested_model.ts";
import { InputLayer, type Layer } from "../nn/layers/index.ts";
import type { Model } from "../nn/model/model.ts";
import type { AnyModel } from "./any_model.ts";
import type { Hdf5Content } from "./hdf5/content.ts";
import { layerRow } from "./layer_table.ts";
import { nameOf, numbered, pathName } from "./names.ts";

type Variable = Model["weightVariables"][number];

/** The variables of one of Keras's objects: a layer, a cell, the model itself. */
interface Saved {
  readonly path: string;
  readonly name: string;
  readonly weights: readonly Variable[];
}

const join = (path: string, child: string): string => (path === "" ? child : `${path}/${child}`);

/** A model or a nested model. */
type ModelLike = Pick<NestedModel, "graph" | "className" | "name">;

/** Keras visits the layers in order, each once: a shared layer is stored at its first occurrence. */
function savedModel({ graph, className, name }: ModelLike, path: string, seen: Set<Layer>): Saved[] {
  const layers = graph.layers.filter((layer) => className === "Functional" || !(layer instanceof InputLayer));
  const names = numbered(layers.map((layer) => pathName(layer.className)));
  return [
    { path, name, weights: [] },
    ...layers.flatMap((layer, index) => {
      if (seen.has(layer)) return [];
      seen.add(layer);
      const own = join(join(path, "layers"), names[index] as string);
      return layer instanceof NestedModel ? savedModel(layer, own, seen) : savedLayer(layer, own);
    }),
  ];
}

/** A layer's own variables, or those of its nested layers, under the attribute names. */
function savedLayer(layer: Layer, path: string, name = nameOf(layer)): Saved[] {
  const inside = Object.entries(layerRow(layer.className)?.inside?.(layer) ?? {});
  const parts = inside.flatMap(([key, inner]): Saved[] => {
    if (!Array.isArray(inner)) {
      const only = inner as Layer;
      // The cell of a recurrent layer has no name: Keras names it by its class.
      return savedLayer(only, join(path, key), only.name === layer.name ? pathName(only.className) : nameOf(only));
    }
    const cells = inner as readonly Layer[];
    const names = numbered(cells.map(({ className }) => pathName(className)));
    return cells.flatMap((cell, index) => savedLayer(cell, `${join(path, key)}/${names[index]}`));
  });
  const groups = Object.entries(layerRow(layer.className)?.groups?.(layer) ?? {});
  const own = inside.length === 0 && groups.length === 0 ? layer.weights : [];
  return [
    { path, name, weights: own },
    ...parts,
    ...groups.map(([key, group]): Saved => ({ path: join(path, key), ...group })),
  ];
}

/**
 * The arrays of a file in the order of `model.weights()`.
 * @throws FormatError if an array is missing, unknown or has the wrong shape.
 */
export function matchWeights(model: AnyModel, { datasets }: Hdf5Content, what: string): NdArray[] {
  const found = new Map<Variable, NdArray>();
  const expected = new Set<string>();
  for (const { path, weights } of savedModel(model, "", new Set())) {
    for (const [index, variable] of weights.entries()) {
      const at = `${join(path, "vars")}/${index}`;
      expected.add(at);
      found.set(variable, checked(datasets.get(at), variable, `${what}: ${at}`));
    }
  }
  const other = [...datasets.keys()].find((path) => path.startsWith("layers/") && !expected.has(path));
  if (other !== undefined) {
    throw new FormatError(
      `${what} holds ${other}, which the model "${model.name}" lacks: they belong to different models`,
      {
        path: other,
      },
    );
  }
  return model.weightVariables.map((variable) => found.get(variable) as NdArray);
}

function checked(array: NdArray | undefined, variable: Variable, where: string): NdArray {
  if (array === undefined) {
    throw new FormatError(`${where} is missing, which holds "${variable.name}": the file belongs to another model`, {
      variable: variable.name,
    });
  }
  if (!sameShape(array.shape, variable.shape) || !(array.data instanceof Float32Array)) {
    throw new FormatError(
      `${where} is ${array.data instanceof Float32Array ? "float32" : "int32"} ${formatShape(array.shape)}; ` +
        `"${variable.name}" is float32 ${formatShape(variable.shape)}`,
      { variable: variable.name, shape: array.shape, expected: variable.shape },
    );
  }
  if (!array.data.every(Number.isFinite)) {
    throw new FormatError(`${where} holds a number that is not finite`, { variable: variable.name });
  }
  return array;
}

/** The model's weights in Keras's file layout. */
export async function describeWeights(model: AnyModel): Promise<Hdf5Content> {
  const arrays = await model.weights();
  const values = new Map(model.weightVariables.map((variable, index) => [variable, arrays[index] as NdArray]));
  const content: Hdf5Content = { datasets: new Map(), groups: new Map() };
  for (const { path, name, weights } of savedModel(model, "", new Set())) {
    const group = join(path, "vars");
    content.groups.set(group, name);
    for (const [index, variable] of weights.entries()) {
      const { shape, data } = values.get(variable) as NdArray;
      content.datasets.set(`${group}/${index}`, { shape, data });
    }
  }
  return content;
}
