/** The training run as callbacks see it. */
import type { NdArray } from "../../core/nd_array.ts";
import type { Device } from "../../runtime/device.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import type { Training } from "../callbacks/callback.ts";
import { checkWeights } from "../graph/set_weights.ts";
import type { Optimizer } from "../optimizers/index.ts";
import { joinNames } from "./objective.ts";
import type { RunControl } from "./run_control.ts";
import type { RunningTotals } from "./running_totals.ts";
import type { TrainingState } from "./training_state.ts";

/** The parts of a training run that callbacks can access. */
interface ViewParts {
  readonly device: Device;
  readonly optimizer: Optimizer;
  readonly model: RunControl["model"];
  readonly steps: number;
  readonly sums: RunningTotals;
  readonly isValidated: boolean;
  state(): TrainingState;
  /** Updates the state from the GPU so that it can be saved. */
  settle(): Promise<void>;
  stop(): void;
}

/** Strips `val` and a result's number: `valAccuracy` becomes `accuracy`. */
function baseName(logName: string): string {
  return logName.replace(/\[\d+\]$/, "").replace(/^val([A-Z])/, (_, letter: string) => letter.toLowerCase());
}

/** @see Training */
export function trainingOf({ device, optimizer, model, steps, sums, isValidated, ...run }: ViewParts): Training {
  const store = variablesOf(device);
  const { epochs, batchSize } = run.state();
  const weightNames = model.weights.map(({ name }) => name);
  return {
    optimizer,
    params: { epochs, steps, batchSize },
    get iteration() {
      return run.state().iteration;
    },
    logNames: [...sums.names, ...(isValidated ? sums.names.map((name) => joinNames("val", name)) : [])],
    directionOf: (logName) => sums.directionOf(logName) ?? sums.directionOf(baseName(logName)),
    weightNames,
    weights: () => store.read(model.weights),
    setWeights: (arrays) => {
      const checked = checkWeights(model.weights, weightNames, arrays);
      for (const [index, variable] of model.weights.entries()) store.write(variable, checked[index] as NdArray);
    },
    save: async (directory) => {
      await run.settle();
      await model.save(directory);
    },
    toFiles: async () => {
      await run.settle();
      return model.toFiles();
    },
    stop: run.stop,
  };
}
