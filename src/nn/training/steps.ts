/** The steps that a training run or an evaluation takes, whatever its data comes from. */
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

/** Where an epoch stands. */
export type EpochPlace = Pick<TrainingState, "epoch" | "batch" | "iteration" | "seed" | "shuffle" | "initialEpoch">;

/** The steps of one epoch after another. */
export interface Steps {
  /** Steps of an epoch; undefined while the length of a stream is not known. */
  readonly count: number | undefined;
  /** A program to tell statistics of. */
  readonly main: Pick<StepProgram<unknown>, "program" | "microBatches"> | undefined;
  /** Begins an epoch, or goes on in its middle. */
  begin(place: EpochPlace): Promise<void>;
  /** The next step; undefined where the epoch has no more. */
  next(): Promise<ReadyStep | undefined>;
  /** Says that a snapshot holds all steps so far. */
  mark(): void;
  /** Goes back to the mark: the steps since then come again. */
  rewind(): void;
  /** Bytes that are held to give steps again. */
  readonly heldBytes: number;
  /** How many examples the epoch's first steps hold. */
  samplesOf(steps: number): number;
  /** Ends what is under way and frees the data and the programs. */
  dispose(): void;
}

/** Compiles a step that takes its batches from a source. */
export type MakeStep = <At>(source: BatchSource<At>, batchSize: number) => Promise<StepProgram<At>>;

/** Prepares steps on a device. */
export type OpenSteps = (device: Device, make: MakeStep) => Promise<Steps>;

/** How examples are cut into steps. */
export interface RowStepOptions {
  readonly batchSize: number;
  /**
   * Steps of an epoch; all examples once when absent. Where it ends in the middle of the examples, the next goes on
   * there.
   */
  readonly stepsPerEpoch?: number | undefined;
  /** Of the data's buffers. */
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

  // Any step can be given again: it is a matter of the place alone.
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

  /** Where a step of this epoch lies in the pass over the examples. */
  #within(step: number): number {
    return (this.#before() + step) % this.#batches.count;
  }

  /** The order of the pass at hand: by the step of the model's life at which it began. */
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
