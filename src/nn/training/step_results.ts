/** The sums of an epoch and the status of its steps: variables on the GPU that every training step updates. */
import type { NdArray } from "../../core/nd_array.ts";
import { Variable } from "../../graph/operation.ts";
import type { Device } from "../../runtime/device.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import { measuresOf, type OutputObjective } from "./objective.ts";
import type { Reading } from "./run_state.ts";
import { RunningTotals } from "./running_totals.ts";

/** @see Reading */
export class StepResults {
  readonly sums: RunningTotals;
  readonly status = new Variable({ name: "status", shape: [1], dtype: "int32", trainable: false });
  readonly #device: Device;

  constructor(device: Device, objectives: readonly OutputObjective[]) {
    this.#device = device;
    this.sums = new RunningTotals(measuresOf(objectives), "training");
  }

  /** Splits a step's outputs into sums and status. */
  static readingOf(outputs: readonly NdArray[]): Reading {
    return { sums: RunningTotals.flatten(outputs.slice(0, -1)), status: outputs.at(-1)?.data[0] ?? 0 };
  }

  /** The values that the host has from the last snapshot. */
  known(): Reading {
    const contents = [...variablesOf(this.#device).contentsOf(this.#variables).values()];
    return StepResults.readingOf(contents.filter((array) => array !== undefined));
  }

  /** Reads sums and status back from the GPU. */
  async read(): Promise<Reading> {
    await variablesOf(this.#device).keep(this.#variables);
    return this.known();
  }

  /** Sets the sums to start or continue from, and resets the status. */
  begin(sums: readonly number[]): void {
    this.writeSums(sums);
    variablesOf(this.#device).write(this.status, { shape: [1], data: new Int32Array(1) });
  }

  /** Sets the sums; missing ones are zero. */
  writeSums(sums: readonly number[]): void {
    const store = variablesOf(this.#device);
    for (const { variable, array } of this.sums.arraysOf(sums)) store.write(variable, array);
  }

  dispose(): void {
    variablesOf(this.#device).release(this.#variables);
  }

  get #variables(): readonly Variable[] {
    return [...this.sums.variables, this.status];
  }
}
