/** A model as files to take home. What writes another library's format is loaded when it is asked for. */
import type { Context } from "../../protocol.ts";
import type { Subject, Which } from "../session.ts";

/** A format, and what it is good for. */
export type ExportFormat = "sluice" | "safetensors" | "tfjs" | "onnx";

export interface ExportParams {
  readonly which: Which;
  readonly format: ExportFormat;
}

/** One file to save, and the names of those in it where it is an archive. */
export interface ExportResult {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contents: readonly string[];
}

type Files = ReadonlyMap<string, Uint8Array>;

/** Files as one .zip, none of them compressed: weights do not shrink. */
async function zipped(files: Files): Promise<Uint8Array<ArrayBuffer>> {
  const { configure, Uint8ArrayReader, Uint8ArrayWriter, ZipWriter } = await import("@zip.js/zip.js");
  configure({ useWebWorkers: false });
  const writer = new ZipWriter(new Uint8ArrayWriter(), { level: 0 });
  for (const [name, bytes] of files) await writer.add(name, new Uint8ArrayReader(bytes));
  return new Uint8Array(await writer.close());
}

async function archive(name: string, files: Files): Promise<ExportResult> {
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
