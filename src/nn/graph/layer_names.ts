/** Default layer names by Keras's rule: the class name in snake case, then with the suffix _1, _2, … */
import { ValueError } from "../../core/errors.ts";
import type { Layer } from "../layers/index.ts";

/** "MaxPooling1D" -> "max_pooling1d", as in keras/src/utils/naming.py. */
export function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * Gives every layer a unique name in the model. A layer already named by another model keeps that name unless it is
 * used here.
 * @throws ValueError if the user gave two layers the same name.
 */
export function nameLayers(layers: readonly Layer[]): void {
  const given = layers.filter(({ isNameGiven }) => isNameGiven).map(({ name }) => name);
  const taken = new Set(given);
  if (taken.size !== given.length) {
    const twice = given.find((name, index) => given.indexOf(name) !== index);
    throw new ValueError(`two layers of the model have the name "${twice}"; use unique names`, { names: given });
  }
  const isKept = new Set<Layer>();
  for (const layer of layers) {
    if (layer.isNameGiven || layer.name === "" || taken.has(layer.name)) continue;
    taken.add(layer.name);
    isKept.add(layer);
  }
  for (const layer of layers) {
    if (layer.isNameGiven || isKept.has(layer)) continue;
    const base = snakeCase(layer.className);
    let name = base;
    for (let count = 1; taken.has(name); count++) name = `${base}_${count}`;
    taken.add(name);
    layer.name = name;
  }
}
