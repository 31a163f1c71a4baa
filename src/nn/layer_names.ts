/** Names of layers that were given none, by Keras's rule: the class's name in snake case, then with _1, _2, … */
import { ValueError } from "../core/errors.ts";
import type { Layer } from "./layers/index.ts";

/** "MaxPooling1D" -> "max_pooling1d", as keras/src/utils/naming.py writes it. */
export function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * Gives every layer a name that no other layer of the model has.
 * @throws ValueError when two were given the same.
 */
export function nameLayers(layers: readonly Layer[]): void {
  const given = layers.map((layer) => layer.name).filter((name) => name !== "");
  const taken = new Set(given);
  if (taken.size !== given.length) {
    const twice = given.find((name, index) => given.indexOf(name) !== index);
    throw new ValueError(`two layers of the model have the name "${twice}"; give each its own`, { names: given });
  }
  for (const layer of layers) {
    if (layer.name !== "") continue;
    const base = snakeCase(layer.className);
    let name = base;
    for (let count = 1; taken.has(name); count++) name = `${base}_${count}`;
    taken.add(name);
    layer.name = name;
  }
}
