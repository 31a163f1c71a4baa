/** Single steps on batches that the caller brings: `trainOnBatch` and `testOnBatch`. Their programs are kept. */
import { Variable } from "../graph/operation.ts";
import { variablesOf } from "../runtime/variables.ts";
import type { Examples } from "./examples.ts";
import { FedBatches } from "./fed_batches.ts";
import { logNames } from "./objective.ts";
import {
  type Compiled,
  evaluateStep,
  RunningSums,
  type StepModel,
  type StepProgram,
  trainStep,
} from "./step_programs.ts";
import { expectFinite, type Logs } from "./training_state.ts";

/** Programs are kept for this many kinds and sizes of batches. */
const KEPT_PROGRAMS = 4;

/** Runs steps one by one and reads each one's results. */
export class BatchRunner {
  readonly #model: StepModel;
  readonly #compiled: Compiled;
  readonly #names: readonly string[];
  readonly #sums: RunningSums;
  readonly #status = new Variable({ name: "status", shape: [1], dtype: "int32", trainable: false });
  readonly #programs = new Map<string, StepProgram<Examples>>();

  constructor(model: StepModel, compiled: Compiled) {
    this.#model = model;
    this.#compiled = compiled;
    this.#names = logNames(compiled.objectives);
    this.#sums = new RunningSums(this.#names, "batch");
  }

  /**
   * One step of training, the model's step number `iteration`; gives the batch's loss and metrics from before the step.
   * @throws NonFiniteError when the loss or a gradient is not finite; the weights have not changed then.
   */
  async train(batch: Examples, iteration: number): Promise<Logs> {
    const { optimizer } = this.#compiled;
    const step = await this.#program("train", batch, (source) =>
      trainStep(this.#model, this.#compiled, source, this.#sums, this.#status, batch.size),
    );
    const outputs = await this.#run(step, batch, iteration, optimizer.rates(iteration));
    expectFinite("trainOnBatch", outputs.at(-1) ?? 0);
    return this.#logs(outputs, batch.size);
  }

  /** The batch's loss and metrics. */
  async test(batch: Examples): Promise<Logs> {
    const step = await this.#program("test", batch, (source) =>
      evaluateStep(this.#model, this.#compiled, source, this.#sums, batch.size),
    );
    return this.#logs(await this.#run(step, batch, 0, []), batch.size);
  }

  async #program(
    kind: string,
    batch: Examples,
    make: (source: FedBatches) => Promise<StepProgram<Examples>>,
  ): Promise<StepProgram<Examples>> {
    const key = `${kind} ${batch.size} ${FedBatches.shapeOf(batch)}`;
    const known = this.#programs.get(key);
    if (known !== undefined) return known;
    const step = await make(new FedBatches(batch));
    const [oldest] = this.#programs.keys();
    if (this.#programs.size >= KEPT_PROGRAMS && oldest !== undefined) {
      this.#programs.get(oldest)?.program.dispose();
      this.#programs.delete(oldest);
    }
    this.#programs.set(key, step);
    return step;
  }

  async #run(
    step: StepProgram<Examples>,
    at: Examples,
    iteration: number,
    rates: readonly number[],
  ): Promise<readonly number[]> {
    const store = variablesOf(this.#model.device);
    for (const variable of this.#sums.variables) store.write(variable, { shape: [], data: new Float32Array(1) });
    store.write(this.#status, { shape: [1], data: new Int32Array(1) });
    const outputs = await step.program.run(step.feeds({ at, iteration, rates }));
    return outputs.map(({ data }) => data[0] ?? 0);
  }

  #logs(sums: readonly number[], size: number): Logs {
    return Object.fromEntries(this.#names.map((name, index) => [name, (sums[index] ?? 0) / size]));
  }

  dispose(): void {
    for (const { program } of this.#programs.values()) program.dispose();
    this.#programs.clear();
    variablesOf(this.#model.device).release([...this.#sums.variables, this.#status]);
  }
}
