import { Pacer } from "../runtime/pacer.ts";
import { variablesOf } from "../runtime/variables.ts";
import { Batches } from "./batches.ts";
import { DeviceDataset } from "./device_dataset.ts";
import type { Examples } from "./examples.ts";
import { measuresOf } from "./objective.ts";
import { RunningTotals } from "./running_totals.ts";
import { type Compiled, evaluateStep, type StepModel } from "./step_programs.ts";
import { type Logs, stopIfAsked, type TrainerControl } from "./training_state.ts";

/** Evaluates on a data set that stays on the GPU. */
export class Evaluator {
  readonly #model: StepModel;
  readonly #data: DeviceDataset;
  readonly #sums: RunningTotals;
  readonly #batches: Batches;

  private constructor(model: StepModel, data: DeviceDataset, sums: RunningTotals, batches: Batches) {
    this.#model = model;
    this.#data = data;
    this.#sums = sums;
    this.#batches = batches;
  }

  static async prepare(
    model: StepModel,
    compiled: Pick<Compiled, "objectives">,
    dataset: Examples,
    batchSize: number,
  ): Promise<Evaluator> {
    const data = new DeviceDataset(model.device, dataset, "evaluation data");
    const sums = new RunningTotals(measuresOf(compiled.objectives), "evaluation");
    try {
      const batches = await Batches.prepare(dataset.size, batchSize, (size) =>
        evaluateStep(model, compiled, data, sums, size),
      );
      return new Evaluator(model, data, sums, batches);
    } catch (error) {
      data.dispose();
      variablesOf(model.device).release(sums.variables);
      throw error;
    }
  }

  async run(control: Pick<TrainerControl, "signal" | "isDisposed">): Promise<Logs> {
    const { device } = this.#model;
    const store = variablesOf(device);
    for (const { variable, array } of this.#sums.arraysOf([])) store.write(variable, array);
    const pacer = new Pacer(device);
    for (let batch = 0; batch < this.#batches.count; batch++) {
      stopIfAsked(control, "evaluate");
      const { step, position } = this.#batches.at(batch);
      step.program.submit(step.feeds({ at: position, iteration: 0, rates: [] }));
      await pacer.submitted();
    }
    const totals = RunningTotals.flatten(await store.read(this.#sums.variables));
    return this.#sums.logs(totals, this.#batches.size);
  }

  dispose(): void {
    this.#batches.dispose();
    this.#data.dispose();
    variablesOf(this.#model.device).release(this.#sums.variables);
  }
}
