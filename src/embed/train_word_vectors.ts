/** Trains word vectors on texts: skip-gram with negative sampling on the GPU. */
import { AbortError, NonFiniteError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import {
  aboveZero,
  finite,
  functionLike,
  ifGiven,
  integer,
  listOf,
  nonNegative,
  type OptionsOf,
  rate,
  readOptions,
  required,
  signal,
  type TableOf,
  text,
  upTo,
  withDefault,
} from "../core/option_table.ts";
import { raceAbortLate } from "../core/race.ts";
import type { Device } from "../runtime/device.ts";
import { deviceKind } from "../runtime/device_kind.ts";
import { recovering } from "../runtime/recover/recovery.ts";
import { Snapshots } from "../runtime/recover/snapshots.ts";
import { Pacer } from "../runtime/run/pacer.ts";
import { variablesOf } from "../runtime/run/variables.ts";
import { SkipGramBatches, type SkipGramShape } from "./skip_gram_batches.ts";
import { type SkipGramStep, skipGramStep } from "./skip_gram_step.ts";
import { CORPUS, type CorpusOptions, readCorpus, type WordCorpus } from "./word_corpus.ts";
import { type SimilarWord, WordVectors } from "./word_vectors.ts";

/** Options of `trainWordVectors`. */
export interface TrainWordVectorsOptions extends CorpusOptions {
  readonly device: Device;
  /** The dimension of the vectors; 64 by default. Multiples of 4 run fastest. */
  readonly vectorSize?: number | undefined;
  /** The context window on either side of a word; each word draws its own window from 1 to this. 5 by default. */
  readonly window?: number | undefined;
  /** The negative samples for each pair; 5 by default. */
  readonly negative?: number | undefined;
  /** Negative samples are drawn with probability proportional to count ^ noiseExponent. Default: 0.75. */
  readonly noiseExponent?: number | undefined;
  /** Words with a higher relative frequency than this are subsampled; 0 keeps all. Default: 1e-4. */
  readonly sample?: number | undefined;
  /** The number of epochs; 3 by default. */
  readonly epochs?: number | undefined;
  /** Adagrad's initial learning rate; it decays linearly to a hundredth. 0.4 by default. */
  readonly learningRate?: number | undefined;
  /**
   * The centre words in a step; 4,096 by default, fewer for a short text. Rounded up to a multiple of 32. For a text of
   * only a few steps, smaller steps train better.
   */
  readonly batchSize?: number | undefined;
  /** The same seed gives the same bits on the same adapter; 0 by default. */
  readonly seed?: number | undefined;
  /** Words whose nearest words are reported after every epoch; words that are not in the vocabulary are ignored. */
  readonly watch?: readonly string[] | undefined;
  /**
   * Seconds between two snapshots within an epoch, from which training resumes automatically after a device loss.
   * Default: 30, or more if snapshots would take over 1% of the time; 0 for a snapshot after every step.
   */
  readonly snapshotSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second, and at the end of every epoch. Training waits for it. */
  readonly onProgress?: ((progress: WordVectorProgress) => void | Promise<void>) | undefined;
}

const TRAIN = {
  device: required(deviceKind),
  vectorSize: withDefault(upTo(4096), 64),
  window: withDefault(upTo(100), 5),
  negative: withDefault(aboveZero, 5),
  noiseExponent: withDefault(finite, 0.75),
  sample: withDefault(rate, 1e-4),
  epochs: withDefault(upTo(2 ** 16 - 1), 3),
  learningRate: withDefault(aboveZero, 0.4),
  batchSize: withDefault(upTo(2 ** 20), 4096),
  seed: withDefault(integer, 0),
  watch: withDefault(listOf(text), []),
  snapshotSeconds: ifGiven(nonNegative),
  signal: ifGiven(signal),
  onProgress: ifGiven(functionLike<TrainWordVectorsOptions["onProgress"]>("({ loss }) => …")),
  ...CORPUS,
} satisfies TableOf<TrainWordVectorsOptions>;

type Settings = OptionsOf<typeof TRAIN>;

/** The progress of a training run. */
export interface WordVectorProgress {
  /** Counted from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** The completed fraction of the training run, from 0 to 1. */
  readonly share: number;
  /** The epoch's loss so far: the mean over pairs of a centre and a context word, including noise words. */
  readonly loss: number;
  /** Words of text per second, including those that were subsampled away. */
  readonly wordsPerSecond: number;
  readonly secondsLeft: number;
  /** At the end of an epoch: the nearest words of those in `watch`. */
  readonly nearest?: ReadonlyMap<string, readonly SimilarWord[]>;
}

/** How long training may continue after it was aborted, in milliseconds. */
const GRACE = 250;
/** The number of centres that share noise words. */
const CENTRES = 32;
/**
 * The minimum number of noise words of a group, which is rounded up so that the group's words fill matrix columns of
 * 32.
 */
const LEAST_NOISE = 16;
/** The final learning rate as a fraction of the initial one. */
const LAST_RATE = 0.01;
/** The minimum seconds and steps between two readings of the loss. */
const READ_SECONDS = 0.5;
const READ_STEPS = 4;

/**
 * Trains vectors by skip-gram with negative sampling (Mikolov et al. 2013, "Distributed Representations of Words and
 * Phrases and their Compositionality"): words in similar contexts get similar vectors. A group of 32 centre words
 * shares its noise words, so that a step is a few small matrix products; the optimizer is Adagrad (Duchi et al. 2011).
 * Gradients of equal ids are summed in a fixed order. After a device loss, training resumes automatically from a
 * snapshot and produces the same bits.
 *
 * @param texts the texts; context windows end at a text's end
 * @throws ValueError if an option is out of range, the texts hold too few frequent words, or `sample` leaves no pair of
 * them.
 * @throws AbortError if `signal` aborts; nothing is saved.
 * @throws NonFiniteError if the loss or a vector is not finite: use a smaller learning rate.
 * @throws DeviceLostError if the device is lost and no other can be opened; OutOfMemoryError when the GPU is out of
 * memory.
 * @example
 * const vectors = await trainWordVectors(texts, { device, seed: 1, watch: ["terrible"] });
 * vectors.mostSimilar({ positive: "terrible" });
 */
export async function trainWordVectors(
  texts: Iterable<string>,
  options: TrainWordVectorsOptions,
): Promise<WordVectors> {
  const settings = readOptions("trainWordVectors(texts)", TRAIN, options);
  const { device, signal } = settings;
  const training = new Training(readCorpus(texts, settings), settings);
  return raceAbortLate(training.run(), () => GRACE, signal, device.disposal);
}

/** The sizes of a step, limited to one epoch for a short text. */
function shapeOf({ tokens }: WordCorpus, { window, batchSize }: Settings): SkipGramShape {
  const near = CENTRES + 2 * window;
  const groups = Math.ceil(Math.min(batchSize, tokens.length) / CENTRES);
  return { groups, centres: CENTRES, window, noise: Math.ceil((near + LEAST_NOISE) / 32) * 32 - near };
}

/** The position of a training run, besides its variables. */
interface Place {
  /** The current epoch (from 0) and its completed steps. */
  readonly epoch: number;
  readonly batch: number;
  /** The completed steps of all epochs. */
  readonly steps: number;
  /** The epoch's loss as last read, the number of pairs it covers, and the number of pairs since then. */
  readonly loss: number;
  readonly pairs: number;
  readonly unread: number;
}

const START: Place = { epoch: 0, batch: 0, steps: 0, loss: 0, pairs: 0, unread: 0 };

/** A training run, from the first step to the vectors. */
class Training {
  readonly #corpus: WordCorpus;
  readonly #settings: Settings;
  readonly #shape: SkipGramShape;
  readonly #began = performance.now();
  #step!: SkipGramStep;
  #snapshots!: Snapshots<Place>;
  #place = START;

  constructor(corpus: WordCorpus, settings: Settings) {
    this.#corpus = corpus;
    this.#settings = settings;
    this.#shape = shapeOf(corpus, settings);
  }

  async run(): Promise<WordVectors> {
    const { device, snapshotSeconds: seconds, vectorSize, negative, seed } = this.#settings;
    const check = () => this.#stopIfAsked();
    check();
    const vocabulary = this.#corpus.words.length;
    const compile = () => skipGramStep(device, this.#shape, { vectorSize, vocabulary, negative, seed });
    this.#step = await recovering(device, compile, { check });
    const { program, variables, loss, status } = this.#step;
    const finite = variables.filter((variable) => variable !== loss && variable !== status);
    const open = () => Snapshots.open<Place>(device, variables, [], { seconds, finite });
    try {
      this.#snapshots = await recovering(device, open, { check });
      try {
        const progress = () => this.#snapshots.state?.steps ?? 0;
        return await recovering(device, () => this.#run(), { check, progress });
      } finally {
        this.#snapshots.dispose();
      }
    } finally {
      program.dispose();
      variablesOf(device).release(variables);
    }
  }

  /** Trains from the last snapshot to the end. */
  async #run(): Promise<WordVectors> {
    const { onProgress } = this.#settings;
    const { noiseExponent, sample, epochs, seed, watch } = this.#settings;
    this.#snapshots.begin();
    this.#place = this.#snapshots.state ?? START;
    if (this.#snapshots.state === undefined) await this.#snapshots.publish(START);
    const batches = new SkipGramBatches(this.#corpus, this.#shape, { seed, sample, noiseExponent });
    while (this.#place.epoch < epochs) {
      const { epoch } = this.#place;
      await this.#runEpoch(batches);
      const ended = this.#progress(epoch, 1);
      this.#place = { ...START, epoch: epoch + 1, steps: this.#place.steps };
      await this.#publish();
      if (onProgress === undefined) continue;
      const vectors = this.#vectors();
      const known = watch.filter((word) => vectors.has(word));
      const nearest = new Map(known.map((word) => [word, vectors.mostSimilar({ positive: word })]));
      await this.#tell(onProgress, { ...ended, nearest });
    }
    return this.#vectors();
  }

  /** Runs the remaining steps of the current epoch. */
  async #runEpoch(batches: SkipGramBatches): Promise<void> {
    const { device, onProgress } = this.#settings;
    const { program } = this.#step;
    const { epoch, batch: done } = this.#place;
    const pacer = new Pacer(device);
    let read = { time: performance.now(), steps: this.#place.steps };
    batches.begin(epoch);
    // Batches depend only on their position, so completed ones are generated again and skipped.
    for (let passed = 0; passed < done; passed++) batches.next();
    for (let batch = batches.next(); batch !== undefined; batch = batches.next()) {
      this.#stopIfAsked();
      await program.ready();
      this.#snapshots.assertCurrent();
      const before = this.#place;
      const feeds = this.#step.feeds(batch, before.steps, this.#learningRate(epoch + batch.share));
      const after = {
        ...before,
        batch: before.batch + 1,
        steps: before.steps + 1,
        unread: before.unread + batch.pairs,
      };
      if (this.#snapshots.isDue) {
        await this.#snapshots.step(program, feeds, pacer);
        this.#place = after;
        await this.#readLoss();
        await this.#publish();
      } else {
        program.submit(feeds);
        this.#place = after;
        await pacer.submitted();
      }
      const isDue = performance.now() - read.time >= READ_SECONDS * 1000 && after.steps - read.steps >= READ_STEPS;
      if (!isDue || onProgress === undefined) continue;
      await this.#readLoss();
      read = { time: performance.now(), steps: after.steps };
      await this.#tell(onProgress, this.#progress(epoch, batch.share));
    }
    await this.#snapshots.settle();
    await this.#readLoss();
    if (this.#place.pairs > 0) return;
    throw new ValueError(
      `trainWordVectors: of ${this.#corpus.tokens.length} words, so many were subsampled that no pair is left ` +
        `(sample is ${this.#settings.sample}); give sample: 0 for short texts, or texts of more than one word`,
      { words: this.#corpus.tokens.length, sample: this.#settings.sample },
    );
  }

  /**
   * The learning rate after this many epochs: a pure function of the position in the texts, like all inputs of a step.
   */
  #learningRate(done: number): number {
    const { learningRate, epochs } = this.#settings;
    return learningRate * Math.max(LAST_RATE, 1 - done / epochs);
  }

  /** Reads the loss of the steps since the last reading. @throws NonFiniteError if it is not finite. */
  async #readLoss(): Promise<void> {
    const store = variablesOf(this.#settings.device);
    const { loss, status } = this.#step;
    await store.keep([loss, status]);
    const [sum, bad] = [...store.contentsOf([loss, status]).values()];
    const first = bad?.data[0] ?? 0;
    if (first !== 0) throw this.#nonFinite(`the loss of step ${first} was`, first);
    const place = this.#place;
    this.#place = { ...place, loss: place.loss + (sum?.data[0] ?? 0), pairs: place.pairs + place.unread, unread: 0 };
    store.write(loss, { shape: [], data: Float32Array.of(0) });
  }

  /** Takes a snapshot. @throws NonFiniteError if a vector or a sum of Adagrad is not finite. */
  async #publish(): Promise<void> {
    try {
      await this.#snapshots.publish(this.#place);
    } catch (error) {
      if (!(error instanceof NonFiniteError)) throw error;
      const { steps } = this.#place;
      throw this.#nonFinite(`after step ${steps} the vectors, or Adagrad's sums of squares, are`, steps);
    }
  }

  #nonFinite(what: string, step: number): NonFiniteError {
    const { learningRate } = this.#settings;
    return new NonFiniteError(
      `trainWordVectors: ${what} not finite; expected a smaller learningRate than ${learningRate}`,
      { step },
    );
  }

  /** The vectors of the last snapshot. */
  #vectors(): WordVectors {
    const { words, counts } = this.#corpus;
    const { inner } = this.#step;
    const vectors = variablesOf(this.#settings.device).contentsOf([inner]).get(inner);
    return new WordVectors(words, vectors as NdArray, counts);
  }

  #progress(epoch: number, share: number): WordVectorProgress {
    const { epochs } = this.#settings;
    const seconds = (performance.now() - this.#began) / 1000;
    const done = epoch + share;
    return {
      epoch: epoch + 1,
      epochs,
      share: done / epochs,
      loss: this.#place.loss / Math.max(1, this.#place.pairs),
      wordsPerSecond: (done * this.#corpus.tokens.length) / seconds,
      secondsLeft: ((epochs - done) * seconds) / done,
    };
  }

  /** Calls the progress callback, and awaits it until shortly after training is aborted. */
  async #tell(
    onProgress: NonNullable<TrainWordVectorsOptions["onProgress"]>,
    progress: WordVectorProgress,
  ): Promise<void> {
    this.#stopIfAsked();
    const { device, signal } = this.#settings;
    await raceAbortLate((async () => onProgress(progress))(), () => GRACE, signal, device.disposal);
  }

  #stopIfAsked(): void {
    const { signal } = this.#settings;
    if (signal?.aborted) throw new AbortError("trainWordVectors was stopped", {}, { cause: signal.reason });
  }
}
