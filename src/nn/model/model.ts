/** The model: layers on a device, with the methods that train, ask, show, keep and free it. */
import { LimitError, ValueError } from "../../core/errors.ts";
import { whenLoaded } from "../../core/named.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { readOptions } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import { variablesOf } from "../../runtime/run/variables.ts";
import { CallbackList } from "../callbacks/callback_list.ts";
import { type BatchStream, isStream } from "../data/batch_stream.ts";
import type { Classification } from "../data/classify_texts.ts";
import { type InputLike, type InputsLike, prepareInputs } from "../data/data_input.ts";
import {
  type ClassWeight,
  type DataLike,
  prepareData,
  splitArguments,
  type TargetsLike,
} from "../data/data_targets.ts";
import { type Column, sizeOfColumn } from "../data/examples.ts";
import { slotNames } from "../graph/weight_names.ts";
import type { Logs } from "../metrics/logs.ts";
import { type ModelFiles, modelToFiles, type SaveOptions, saveModel } from "../saving/model_save.ts";
import type { ModelMemory } from "../show/memory_figures.ts";
import type { BatchRunner } from "../training/batch_runner.ts";
import { FIT, type FitOptions } from "../training/fit_options.ts";
import { evaluationSteps, planFit, untrainedState } from "../training/fit_plan.ts";
import type { History } from "../training/fit_result.ts";
import { PauseGate } from "../training/pause_gate.ts";
import { RecoveringRun } from "../training/recovering_run.ts";
import { type RunControl, RunStop } from "../training/run_control.ts";
import type { Compiled } from "../training/step_model.ts";
import { TrainingRun } from "../training/training_run.ts";
import type { TrainingState } from "../training/training_state.ts";
import type { TrainingStep } from "../training/training_step.ts";
import { compileModel } from "./compile_model.ts";
import { ModelBase } from "./model_base.ts";
import type { AskedMemory } from "./model_memory.ts";
import {
  BATCH,
  type BatchOptions,
  COMPILE,
  type CompileOptions,
  EVALUATE,
  type EvaluateOptions,
  type MemoryOptions,
  RUN,
  type RunOptions,
  TEST_BATCH,
} from "./model_options.ts";
import { ModelPredictor } from "./model_predictor.ts";

/**
 * Layers on one device. Make one with `sequential` or `model`. `P` is what it predicts: an array, or a list of several.
 * Dispose it when done: its weights leave the GPU, unless another model shares them; the device stays.
 */
export class Model<P extends NdArray | NdArray[] = NdArray> extends ModelBase {
  readonly #gate = new PauseGate();
  #predictor: ModelPredictor | undefined;
  #runner: BatchRunner | undefined;
  #compiled: Compiled | undefined;
  /** Settles once the code behind the names that `compile` was given is loaded. */
  #compiling: Promise<void> | undefined;
  #state: TrainingState | undefined;
  /** Of the `fit` at hand. */
  #run: RecoveringRun | undefined;

  /** Where the last training stands; undefined before any. */
  get trainingState(): TrainingState | undefined {
    return this.#run?.checkpoint ?? this.#state;
  }

  /** What `compile` was given, for saving. */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  /**
   * Says how to train, and which layers: those that are trainable now. Optimizer state starts anew.
   * With several outputs, `loss`, `lossWeights` and `metrics` are lists or objects by output.
   * @throws ValueError for an unknown optimizer, loss, metric or output, listing the known ones.
   */
  compile(options: CompileOptions): void {
    this.assertFree("compile");
    const given = readOptions("compile", COMPILE, options);
    const compiled = whenLoaded(() => compileModel(this.graph, given));
    this.#releaseSlots();
    this.#state = undefined;
    this.#compiled = compiled instanceof Promise ? undefined : compiled;
    this.#compiling = compiled instanceof Promise ? this.#whenCompiled(compiled) : undefined;
  }

  #whenCompiled(compiled: Promise<Compiled>): Promise<void> {
    const compiling = compiled.then((loaded) => {
      if (this.#compiling === compiling) this.#compiled = loaded;
    });
    // Whoever needs the compiled model reports the error.
    compiling.catch(() => undefined);
    return compiling;
  }

  /** Waits until the code behind names that `compile` was given is loaded. @throws ValueError for their options. */
  async whenCompiled(): Promise<void> {
    await this.#compiling;
  }

  /**
   * Trains. Takes `(data, options)` or `(x, y, options)`; data may be a stream of batches: a generator, an async
   * iterable, or a function that makes one for each pass over it.
   * @throws AbortError when `signal` stopped it (at a whole step; `resume: true` goes on from there).
   * @throws NonFiniteError when a loss or gradient was not finite: the weights are those from before that step. Or when
   * a weight or the optimizer's state was not: the model is as of the last snapshot (`snapshotSeconds`, each epoch's
   * end), `details.lastStep`.
   * @throws DeviceLostError when the device was lost and no other could be had; `lastStep` says what is kept, and
   * `resume: true` goes on from there.
   * @throws OutOfMemoryError when the GPU or `memoryLimit` has no room; the model is as before.
   * @throws ValueError, ShapeError for data that does not fit; nothing has changed then.
   */
  fit(data: DataLike | BatchStream, options?: FitOptions): Promise<History>;
  fit(x: InputsLike, y: TargetsLike, options?: FitOptions): Promise<History>;
  async fit(
    first: DataLike | BatchStream | InputsLike,
    second?: TargetsLike | FitOptions,
    third?: FitOptions,
  ): Promise<History> {
    const { data, options } = splitArguments("fit", [first, second, third], this.graph.outputNames, (call, given) =>
      readOptions(call, FIT, given),
    );
    return this.exclusively("fit", async () => {
      const compiled = await this.#needCompiled("fit");
      const stop = new RunStop("fit", options.signal, this.disposal);
      const { training, validation, state } = planFit(data, options, {
        before: this.#state,
        seed: this.seed,
        prepare: (examples, what, classWeight) => this.#prepare(examples, compiled, what, classWeight),
        call: stop.call,
      });
      const control: RunControl = {
        stop,
        callbacks: new CallbackList(options.callbacks, stop.call),
        // What callbacks save is the step at hand or nothing: a loss of the device in a save is fit's to make good.
        model: {
          weights: this.weightVariables,
          save: (directory) => saveModel(this, directory, {}),
          toFiles: () => modelToFiles(this, {}),
        },
        onProgress: options.onProgress,
        whileResumed: () => this.#gate.wait(options.signal, this.disposal),
      };
      const { microBatchSize, batchSize } = state;
      const { snapshotSeconds } = options;
      const parts = {
        model: this.#stepModel(),
        compiled,
        weights: this.weightVariables,
        microBatchSize,
        snapshotSeconds,
      };
      const sizes: AskedMemory = {
        ...options,
        batchSize,
        ...(isStream(data) ? { validationData: undefined } : { data }),
      };
      const open = () =>
        this.#namingLargestBatch(compiled, sizes, () =>
          TrainingRun.open(parts, { training, validation }, state, control),
        );
      const run = new RecoveringRun({ device: this.device, start: state, control, open });
      this.#run = run;
      try {
        return await stop.end(
          this.reading("fit", () => run.train()),
          () => run.grace,
        );
      } finally {
        this.#run = undefined;
        run.end();
        this.#state = run.checkpoint ?? this.#state;
        run.dispose();
      }
    });
  }

  /**
   * Compiles a step of training on the first `batchSize` rows of the data, to time or profile it; running it trains.
   * @throws ValueError, ShapeError for data that does not fit.
   * @example
   * using step = await model.trainingStep(train, { batchSize: 64 });
   * for (const { operation, seconds } of await step.profile()) console.log(operation, seconds);
   */
  async trainingStep(data: DataLike, options: RunOptions = {}): Promise<TrainingStep> {
    this.assertFree("trainingStep");
    const { batchSize } = readOptions("trainingStep(data)", RUN, options);
    const compiled = await this.#needCompiled("trainingStep");
    const prepared = this.#prepare(data, compiled, "trainingStep");
    const size = Math.min(batchSize, prepared.size);
    const { TrainingStep } = await import("../training/training_step.ts");
    return this.recovered("trainingStep", () =>
      TrainingStep.prepare({ model: this.#stepModel(), compiled }, prepared, size),
    );
  }

  /**
   * What `fit`, `evaluate` and `predict` will take of the GPU's memory, and how large a batch may be. Nothing is made
   * on the GPU: the work is planned as it would run, so that the bytes are those of `device.memory`.
   * @throws ValueError, ShapeError for data that does not fit.
   * @throws LimitError where the device's limits do not let the batch through and it cannot be split into
   * micro-batches.
   * @example
   * const memory = await model.memory({ batchSize: 64, data: train });
   * console.log(`${memory}`); // a table
   * if (!memory.fits) console.log("take a batch of", memory.largestBatchSize);
   */
  async memory(options: MemoryOptions = {}): Promise<ModelMemory> {
    this.assertAlive("memory");
    await this.#compiling;
    const { memoryOf } = await import("./model_memory.ts");
    return memoryOf(this.#memoryParts(this.#compiled), options);
  }

  /** Runs `work`; an error about memory or a limit of the device names the largest batch that fits. */
  async #namingLargestBatch<T>(compiled: Compiled | undefined, sizes: AskedMemory, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LimitError)) throw error;
      const { withLargestBatch } = await import("./model_memory.ts");
      throw await withLargestBatch(this.#memoryParts(compiled), sizes, error);
    }
  }

  /** Pauses a running `fit` before its next step. */
  pause(): void {
    this.#gate.pause();
  }

  /** Lets a paused `fit` go on. */
  resume(): void {
    this.#gate.resume();
  }

  /** Loss and metrics on data. Takes `(data, options)` or `(x, y, options)`. */
  evaluate(data: DataLike | BatchStream, options?: EvaluateOptions): Promise<Logs>;
  evaluate(x: InputsLike, y: TargetsLike, options?: EvaluateOptions): Promise<Logs>;
  async evaluate(
    first: DataLike | BatchStream | InputsLike,
    second?: TargetsLike | EvaluateOptions,
    third?: EvaluateOptions,
  ): Promise<Logs> {
    const { data, options } = splitArguments(
      "evaluate",
      [first, second, third],
      this.graph.outputNames,
      (call, given) => readOptions(call, EVALUATE, given),
    );
    const stop = new RunStop("evaluate", options.signal, this.disposal);
    const work = async () => {
      const compiled = await this.#needCompiled("evaluate");
      const steps = evaluationSteps(data, {
        batchSize: options.batchSize,
        steps: options.steps,
        what: "evaluate",
        prepare: (examples) => this.#prepare(examples, compiled, "evaluate"),
        call: stop.call,
      });
      const { Evaluator } = await import("../training/evaluator.ts");
      const evaluator = await Evaluator.prepare(this.#stepModel(), compiled, steps);
      try {
        return await evaluator.run(stop);
      } finally {
        evaluator.dispose();
      }
    };
    return this.exclusively("evaluate", () => this.recovered("evaluate", work, options.signal));
  }

  /**
   * One step of training on one batch. Gives the batch's loss and metrics, from before the step. A `fit` that was
   * stopped before cannot be resumed after it.
   * @throws NonFiniteError when the loss, a gradient or an updated weight is not finite; nothing has changed then.
   */
  async trainOnBatch(x: InputsLike, y: TargetsLike, options: BatchOptions = {}): Promise<Logs> {
    const work = async () => {
      const batch = await this.#batch("trainOnBatch", x, y, readOptions("trainOnBatch(x, y)", BATCH, options));
      const iteration = this.#state?.iteration ?? 0;
      const logs = await (await this.#batchRunner("trainOnBatch")).train(batch, iteration);
      this.#state = { ...untrainedState(this.seed), iteration: iteration + 1 };
      return logs;
    };
    return this.exclusively("trainOnBatch", () => this.untilStopped(this.reading("trainOnBatch", work)));
  }

  /** Loss and metrics on one batch. */
  async testOnBatch(x: InputsLike, y: TargetsLike, options: Omit<BatchOptions, "classWeight"> = {}): Promise<Logs> {
    return this.exclusively("testOnBatch", () =>
      this.recovered("testOnBatch", async () =>
        (await this.#batchRunner("testOnBatch")).test(
          await this.#batch("testOnBatch", x, y, readOptions("testOnBatch(x, y)", TEST_BATCH, options)),
        ),
      ),
    );
  }

  /** The outputs for one batch, in one run. */
  async predictOnBatch(x: InputsLike): Promise<P> {
    const [first] = prepareInputs(x, this.graph.inputSpecs, "predictOnBatch");
    return this.predict(x, { batchSize: sizeOfColumn(first as Column) });
  }

  /** The outputs for x, `[N, ...outputShape]`; a list where the model has several. */
  async predict(x: InputsLike, options: RunOptions = {}): Promise<P> {
    const { batchSize, signal } = readOptions("predict(x)", RUN, options);
    const prepared = prepareInputs(x, this.graph.inputSpecs, "predict");
    const rows = sizeOfColumn(prepared[0] as Column);
    const stop = new RunStop("predict", options.signal, this.disposal);
    const outputs = await this.#namingLargestBatch(undefined, { batchSize, rows }, () =>
      this.recovered(
        "predict",
        () => {
          this.#predictor ??= new ModelPredictor(this.device, this.graph, this.variants);
          return this.#predictor.run(prepared, batchSize, stop);
        },
        signal,
      ),
    );
    return (outputs.length === 1 ? outputs[0] : outputs) as P;
  }

  /**
   * The class of each text, by the labels in the metadata, for a model whose output is a probability for each label
   * (softmax), or one for the second of two (sigmoid).
   * @throws ValueError without an encoder or labels, ShapeError for another output.
   *
   * @example
   * const [first] = await model.classify(["The home team won."]);
   * console.log(first?.label, first?.probability, first?.probabilities); // "sport" 0.9 { politics: 0.02, … }
   */
  async classify(texts: string | readonly string[], options: RunOptions = {}): Promise<Classification[]> {
    const { classifyTexts } = await import("../data/classify_texts.ts");
    const { encoder, metadata, graph } = this;
    const predict = (x: InputLike) => this.predict(x, options);
    return classifyTexts({ encoder, metadata, outputShapes: graph.outputShapes, predict }, texts);
  }

  /**
   * Saves to a directory (Node, Deno): weights, architecture, encoder, and the training's state. The old save stays
   * whole until the new one is.
   * @throws NonFiniteError when a weight or the optimizer's state is not finite, which `loadModel` would refuse; the
   * old save stays.
   */
  async save(directory: string, options: SaveOptions = {}): Promise<void> {
    await this.recoveredToEnd("save", async () => {
      await this.#compiling;
      return saveModel(this, directory, options);
    });
  }

  /**
   * The same files in memory: to download, or to keep where a browser app likes.
   * @throws ValueError when `weights` is "float16" and one is too large for it; NonFiniteError as `save`.
   * @example
   * const small = await model.toFiles({ weights: "float16", training: false }); // for a page that only asks the model
   */
  async toFiles(options: SaveOptions = {}): Promise<ModelFiles> {
    return this.recoveredToEnd("toFiles", async () => {
      await this.#compiling;
      return modelToFiles(this, options);
    });
  }

  /** All state variables of the optimizer, with the names that a file keeps. */
  get namedSlots(): ReadonlyMap<string, Variable> {
    return this.#compiled === undefined ? new Map() : slotNames(this.graph, this.#compiled);
  }

  /** Puts a loaded training state in place. For `loadModel`. */
  restoreTraining(state: TrainingState): void {
    this.assertFree("restoreTraining");
    this.#state = state;
  }

  protected wake(): void {
    this.#gate.resume();
  }

  protected override release(): void {
    this.#predictor?.dispose();
    this.#releaseSlots();
    super.release();
  }

  #releaseSlots(): void {
    this.#runner?.dispose();
    this.#runner = undefined;
    const slots = this.#compiled?.slots.flat() ?? [];
    if (slots.length > 0) variablesOf(this.device).release(slots);
  }

  async #batch(what: string, x: InputsLike, y: TargetsLike, options: BatchOptions) {
    const { sampleWeight, classWeight } = options;
    return this.#prepare({ x, y, sampleWeight }, await this.#needCompiled(what), what, classWeight);
  }

  async #batchRunner(what: string): Promise<BatchRunner> {
    const compiled = await this.#needCompiled(what);
    const { BatchRunner } = await import("../training/batch_runner.ts");
    this.#runner ??= new BatchRunner(this.#stepModel(), compiled);
    return this.#runner;
  }

  #stepModel() {
    return {
      device: this.device,
      variants: this.variants,
      forward: (xs: readonly Value[], step?: Value, microBatch?: number) => this.graph.build(xs, step, microBatch),
      constraintOf: (weight: Variable) => this.graph.constraintOf(weight),
    };
  }

  #memoryParts(compiled: Compiled | undefined) {
    const prepare = (data: DataLike, what: string) => this.#prepare(data, expectCompiled(compiled, what), what);
    return { device: this.device, graph: this.graph, stepModel: this.#stepModel(), compiled, prepare };
  }

  #prepare(data: DataLike, { objectives }: Compiled, what: string, classWeight?: ClassWeight) {
    const targets = objectives.map(({ name, loss }, index) => ({
      name,
      loss,
      shape: this.graph.outputShapes[index] as Shape,
    }));
    return prepareData(data, this.graph.inputSpecs, targets, what, classWeight);
  }

  async #needCompiled(what: string): Promise<Compiled> {
    await this.#compiling;
    return expectCompiled(this.#compiled, what);
  }
}

/** @throws ValueError for a model that is not compiled. */
function expectCompiled(compiled: Compiled | undefined, what: string): Compiled {
  if (compiled !== undefined) return compiled;
  throw new ValueError(`${what}: the model is not compiled; call model.compile({ loss, optimizer, metrics }) first`);
}
