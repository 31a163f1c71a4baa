/** The steps of a training run or an evaluation, independent of the data's source. */
import type { Device } from "../../runtime/device.ts";
import type { Feeds, Program } from "../../runtime/run/program.ts";
import type { BatchSource } from "../data/batch_source.ts";
import { DeviceDataset } from "../data/device_dataset.ts";
import type { Examples } from "../data/examples.ts";
import { BatchPrograms } from "./batch_programs.ts";
import { rowOrder } from "./row_order.ts";
import type { StepProgram } from "./step_programs.ts";
import type { TrainingState } from "./training_state.ts";

/** A step that is ready to run. */
export interface ReadyStep {
  readonly program: Program;
  readonly isLast: boolean;
  feeds(iteration: number, rates: readonly number[]): Feeds;
}

/** The position within an epoch. */
export type EpochPlace = Pick<TrainingState, "epoch" | "batch" | "iteration" | "seed" | "shuffle" | "initialEpoch">;

/** The steps of successive epochs. */
export interface Steps {
  /** Steps per epoch; undefined while a stream's length is unknown. */
  readonly count: number | undefined;
  /** The program on which statistics are reported. */
  readonly main: Pick<StepProgram<unknown>, "program" | "microBatches"> | undefined;
  /** Starts an epoch, or continues it from the middle. */
  begin(place: EpochPlace): Promise<void>;
  /** The next step; undefined at the end of the epoch. */
  next(): Promise<ReadyStep | undefined>;
  /** Marks that a snapshot includes all steps so far. */
  mark(): void;
  /** Returns to the mark: the steps since then are repeated. */
  rewind(): void;
  /** Bytes of batches held for repeating steps. */
  readonly heldBytes: number;
  /** The number of examples in the epoch's first `steps` steps. */
  samplesOf(steps: number): number;
  /** Ends work in progress and frees the data and the programs. */
  dispose(): void;
}

/** Compiles a step that takes its batches from a source. */
export type MakeStep = <At>(source: BatchSource<At>, batchSize: number) => Promise<StepProgram<At>>;

/** Prepares steps on a device. */
export type OpenSteps = (device: Device, make: MakeStep) => Promise<Steps>;

/** Options of `rowSteps`. */
export interface RowStepOptions {
  readonly batchSize: number;
  /**
   * Steps per epoch. Default: all examples once. If an epoch ends in the middle of the examples, the next one continues
   * there.
   */
  readonly stepsPerEpoch?: number | undefined;
  /** The label of the data's buffers. */
  readonly label: string;
}

/** Steps on examples that are uploaded once. */
export function rowSteps(examples: Examples, { batchSize, stepsPerEpoch, label }: RowStepOptions): OpenSteps {
  return async (device, make) => {
    const data = new DeviceDataset(device, examples, label);
    try {
      const size = Math.min(batchSize, examples.size);
      const batches = await BatchPrograms.prepare(examples.size, size, (count) => make(data, count));
      return new RowSteps(data, batches, size, stepsPerEpoch);
    } catch (error) {
      data.dispose();
      throw error;
    }
  };
}

class RowSteps implements Steps {
  readonly count: number;
  readonly #data: DeviceDataset;
  readonly #batches: BatchPrograms;
  readonly #batchSize: number;
  #place: EpochPlace | undefined;
  #taken = 0;

  constructor(data: DeviceDataset, batches: BatchPrograms, batchSize: number, stepsPerEpoch: number | undefined) {
    this.#data = data;
    this.#batches = batches;
    this.#batchSize = batchSize;
    this.count = stepsPerEpoch ?? batches.count;
  }

  get main(): StepProgram {
    return this.#batches.main;
  }

  async begin(place: EpochPlace): Promise<void> {
    this.#place = place;
    this.#taken = place.batch;
    this.#setOrder();
  }

  async next(): Promise<ReadyStep | undefined> {
    if (this.#taken >= this.count) return undefined;
    const within = this.#within(this.#taken);
    if (within === 0 && this.#taken > (this.#place?.batch ?? 0)) this.#setOrder();
    const { step, position } = this.#batches.at(within);
    await step.program.ready();
    this.#taken++;
    return {
      program: step.program,
      isLast: this.#taken === this.count,
      feeds: (iteration, rates) => step.feeds({ at: position, iteration, rates }),
    };
  }

  // Nothing to record: a step depends only on its position.
  mark(): void {}
  rewind(): void {}
  readonly heldBytes = 0;

  samplesOf(steps: number): number {
    const before = this.#before();
    const until = (all: number) =>
      Math.floor(all / this.#batches.count) * this.#data.size +
      Math.min(this.#data.size, (all % this.#batches.count) * this.#batchSize);
    return until(before + steps) - until(before);
  }

  /** Steps of the epochs before this one. */
  #before(): number {
    const { epoch = 0, initialEpoch = 0 } = this.#place ?? {};
    return (epoch - initialEpoch) * this.count;
  }

  /** The index of a step of this epoch within the pass over the examples. */
  #within(step: number): number {
    return (this.#before() + step) % this.#batches.count;
  }

  /** Sets the row order of the current pass, which depends on the model's step count at its start. */
  #setOrder(): void {
    const { iteration, batch, seed, shuffle } = this.#place as EpochPlace;
    const passBegan = iteration + (this.#taken - batch) - this.#within(this.#taken);
    this.#data.setOrder(rowOrder(this.#data.size, shuffle ? { seed, began: passBegan } : undefined));
  }

  dispose(): void {
    this.#batches.dispose();
    this.#data.dispose();
  }
}
