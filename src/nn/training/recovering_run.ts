/** The training run of `fit`. If the device is lost, it continues from the last snapshot on a new device. */
import { DeviceLostError } from "../../core/errors.ts";
import type { Device } from "../../runtime/device.ts";
import { recovering } from "../../runtime/recover/recovery.ts";
import { type History, type Recovery, RunHistory } from "./fit_result.ts";
import type { RunControl } from "./run_control.ts";
import type { TrainingRun } from "./training_run.ts";
import type { TrainingState } from "./training_state.ts";

/** How long the GPU may stay busy after the run was asked to stop, excluding steps in flight, in milliseconds. */
const GPU_GRACE = 2000;

/** Options of `RecoveringRun`. */
export interface RecoveringRunOptions {
  readonly device: Device;
  readonly start: TrainingState;
  readonly control: RunControl;
  /** Prepares the run; called again if the device is lost meanwhile. */
  open(): Promise<TrainingRun>;
}

/** Opens a training run and completes it, on several devices in turn if they are lost. Dispose it when done. */
export class RecoveringRun {
  readonly #options: RecoveringRunOptions;
  readonly #recoveries: Recovery[] = [];
  #run: TrainingRun | undefined;
  #hasEnded = false;

  constructor(options: RecoveringRunOptions) {
    this.#options = options;
  }

  /** The progress of the run; undefined until it is open. */
  get checkpoint(): TrainingState | undefined {
    return this.#run?.checkpoint;
  }

  /**
   * Trains to the end.
   * @throws the run's errors; DeviceLostError with `lastStep` if no other device is available.
   */
  async train(): Promise<History> {
    const { device, control } = this.#options;
    try {
      const run = await recovering(device, () => this.#openAndTrain(), {
        check: () => control.stop.check(),
        progress: () => this.#keptSteps,
        onRecovered: ({ reason }) =>
          this.#recoveries.push({ reason, lastStep: this.#keptSteps, adapter: device.adapter }),
      });
      return new RunHistory(run.checkpoint.records, run.statistics, this.#recoveries);
    } catch (error) {
      if (!control.stop.isOver) await this.#run?.settle();
      throw this.#run === undefined ? error : this.#withLastStep(error);
    } finally {
      this.#hasEnded = true;
    }
  }

  /** How long to wait for the run to end by itself after it was asked to stop, in milliseconds. */
  get grace(): number {
    return GPU_GRACE + 2 * (this.#run?.expectedStep ?? 0);
  }

  /** Ends the run. If it is still waiting for a busy GPU, it returns to its last snapshot. */
  end(): void {
    if (!this.#hasEnded) this.#run?.abandon();
  }

  dispose(): void {
    this.#run?.dispose();
  }

  get #keptSteps(): number {
    return this.#run?.keptSteps ?? this.#options.start.iteration;
  }

  async #openAndTrain(): Promise<TrainingRun> {
    const { control, open } = this.#options;
    this.#run ??= await open();
    if (control.stop.isOver) {
      this.#run.dispose();
      control.stop.check();
    }
    await this.#run.train();
    return this.#run;
  }

  #withLastStep(error: unknown): unknown {
    if (!(error instanceof DeviceLostError)) return error;
    const lastStep = this.#keptSteps;
    const message =
      `${error.message}. The model is kept as of step ${lastStep} of its training: ` +
      "fit(…, { resume: true }) continues from there";
    return new DeviceLostError(message, { ...error.details, lastStep }, { cause: error });
  }
}
