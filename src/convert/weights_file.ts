/** Reads and writes a model's weights as a safetensors file, by name. */
import { FormatError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { readOptions, readValue } from "../core/option_table.ts";
import { formatShape, sameShape } from "../core/shape.ts";
import { readSafetensors, writeSafetensors } from "../io/safetensors.ts";
import { FILE_LIMITS, type FileLimits } from "../platform/file_limits.ts";
import type { Source } from "../platform/open_source.ts";
import { readSource } from "../platform/read_source.ts";
import { type AnyModel, anyModel } from "./any_model.ts";

/**
 * Converts the model's weights to a `.safetensors` file: float32 tensors under the names of `model.weights()`, such as
 * `lstm/kernel`, in Keras's layout.
 * @example
 * await writeFile("weights.safetensors", await toSafetensors(model));
 */
export async function toSafetensors(model: AnyModel): Promise<Uint8Array<ArrayBuffer>> {
  readValue("toSafetensors", "model", anyModel, model);
  const weights = await model.weights();
  return writeSafetensors(new Map(weights.map(({ name, shape, data }) => [name, { shape, data }])));
}

/**
 * Loads a `.safetensors` file into a model whose weights have the same names and shapes.
 * @param source a path (Node, Deno), a URL, a `File` or the bytes.
 * @throws FormatError if the file is damaged, or a name is missing, unknown or of another shape; the model is then
 * unchanged.
 * @example
 * await loadSafetensors(model, "weights.safetensors");
 */
export async function loadSafetensors(model: AnyModel, source: Source, limits: FileLimits = {}): Promise<void> {
  readValue("loadSafetensors", "model", anyModel, model);
  const { maxBytes } = readOptions("loadSafetensors(model, source)", FILE_LIMITS, limits);
  const { name: file, bytes } = await readSource(source, maxBytes);
  const { tensors } = readSafetensors(bytes, file);
  const arrays = model.weightVariables.map(({ name, shape }): NdArray => {
    const array = tensors.get(name);
    const names = () => [...tensors.keys()].slice(0, 20).join(", ");
    if (array === undefined) throw new FormatError(`${file} has no "${name}"; it has ${names()}`, { name });
    if (!sameShape(array.shape, shape) || !(array.data instanceof Float32Array)) {
      throw new FormatError(`${file}: "${name}" is ${formatShape(array.shape)}; the model's is ${formatShape(shape)}`, {
        name,
      });
    }
    if (!array.data.every(Number.isFinite)) {
      throw new FormatError(`${file}: "${name}" holds a number that is not finite`, { name });
    }
    return array;
  });
  const known = new Set(model.weightVariables.map(({ name }) => name));
  const other = [...tensors.keys()].find((name) => !known.has(name));
  if (other !== undefined) {
    throw new FormatError(`${file} holds "${other.slice(0, 100)}", which the model "${model.name}" lacks`, {
      name: other,
    });
  }
  await model.setWeights(arrays);
}
