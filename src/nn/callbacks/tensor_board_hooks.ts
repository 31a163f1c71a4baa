/** The hooks of the `tensorBoard` callback. */
import { snakeCase } from "../../core/camel_case.ts";
import { openFileSystem } from "../../platform/file_system.ts";
import type { Logs } from "../metrics/logs.ts";
import { type Append, EventFile, histogramSummary, scalarSummary } from "./event_file.ts";
import type { RunHooks } from "./loaded_callback.ts";

/** The validated options of `tensorBoard`. */
interface TensorBoardParts {
  readonly logDir: string;
  /** Results are written every this many steps; 0 for never. */
  readonly stepFreq: number;
  /** Histograms are written every this many epochs; 0 for never. */
  readonly histogramFreq: number;
  /** The files kept in memory; undefined to write to disk. */
  readonly files: Map<string, Uint8Array> | undefined;
}

/** Creates hooks that write the same data as Keras's `TensorBoard` callback. */
export function tensorBoardHooks({ logDir, stepFreq, histogramFreq, files }: TensorBoardParts): RunHooks {
  const append = files === undefined ? appendToFile : appendTo(files);
  const train = new EventFile(`${logDir}/train`, append);
  const validation = new EventFile(`${logDir}/validation`, append);
  return {
    async onBatchEnd(_batch, logs, { iteration }) {
      if (stepFreq > 0 && iteration % stepFreq === 0)
        await train.write(iteration, scalars("batch", Object.entries(logs)));
    },
    async onEpochSettled(epoch, logs, training) {
      const { optimizer, iteration } = training;
      const { own, validated } = partsOf(logs, training.logNames);
      // If a callback has changed the rate, the logs hold the rate of this epoch.
      const learningRate = logs.learningRate ?? optimizer.learningRateAt(iteration);
      await train.write(epoch, scalars("epoch", [...own, ["learningRate", learningRate]]));
      await validation.write(epoch, scalars("epoch", validated));
      await validation.write(iteration, scalars("evaluation", validated, "_vs_iterations"));
      if (histogramFreq === 0 || epoch % histogramFreq > 0) return;
      const weights = await training.weights();
      const values = weights.map(({ data }, index) =>
        histogramSummary(`${training.weightNames[index]}/histogram`, data),
      );
      await train.write(epoch, values);
    },
    // A state is needed for `restore` to be called, which marks that later steps may already be written.
    state: () => ({ json: null }),
    restore() {
      train.goBack();
      validation.goBack();
    },
  };
}

type Result = readonly [name: string, value: number];

/** Training results, and validation results under the same names. */
function partsOf(logs: Logs, logNames: readonly string[]) {
  const [own, validated]: [Result[], Result[]] = [[], []];
  for (const [name, value] of Object.entries(logs)) {
    const inner = /^val([A-Z].*)$/.exec(name)?.[1];
    if (name === "learningRate") continue;
    if (inner === undefined || !logNames.includes(name.replace(/\[\d+\]$/, ""))) own.push([name, value]);
    else validated.push([`${inner.charAt(0).toLowerCase()}${inner.slice(1)}`, value]);
  }
  return { own, validated };
}

function scalars(prefix: string, results: readonly Result[], suffix = "") {
  return results.map(([name, value]) => scalarSummary(`${prefix}_${snakeCase(name)}${suffix}`, value));
}

async function appendToFile(path: string, bytes: Uint8Array): Promise<void> {
  const system = await openFileSystem();
  await system.makeDirectory(path.slice(0, path.lastIndexOf("/")));
  await system.appendFile(path, bytes);
}

function appendTo(files: Map<string, Uint8Array>): Append {
  return async (path, bytes) => {
    const before = files.get(path) ?? new Uint8Array();
    const whole = new Uint8Array(before.length + bytes.length);
    whole.set(before);
    whole.set(bytes, before.length);
    files.set(path, whole);
  };
}
