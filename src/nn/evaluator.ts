import { Pacer } from "../runtime/pacer.ts";
import { variablesOf } from "../runtime/variables.ts";
import { Batches } from "./batches.ts";
import { DeviceDataset } from "./device_dataset.ts";
import type { Examples } from "./examples.ts";
import { logNames } from "./objective.ts";
import { type Compiled, evaluateStep, RunningSums, type StepModel } from "./step_programs.ts";
import { type Logs, stopIfAsked, type TrainerControl } from "./training_state.ts";

/** Evaluates on a data set that stays on the GPU. */
export class Evaluator {
  readonly #model: StepModel;
  readonly #names: readonly string[];
  readonly #data: DeviceDataset;
  readonly #sums: RunningSums;
  readonly #batches: Batches;

  private constructor(
    model: StepModel,
    names: readonly string[],
    data: DeviceDataset,
    sums: RunningSums,
    batches: Batches,
  ) {
    this.#model = model;
    this.#names = names;
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
    const names = logNames(compiled.objectives);
    const data = new DeviceDataset(model.device, dataset, "evaluation data");
    const sums = new RunningSums(names, "evaluation");
    try {
      const batches = await Batches.prepare(dataset.size, batchSize, (size) =>
        evaluateStep(model, compiled, data, sums, size),
      );
      return new Evaluator(model, names, data, sums, batches);
    } catch (error) {
      data.dispose();
      variablesOf(model.device).release(sums.variables);
      throw error;
    }
  }

  async run(control: Pick<TrainerControl, "signal" | "isDisposed">): Promise<Logs> {
    const { device } = this.#model;
    const store = variablesOf(device);
    for (const variable of this.#sums.variables) store.write(variable, { shape: [], data: new Float32Array(1) });
    const pacer = new Pacer(device);
    for (let batch = 0; batch < this.#batches.count; batch++) {
      stopIfAsked(control, "evaluate");
      const { step, position } = this.#batches.at(batch);
      step.program.submit(step.feeds({ at: position, iteration: 0, rates: [] }));
      await pacer.submitted();
    }
    const totals = await store.read(this.#sums.variables);
    return Object.fromEntries(
      this.#names.map((name, index) => [name, (totals[index]?.data[0] ?? 0) / this.#batches.size]),
    );
  }

  dispose(): void {
    this.#batches.dispose();
    this.#data.dispose();
    variablesOf(this.#model.device).release(this.#sums.variables);
  }
}
