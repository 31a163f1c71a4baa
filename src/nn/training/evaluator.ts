import type { NdArray } from "../../core/nd_array.ts";
import { Pacer } from "../../runtime/run/pacer.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import type { Logs } from "../metrics/logs.ts";
import { measuresOf } from "./objective.ts";
import type { RunStop } from "./run_control.ts";
import { RunningTotals } from "./running_totals.ts";
import type { Compiled, StepModel } from "./step_model.ts";
import { evaluateStep } from "./step_programs.ts";
import type { OpenSteps, Steps } from "./steps.ts";

/** Evaluates repeatedly on data that is prepared once. */
export class Evaluator {
  readonly #model: StepModel;
  readonly #sums: RunningTotals;
  readonly #steps: Steps;
  #isUnderWay = false;

  private constructor(model: StepModel, sums: RunningTotals, steps: Steps) {
    this.#model = model;
    this.#sums = sums;
    this.#steps = steps;
  }

  /** On failure, frees everything. */
  static async prepare(
    model: StepModel,
    compiled: Pick<Compiled, "objectives">,
    openSteps: OpenSteps,
  ): Promise<Evaluator> {
    const sums = new RunningTotals(measuresOf(compiled.objectives), "evaluation");
    try {
      const steps = await openSteps(model.device, (source, size) => evaluateStep(model, compiled, source, sums, size));
      return new Evaluator(model, sums, steps);
    } catch (error) {
      variablesOf(model.device).release(sums.variables);
      throw error;
    }
  }

  async run(stop: RunStop): Promise<Logs> {
    const { device } = this.#model;
    const { generation } = device;
    const store = variablesOf(device);
    // If a device loss interrupted the last evaluation, it restarts on the same batches.
    if (this.#isUnderWay) this.#steps.rewind();
    else this.#steps.mark();
    this.#isUnderWay = true;
    for (const { variable, array } of this.#sums.arraysOf([])) store.write(variable, array);
    const pacer = new Pacer(device);
    await this.#steps.begin({ epoch: 0, batch: 0, iteration: 0, seed: 0, shuffle: false });
    let taken = 0;
    let sums: readonly NdArray[] = [];
    for (let step = await this.#steps.next(); step !== undefined; step = await this.#steps.next()) {
      stop.check();
      device.assertUsable(generation);
      const feeds = step.feeds(0, []);
      taken++;
      if (step.isLast) sums = await step.program.run(feeds, pacer);
      else {
        step.program.submit(feeds);
        await pacer.submitted();
      }
    }
    device.assertUsable(generation);
    this.#isUnderWay = false;
    return this.#sums.logs(RunningTotals.flatten(sums), this.#steps.samplesOf(taken));
  }

  dispose(): void {
    this.#steps.dispose();
    variablesOf(this.#model.device).release(this.#sums.variables);
  }
}
