/** Takes a training run's steps on the device, as the policy says, and counts what that takes. */
import type { Device } from "../../runtime/device.ts";
import { Pacer } from "../../runtime/run/pacer.ts";
import type { Feeds, Program } from "../../runtime/run/program.ts";
import type { TrainingStatistics } from "./fit_result.ts";
import type { Reading } from "./run_state.ts";
import type { StepMode } from "./step_policy.ts";
import { StepResults } from "./step_results.ts";
import type { TrainingResources } from "./training_resources.ts";

/** Takes steps one by one. */
export class StepRunner {
  readonly #device: Device;
  readonly #resources: TrainingResources;
  #pacer: Pacer;
  /** Steps taken; after a loss of the device some are taken again, and count again. */
  #steps = 0;
  /** Steps after which something was read back. */
  #readbacks = 0;

  constructor(device: Device, resources: TrainingResources) {
    this.#device = device;
    this.#resources = resources;
    this.#pacer = new Pacer(device);
  }

  get statistics(): TrainingStatistics {
    const { program, microBatches = 1 } = this.#resources.data.main ?? {};
    const { dispatches = 0, extraChunks = 0 } = program?.statistics ?? {};
    return {
      steps: this.#steps,
      dispatchesPerStep: dispatches,
      extraChunksPerStep: extraChunks,
      microBatchesPerStep: microBatches,
      submitsPerStep: 1,
      readbacks: this.#readbacks,
      peakGpuBytes: this.#device.memory.peakBytes,
    };
  }

  /** What a step takes, in milliseconds; 0 until that is known. */
  get expected(): number {
    return this.#pacer.expected;
  }

  /** Says that steps follow after a break, on the device of the moment. */
  begin(): void {
    this.#pacer = new Pacer(this.#device);
  }

  /** Submits a step and returns what was read back after it; call `pace` before the next one. */
  async take(program: Program, feeds: Feeds, mode: StepMode): Promise<Reading | undefined> {
    const { snapshots, results } = this.#resources;
    snapshots.assertCurrent();
    this.#steps++;
    if (mode !== "submit") this.#readbacks++;
    switch (mode) {
      case "snapshot":
        await snapshots.step(program, feeds, this.#pacer);
        return results.known();
      case "read":
        return StepResults.readingOf(await program.run(feeds, this.#pacer));
      case "submit":
        program.submit(feeds);
        return undefined;
    }
  }

  /** After a step of this mode: bounds the steps in flight. */
  async pace(mode: StepMode): Promise<void> {
    if (mode === "submit") await this.#pacer.submitted();
  }
}
