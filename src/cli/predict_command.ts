/** `sluice predict`: classifies texts with a saved model. */
import process from "node:process";
import { FormatError } from "../core/errors.ts";
import { loadModel, ReviewEncoder, requestDevice } from "../index.ts";
import { MANIFEST_NAME } from "../io/model_file.ts";
import { openFileSystem } from "../platform/file_system.ts";
import type { PredictArguments } from "./predict_arguments.ts";
import { printLine } from "./print.ts";
import { provideWebGpu } from "./provide_webgpu.ts";
import { predictTexts } from "./sentiment_job.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Prints the label and the probability of each text.
 * @throws SluiceError for every error that the user can fix
 */
export async function predictCommand({ model: directory, texts: given, json }: PredictArguments): Promise<number> {
  if (!(await (await openFileSystem()).exists(`${directory}/${MANIFEST_NAME}`))) {
    throw new UsageError(
      `--model ${directory}: there is no ${MANIFEST_NAME}; expected a directory that \`sluice train\` saved to`,
    );
  }
  const texts = given.length > 0 ? given : await readLines();
  await provideWebGpu();
  const device = await requestDevice();
  try {
    const model = await loadModel(directory, { device });
    const { encoder, outputShape } = model;
    if (!(encoder instanceof ReviewEncoder) || outputShape.length !== 1 || outputShape[0] !== 1) {
      throw new FormatError(`${directory}: the model does not classify texts; expected one saved by \`sluice train\``);
    }
    const predictions = (await predictTexts(model, encoder, texts)).map((prediction) => ({
      ...prediction,
      knownWords: knownWords(encoder, prediction.text),
    }));
    if (json) {
      printLine(JSON.stringify(predictions, null, 2));
      return 0;
    }
    for (const { label, probability, text, knownWords: known } of predictions) {
      printLine(
        `${label}  ${probability.toFixed(3)}  ` +
          `${text}${known === 0 ? "  (none of its words are in the model's vocabulary)" : ""}`,
      );
    }
    return 0;
  } finally {
    device.dispose();
  }
}

function knownWords(encoder: ReviewEncoder, text: string): number {
  return encoder.encodeText(text).filter((id) => id > encoder.indexFrom).length;
}

async function readLines(): Promise<string[]> {
  if (process.stdin.isTTY)
    throw new UsageError('no text was given; expected texts, as in "some text", or lines on standard input');
  let all = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) all += chunk;
  const lines = all.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new UsageError("standard input holds no text; expected one text per line");
  return lines;
}
