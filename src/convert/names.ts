/** Converts names between Python's and TypeScript's conventions. */

/** `recurrentActivation` -> `recurrent_activation`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `GlorotUniform` -> `glorotUniform`. */
export function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

/** `glorotUniform` -> `GlorotUniform`. */
export function upperFirst(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

/**
 * A class name in a weights file's paths, by Keras's `to_snake_case`: `SimpleRNN` -> `simple_rnn`, `MaxPooling1D` ->
 * `max_pooling1d`.
 */
export function pathName(className: string): string {
  return className
    .replace(/\W+/g, "")
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Numbers the repeated names of a list: `dense`, `dense_1`, `dense_2`. */
export function numbered(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  return names.map((name) => {
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  });
}

/** A layer's name. A nested layer without a name gets Keras's default name. */
export function nameOf({ name, className }: { readonly name: string; readonly className: string }): string {
  return name === "" ? pathName(className) : name;
}
