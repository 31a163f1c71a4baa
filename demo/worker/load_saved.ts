/** Any saved model. What knows every layer, optimizer and metric by name is loaded when there is a save to open. */
import type { Device, Model, ModelFiles } from "sluice";

/** @throws FormatError when the save is damaged. */
export async function loadSaved(files: ModelFiles, device: Device): Promise<Model> {
  const { loadModel } = await import("./every_layer.ts");
  return loadModel(files, { device });
}
