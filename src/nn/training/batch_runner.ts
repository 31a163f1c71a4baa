/** Single steps on the caller's batches: `trainOnBatch` and `testOnBatch`. Caches their programs. */
import type { NdArray } from "../../core/nd_array.ts";
import { Variable } from "../../graph/operation.ts";
import { copyVariables } from "../../runtime/run/copy_variables.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import type { Examples } from "../data/examples.ts";
import { FedBatches } from "../data/fed_batches.ts";
import type { Logs } from "../metrics/logs.ts";
import { measuresOf } from "./objective.ts";
import { RunningTotals } from "./running_totals.ts";
import type { Compiled, StepModel } from "./step_model.ts";
import { evaluateStep, type StepProgram, trainStep } from "./step_programs.ts";
import { expectFinite } from "./step_status.ts";

/** The number of cached programs; each batch size and kind needs its own. */
const KEPT_PROGRAMS = 4;

/** A step and its sums. Batches with sample weights may have more sums. */
interface KeptStep {
  readonly step: StepProgram<Examples>;
  readonly sums: RunningTotals;
}

/** Runs steps one by one and reads each one's results. */
export class BatchRunner {
  readonly #model: StepModel;
  readonly #compiled: Compiled;
  readonly #status = new Variable({ name: "status", shape: [1], dtype: "int32", trainable: false });
  readonly #steps = new Map<string, KeptStep>();
  /** For each variable that a training step changes, the variable that holds its previous value. */
  #before: ReadonlyMap<Variable, Variable> | undefined;

  constructor(model: StepModel, compiled: Compiled) {
    this.#model = model;
    this.#compiled = compiled;
  }

  /**
   * Runs the model's training step number `iteration` and returns the batch's loss and metrics from before the step.
   * @throws NonFiniteError if the loss, a gradient or an updated weight is not finite; the weights are unchanged.
   */
  async train(batch: Examples, iteration: number): Promise<Logs> {
    const { optimizer } = this.#compiled;
    const kept = await this.#step("train", batch, (source, sums) =>
      trainStep(
        { model: this.#model, compiled: this.#compiled, sums, status: this.#status, checksUpdates: true },
        source,
        { batchSize: batch.size },
      ),
    );
    const rates = optimizer.rates(iteration);
    const { device } = this.#model;
    const pairs = [...this.#copies(kept)];
    const back = pairs.map(([to, from]) => ({ from, to }));
    try {
      await copyVariables(
        device,
        pairs.map(([from, to]) => ({ from, to })),
      );
    } catch (error) {
      this.dispose();
      throw error;
    }
    const outputs = await this.#run(kept, batch, iteration, rates);
    const status = outputs.at(-1)?.data[0] ?? 0;
    if (status !== 0) await copyVariables(device, back);
    expectFinite("trainOnBatch", status);
    return kept.sums.logs(RunningTotals.flatten(outputs.slice(0, -1)), batch.size);
  }

  /** The batch's loss and metrics. */
  async test(batch: Examples): Promise<Logs> {
    const kept = await this.#step("test", batch, (source, sums) =>
      evaluateStep(this.#model, this.#compiled, source, sums, batch.size),
    );
    return kept.sums.logs(RunningTotals.flatten(await this.#run(kept, batch, 0, [])), batch.size);
  }

  /** The variables that `train` changes and their backup copies. The copies stay on the GPU, which saves a readback. */
  #copies({ step, sums }: KeptStep): ReadonlyMap<Variable, Variable> {
    const others = new Set([...sums.variables, this.#status]);
    this.#before ??= new Map(
      step.program.updated
        .filter((variable) => !others.has(variable))
        .map((variable) => {
          const { name, shape, dtype } = variable;
          return [variable, new Variable({ name: `${name} before the step`, shape, dtype, trainable: false })];
        }),
    );
    return this.#before;
  }

  async #step(
    kind: string,
    batch: Examples,
    make: (source: FedBatches, sums: RunningTotals) => Promise<StepProgram<Examples>>,
  ): Promise<KeptStep> {
    const key = `${kind} ${batch.size} ${FedBatches.shapeOf(batch)}`;
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const sums = new RunningTotals(measuresOf(this.#compiled.objectives), "batch");
    const step = await make(new FedBatches(batch), sums);
    const [oldest] = this.#steps.keys();
    if (this.#steps.size >= KEPT_PROGRAMS && oldest !== undefined) this.#forget(oldest);
    const kept = { step, sums };
    this.#steps.set(key, kept);
    return kept;
  }

  async #run({ step, sums }: KeptStep, at: Examples, iteration: number, rates: readonly number[]): Promise<NdArray[]> {
    const store = variablesOf(this.#model.device);
    for (const { variable, array } of sums.arraysOf([])) store.write(variable, array);
    store.write(this.#status, { shape: [1], data: new Int32Array(1) });
    return step.program.run(step.feeds({ at, iteration, rates }));
  }

  #forget(key: string): void {
    const kept = this.#steps.get(key);
    if (kept === undefined) return;
    kept.step.program.dispose();
    variablesOf(this.#model.device).release(kept.sums.variables);
    this.#steps.delete(key);
  }

  /** Frees the programs; the next run compiles them again. */
  dispose(): void {
    for (const key of [...this.#steps.keys()]) this.#forget(key);
    variablesOf(this.#model.device).release([this.#status, ...(this.#before?.values() ?? [])]);
  }
}
