/** Loads a saved model. The registry of all layers, optimizers and metrics is loaded on demand. */
import type { Device, Model, ModelFiles } from "sluice";

/** @throws FormatError when the save is damaged. */
export async function loadSaved(files: ModelFiles, device: Device): Promise<Model> {
  const { loadModel } = await import("./every_layer.ts");
  return loadModel(files, { device });
}
