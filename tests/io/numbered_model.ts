/** Saves that hold a number in every part, so that a mix of two is noticed. */
import { readModelDirectory, writeModelDirectory } from "../../src/io/model_directory.ts";
import type { SavedModel } from "../../src/io/model_file.ts";
import { readSafetensors, writeSafetensors } from "../../src/io/safetensors.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";

const files = await openFileSystem();

/** A model whose weights, optimizer state and training all say `value`. */
export function numberedModel(value: number, elements = 2_000): SavedModel {
  const bytes = (name: string) =>
    writeSafetensors(new Map([[name, { shape: [elements], data: new Float32Array(elements).fill(value) }]]));
  return { architecture: [], training: { value }, weights: bytes("w"), optimizer: bytes("m") };
}

/** Saves it. */
export const saveNumber = (directory: string, value: number): Promise<void> =>
  writeModelDirectory(files, directory, numberedModel(value));

/**
 * The number in a directory.
 * @throws when the save cannot be loaded, or its parts disagree.
 */
export async function loadNumber(directory: string): Promise<number> {
  const { training, weights, optimizer = new Uint8Array() } = await readModelDirectory(files, directory);
  const w = readSafetensors(weights).tensors.get("w")?.data;
  const m = readSafetensors(optimizer).tensors.get("m")?.data;
  const value = w?.[0];
  const told = JSON.stringify(training);
  if (value === undefined || told !== JSON.stringify({ value }) || w?.at(-1) !== value || m?.at(-1) !== value) {
    throw new Error(`half a save: weights ${value}, optimizer ${m?.at(-1)}, training ${told}`);
  }
  return value;
}
