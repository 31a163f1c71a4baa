/** Exports a model. The writers of other libraries' formats are loaded on demand. */
import type { ModelFiles } from "sluice";
import type { ExportFormat, ExportParams, ExportResult } from "../../messages/models.ts";
import type { Context } from "../context.ts";
import type { Subject } from "../session.ts";
import { zipped } from "../zip_files.ts";

async function archive(name: string, files: ModelFiles): Promise<ExportResult> {
  return { name, bytes: await zipped(files), contents: [...files.keys()] };
}

const WRITERS: Readonly<Record<ExportFormat, (subject: Subject) => Promise<ExportResult>>> = {
  sluice: async ({ model, encoder }) => {
    model.encoder = encoder;
    return archive("model.zip", await model.toFiles({ training: false }));
  },
  safetensors: async ({ model }) => {
    const { toSafetensors } = await import("sluice/convert");
    return { name: "model.safetensors", bytes: await toSafetensors(model), contents: [] };
  },
  tfjs: async ({ model }) => {
    const { toTfjs } = await import("sluice/convert");
    return archive("model-tfjs.zip", await toTfjs(model));
  },
  onnx: async ({ model }) => {
    const { toOnnx } = await import("sluice/convert");
    return { name: "model.onnx", bytes: new Uint8Array(await toOnnx(model)), contents: [] };
  },
};

/** Writes the model in a format. */
export async function exportModel(
  { session, transfer }: Context,
  { which, format }: ExportParams,
): Promise<ExportResult> {
  const result = await WRITERS[format](await session.subject(which));
  transfer(result.bytes.buffer);
  return result;
}
