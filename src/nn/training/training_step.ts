/** One compiled training step, to be timed and profiled. */
import { Variable } from "../../graph/operation.ts";
import type { DispatchTime, Feeds, Program } from "../../runtime/run/program.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import { DeviceDataset } from "../data/device_dataset.ts";
import type { Examples } from "../data/examples.ts";
import { measuresOf } from "./objective.ts";
import { RunningTotals } from "./running_totals.ts";
import type { Compiled, StepModel } from "./step_model.ts";
import { type StepProgram, trainStep } from "./step_programs.ts";

/** A training step on the first rows of some data. Running it trains the model. Dispose it when done. */
export class TrainingStep {
  readonly program: Program;
  /** The feeds of each run: always the same rows and the rates of the first step. */
  readonly feeds: Feeds;
  readonly #batchSize: number;
  readonly #dispose: () => void;
  readonly #clearSums: () => void;

  private constructor({ program, batchSize }: StepProgram, feeds: Feeds, clearSums: () => void, dispose: () => void) {
    this.program = program;
    this.feeds = feeds;
    this.#batchSize = batchSize;
    this.#clearSums = clearSums;
    this.#dispose = dispose;
  }

  /** Uploads the data and compiles the step. On failure, frees everything. */
  static async prepare(
    { model, compiled }: { readonly model: StepModel; readonly compiled: Compiled },
    dataset: Examples,
    batchSize: number,
  ): Promise<TrainingStep> {
    const data = new DeviceDataset(model.device, dataset, "step data");
    const sums = new RunningTotals(measuresOf(compiled.objectives), "step");
    const status = new Variable({ name: "status", shape: [1], dtype: "int32", trainable: false });
    const dispose = () => {
      data.dispose();
      variablesOf(model.device).release([...sums.variables, status]);
    };
    try {
      const step = await trainStep({ model, compiled, sums, status }, data, { batchSize });
      const feeds = step.feeds({ at: 0, iteration: 0, rates: compiled.optimizer.rates(0) });
      const clearSums = () => {
        for (const { variable, array } of sums.arraysOf([])) variablesOf(model.device).write(variable, array);
      };
      return new TrainingStep(step, feeds, clearSums, dispose);
    } catch (error) {
      dispose();
      throw error;
    }
  }

  /** Runs one step and returns the loss from before the step. */
  async run(): Promise<number> {
    this.#clearSums();
    const [sum] = await this.program.run(this.feeds);
    return (sum?.data[0] ?? Number.NaN) / this.#batchSize;
  }

  /**
   * Runs one step with a timestamp around every dispatch.
   * @throws DeviceError if the adapter does not support timestamp queries.
   */
  profile(): Promise<DispatchTime[]> {
    return this.program.profile(this.feeds);
  }

  /** Frees the program and its data set on the device. */
  dispose(): void {
    this.program.dispose();
    this.#dispose();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
