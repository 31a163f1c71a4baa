/** `sluice predict`: classifies texts with a saved model. */
import process from "node:process";
import { FormatError } from "../core/errors.ts";
import { loadModel, ReviewEncoder, requestDevice, Tokenizer } from "../index.ts";
import { MANIFEST_NAME } from "../io/model_file.ts";
import { openFileSystem } from "../platform/file_system.ts";
import { checkFile } from "./path_checks.ts";
import type { PredictArguments } from "./predict_arguments.ts";
import { printLine } from "./print.ts";
import { provideWebGpu } from "./provide_webgpu.ts";
import { encodeJson } from "./run_directory.ts";
import { predictTexts } from "./sentiment_job.ts";
import { predictionLine } from "./training_report.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Prints the label and the probability of each text.
 * @throws SluiceError for every error that the user can fix
 */
export async function predictCommand({ model: directory, texts: given, json }: PredictArguments): Promise<number> {
  const storage = await openFileSystem();
  if (json !== undefined && json !== "-") await checkFile("--json", json);
  if (!(await storage.exists(`${directory}/${MANIFEST_NAME}`))) {
    throw new UsageError(
      `--model ${directory}: there is no ${MANIFEST_NAME}; expected a directory that \`sluice train\` saved to`,
    );
  }
  const texts = given.length > 0 ? given : await readLines();
  await provideWebGpu();
  const device = await requestDevice();
  try {
    const model = await loadModel(directory, { device });
    const { encoder } = model;
    if (!(encoder instanceof ReviewEncoder || encoder instanceof Tokenizer)) {
      throw new FormatError(`${directory}: the model does not classify texts; expected one saved by \`sluice train\``);
    }
    const predictions = (await predictTexts(model, texts)).map((prediction) => ({
      ...prediction,
      knownWords: encoder.encodeText(prediction.text).filter((id) => encoder.isWord(id)).length,
    }));
    if (json === "-") {
      printLine(JSON.stringify(predictions, null, 2));
      return 0;
    }
    if (json !== undefined) await storage.writeFileAtomic(json, encodeJson(predictions));
    const width = Math.max(...predictions.map(({ label }) => label.length));
    for (const prediction of predictions) {
      const isUnknown = prediction.knownWords === 0;
      printLine(
        `${predictionLine(prediction, width)}${isUnknown ? "  (none of its words are in the model's vocabulary)" : ""}`,
      );
    }
    return 0;
  } finally {
    device.dispose();
  }
}

async function readLines(): Promise<string[]> {
  if (process.stdin.isTTY)
    throw new UsageError('no text was given; expected texts, as in "some text", or lines on standard input');
  let all = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) all += chunk;
  const lines = all.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new UsageError("standard input contains no text; expected one text per line");
  return lines;
}
