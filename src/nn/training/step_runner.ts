/** Runs a training run's steps on the device according to the policy, and collects statistics. */
import type { Device } from "../../runtime/device.ts";
import { Pacer } from "../../runtime/run/pacer.ts";
import type { Feeds, Program } from "../../runtime/run/program.ts";
import type { TrainingStatistics } from "./fit_result.ts";
import type { Reading } from "./run_state.ts";
import type { StepMode } from "./step_policy.ts";
import { StepResults } from "./step_results.ts";
import type { TrainingResources } from "./training_resources.ts";

/** Runs steps one by one. */
export class StepRunner {
  readonly #device: Device;
  readonly #resources: TrainingResources;
  #pacer: Pacer;
  /** The number of steps run; steps repeated after a device loss count again. */
  #steps = 0;
  /** The number of steps with a readback. */
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

  /** The expected duration of a step in milliseconds; 0 until known. */
  get expected(): number {
    return this.#pacer.expected;
  }

  /** Resets the pacing on the current device, before steps follow after a break. */
  begin(): void {
    this.#pacer = new Pacer(this.#device);
  }

  /** Submits a step and returns its readback, if any; call `pace` before the next one. */
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

  /** Limits the number of steps in flight, after a step of this mode. */
  async pace(mode: StepMode): Promise<void> {
    if (mode === "submit") await this.#pacer.submitted();
  }
}
