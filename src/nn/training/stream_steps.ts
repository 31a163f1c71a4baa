/** Steps on a stream of batches: a generator, an async iterable, or a function that returns one. */
import { ValueError } from "../../core/errors.ts";
import type { CallApp } from "../callbacks/callback_list.ts";
import type { BatchStream } from "../data/batch_stream.ts";
import type { DataLike } from "../data/data_targets.ts";
import type { Examples } from "../data/examples.ts";
import { FedBatches } from "../data/fed_batches.ts";
import { StepCache } from "./step_cache.ts";
import type { StepProgram } from "./step_programs.ts";
import type { EpochPlace, MakeStep, ReadyStep, Steps } from "./steps.ts";

/** The options of steps on a stream. */
export interface StreamStepOptions {
  /** Steps per epoch. Default: the whole stream once. */
  readonly stepsPerEpoch?: number | undefined;
  /** Names the stream in errors: `fit` or `evaluate`. */
  readonly what: string;
  /** Validates and converts a batch. */
  prepare(batch: DataLike): Examples;
  /** Calls the stream and awaits its batch until the run is asked to stop. */
  readonly call: CallApp;
}

/**
 * Steps on the batches of a stream. Batches are fed one by one; a program is compiled for each batch size and shape.
 */
export async function openStream(stream: BatchStream, make: MakeStep, options: StreamStepOptions): Promise<Steps> {
  const steps = new StreamSteps(stream, make, options);
  try {
    await steps.open();
    return steps;
  } catch (error) {
    steps.dispose();
    throw error;
  }
}

type Batches = Iterator<DataLike> | AsyncIterator<DataLike>;

class StreamSteps implements Steps {
  readonly #stream: BatchStream;
  readonly #make: MakeStep;
  readonly #options: StreamStepOptions;
  readonly #programs = new StepCache<Examples>();
  /** The number of examples in each step of the current epoch. */
  #sizes: number[] = [];
  #batches: Batches | undefined;
  /** The number of batches in the current pass so far. */
  #given = 0;
  /** The next batch, read ahead to detect the end of the stream. */
  #ahead: Examples | undefined;
  #length: number | undefined;
  #hasBegun = false;
  /** The batches since the mark, to be repeated after a device loss. */
  #log: Examples[] = [];
  /** The batches that are being repeated. */
  #again: Examples[] = [];
  #marked: { readonly sizes: readonly number[]; hasBegun: boolean } = { sizes: [], hasBegun: false };
  #isRewound = false;
  heldBytes = 0;
  /** The outputs that have weights. All batches must agree, because they share their sums. */
  #weighted: string | undefined;
  main: StepProgram<Examples> | undefined;

  constructor(stream: BatchStream, make: MakeStep, options: StreamStepOptions) {
    this.#stream = stream;
    this.#make = make;
    this.#options = options;
  }

  get count(): number | undefined {
    return this.#options.stepsPerEpoch ?? this.#length;
  }

  /** Reads the first batch and compiles its step, so that an invalid batch is reported before anything changes. */
  async open(): Promise<void> {
    this.#ahead = await this.#pull();
    if (this.#ahead !== undefined) await this.#program(this.#ahead);
  }

  async begin({ batch, epoch, initialEpoch = 0 }: EpochPlace): Promise<void> {
    const { stepsPerEpoch } = this.#options;
    const isFirst = !this.#hasBegun;
    const goesOn = this.#isRewound && (batch > 0 || this.#marked.hasBegun);
    this.#hasBegun = true;
    this.#isRewound = false;
    this.#marked.hasBegun = true;
    if (batch === 0 || !goesOn) this.#sizes = [];
    if (goesOn) return;
    // Without `stepsPerEpoch` each epoch is a new pass; with it, the stream continues across epochs.
    if (!isFirst && stepsPerEpoch === undefined) await this.#options.call(() => this.#close());
    // When resuming a checkpoint, the batches before it are read and dropped.
    const before = isFirst && stepsPerEpoch !== undefined ? (epoch - initialEpoch) * stepsPerEpoch : 0;
    for (let dropped = 0; dropped < before + batch; dropped++) {
      const examples = await this.#take();
      if (dropped >= before && examples !== undefined) this.#sizes.push(examples.size);
    }
    if (isFirst) this.#markHere(true);
  }

  mark(): void {
    this.#markHere(false);
  }

  #markHere(hasBegun: boolean): void {
    this.#log = [];
    this.heldBytes = 0;
    this.#marked = { sizes: [...this.#sizes], hasBegun };
  }

  rewind(): void {
    this.#again = [...this.#log, ...this.#again];
    this.#log = [];
    this.heldBytes = 0;
    this.#sizes = [...this.#marked.sizes];
    this.#isRewound = true;
  }

  async next(): Promise<ReadyStep | undefined> {
    const { stepsPerEpoch } = this.#options;
    const step = this.#sizes.length;
    const examples = step === stepsPerEpoch ? undefined : await this.#take();
    if (examples === undefined) {
      this.#length = step;
      return undefined;
    }
    this.#sizes.push(examples.size);
    const isPulled = this.#again.length > 0 || this.#ahead !== undefined;
    if (stepsPerEpoch === undefined && !isPulled) this.#ahead = await this.#pull();
    const isOver = this.#again.length === 0 && this.#ahead === undefined;
    const isLast = stepsPerEpoch === undefined ? isOver : step + 1 === stepsPerEpoch;
    if (isLast) this.#length = step + 1;
    const ready = await this.#program(examples);
    return {
      program: ready.program,
      isLast,
      feeds: (iteration, rates) => ready.feeds({ at: examples, iteration, rates }),
    };
  }

  async #program(examples: Examples): Promise<StepProgram<Examples>> {
    const key = `${examples.size} ${FedBatches.shapeOf(examples)}`;
    const ready = await this.#programs.get(key, () => this.#make(new FedBatches(examples), examples.size));
    await ready.program.ready();
    this.main = ready;
    return ready;
  }

  /** The next batch to repeat, the one read ahead, or a new one. */
  async #take(): Promise<Examples | undefined> {
    let examples = this.#again.shift();
    if (examples === undefined) {
      examples = this.#ahead ?? (await this.#pull());
      this.#ahead = undefined;
    }
    if (examples !== undefined) {
      this.#log.push(examples);
      this.heldBytes += bytesOf(examples);
    }
    return examples;
  }

  /** The stream's next batch; starts a new pass if the last one has ended and the epoch needs more. */
  async #pull(): Promise<Examples | undefined> {
    const { stepsPerEpoch, what, prepare, call } = this.#options;
    for (let attempt = 0; attempt < 2; attempt++) {
      this.#batches ??= await call(() => open(this.#stream, what));
      const batches = this.#batches;
      const { done, value } = await call(() => batches.next());
      if (done !== true) {
        this.#given++;
        return this.#alike(prepare(value));
      }
      const isEmpty = this.#given === 0;
      if (!isEmpty && stepsPerEpoch === undefined) return undefined;
      this.#batches = undefined;
      this.#given = 0;
      if (isEmpty) break;
    }
    const steps = this.#sizes.length;
    const taken = stepsPerEpoch === undefined ? "" : `, with ${steps} of ${stepsPerEpoch} steps of the epoch taken`;
    throw new ValueError(
      `${what}: the stream of batches has ended${taken}. Give a function that returns a new one for ` +
        "each pass, () => batches(), or a generator that does not end with stepsPerEpoch.",
    );
  }

  /** @throws ValueError if only some of the stream's batches have sample weights. */
  #alike(examples: Examples): Examples {
    const weighted = examples.weights.map((weight) => weight !== undefined).join();
    this.#weighted ??= weighted;
    if (this.#weighted === weighted) return examples;
    throw new ValueError(
      `${this.#options.what}: batch ${this.#sizes.length} of the stream ` +
        `${weighted.includes("true") ? "has" : "lacks"} sampleWeight, unlike those before it; give it with every ` +
        "batch or with none",
    );
  }

  /** Closes the current iterator, as leaving a `for` loop does. */
  async #close(): Promise<void> {
    const batches = this.#batches;
    this.#batches = undefined;
    this.#ahead = undefined;
    this.#again = [];
    this.#given = 0;
    await batches?.return?.();
  }

  samplesOf(steps: number): number {
    return this.#sizes.slice(0, steps).reduce((sum, size) => sum + size, 0);
  }

  dispose(): void {
    this.#close().catch(() => undefined);
    this.#programs.dispose();
  }
}

async function open(stream: BatchStream, what: string): Promise<Batches> {
  const iterable = typeof stream === "function" ? await stream() : stream;
  if (typeof iterable === "object" && iterable !== null) {
    if (Symbol.asyncIterator in iterable) return iterable[Symbol.asyncIterator]();
    if (Symbol.iterator in iterable) return iterable[Symbol.iterator]();
  }
  throw new ValueError(
    `${what}: the function returned ${String(iterable)}; expected an iterable or async iterable of { x, y } batches, ` +
      "as a generator function returns",
  );
}

/** Bytes of a batch's arrays on the host. */
function bytesOf({ xs, ys, weights }: Examples): number {
  const columns = xs.map((x) => ("kind" in x ? x.ids.byteLength + x.offsets.byteLength : x.data.byteLength));
  const arrays = [...ys, ...weights].map((array) => array?.data.byteLength ?? 0);
  return [...columns, ...arrays].reduce((sum, bytes) => sum + bytes, 0);
}
