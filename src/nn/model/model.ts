/** The model: layers on a device, with methods to train, evaluate, predict, inspect, save and dispose it. */
import { LimitError } from "../../core/errors.ts";
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
import { Evaluator } from "../training/evaluator.ts";
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
import { Compilation, expectCompiled } from "./compilation.ts";
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
 * Layers on one device, created by `sequential` or `model`. `P` is the type of its predictions: an array, or a list of
 * arrays. `dispose()` frees the weights on the GPU unless another model shares them; the device remains usable.
 */
export class Model<P extends NdArray | NdArray[] = NdArray> extends ModelBase {
  readonly #gate = new PauseGate();
  #predictor: ModelPredictor | undefined;
  #runner: BatchRunner | undefined;
  #compilation: Compilation | undefined;
  #state: TrainingState | undefined;
  /** The current `fit`. */
  #run: RecoveringRun | undefined;

  /** The progress of the last training run; undefined before the first. */
  get trainingState(): TrainingState | undefined {
    return this.#run?.checkpoint ?? this.#state;
  }

  /** The compiled optimizer, losses and metrics, for saving. */
  get compiled(): Compiled | undefined {
    return this.#compilation?.compiled;
  }

  /**
   * Configures training of the layers that are trainable now, and resets the optimizer's state. With several outputs,
   * `loss`, `lossWeights` and `metrics` are lists or objects keyed by output.
   * @throws ValueError for an unknown optimizer, loss, metric or output, listing the known ones.
   */
  compile(options: CompileOptions): void {
    this.assertFree("compile");
    const given = readOptions("compile", COMPILE, options);
    const compiled = whenLoaded(() => compileModel(this.graph, given));
    this.#releaseSlots();
    this.#state = undefined;
    this.#compilation = new Compilation(compiled);
  }

  /** Waits for code that `compile` loads. @throws ValueError for the options of a name that had to be loaded. */
  async whenCompiled(): Promise<void> {
    await this.#compilation?.loaded();
  }

  /**
   * Trains the model. Call it with `(data, options)` or `(x, y, options)`. Data may be a stream of batches: a
   * generator, an async iterable, or a function that returns a new one for each pass.
   * @throws AbortError if `signal` aborts; training stops after the current step, and `resume: true` continues it.
   * @throws NonFiniteError if a loss or gradient is not finite: the weights are those before that step. Also if a
   * weight or the optimizer's state is not finite: the model returns to the last snapshot (see `snapshotSeconds`),
   * taken after step `details.lastStep`.
   * @throws DeviceLostError if the device is lost and no other is available; the model is kept as of `lastStep`, and
   * `resume: true` continues from there.
   * @throws OutOfMemoryError if the GPU or `memoryLimit` has too little memory; the model is unchanged.
   * @throws ValueError, ShapeError for invalid data; the model is unchanged.
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
      const compiled = this.compiled ?? (await this.#needCompiled("fit"));
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
        // A callback saves the current step or nothing; if the device is lost during a save, `fit` recovers.
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
   * Compiles a training step on the first `batchSize` rows of the data, to time or profile it. Running it trains the
   * model.
   * @throws ValueError, ShapeError for data that does not fit.
   * @example
   * using step = await model.trainingStep(train, { batchSize: 64 });
   * for (const { operation, seconds } of await step.profile()) console.log(operation, seconds);
   */
  async trainingStep(data: DataLike, options: RunOptions = {}): Promise<TrainingStep> {
    this.assertFree("trainingStep");
    const { batchSize } = readOptions("trainingStep(data)", RUN, options);
    const compiled = this.compiled ?? (await this.#needCompiled("trainingStep"));
    const prepared = this.#prepare(data, compiled, "trainingStep");
    const size = Math.min(batchSize, prepared.size);
    const { TrainingStep } = await import("../training/training_step.ts");
    return this.recovered("trainingStep", () =>
      TrainingStep.prepare({ model: this.#stepModel(), compiled }, prepared, size),
    );
  }

  /**
   * Estimates the GPU memory that `fit`, `evaluate` and `predict` need, and the largest batch size that fits. The work
   * is planned exactly as it would run but nothing is allocated; the bytes match `device.memory`.
   * @throws ValueError, ShapeError for data that does not fit.
   * @throws LimitError if the batch exceeds a device limit and cannot be split into micro-batches.
   * @example
   * const memory = await model.memory({ batchSize: 64, data: train });
   * console.log(`${memory}`); // a table
   * if (!memory.fits) console.log("take a batch of", memory.largestBatchSize);
   */
  async memory(options: MemoryOptions = {}): Promise<ModelMemory> {
    this.assertAlive("memory");
    await this.whenCompiled();
    const { memoryOf } = await import("./model_memory.ts");
    return memoryOf(this.#memoryParts(this.compiled), options);
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

  /** Resumes a paused `fit`. */
  resume(): void {
    this.#gate.resume();
  }

  /** Computes loss and metrics on data. Call it with `(data, options)` or `(x, y, options)`. */
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
      const compiled = this.compiled ?? (await this.#needCompiled("evaluate"));
      const steps = evaluationSteps(data, {
        batchSize: options.batchSize,
        steps: options.steps,
        what: "evaluate",
        prepare: (examples) => this.#prepare(examples, compiled, "evaluate"),
        call: stop.call,
      });
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
   * Trains one step on one batch and returns the batch's loss and metrics from before the step. A stopped `fit` cannot
   * be resumed afterwards.
   * @throws NonFiniteError if the loss, a gradient or an updated weight is not finite; the model is unchanged.
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

  /** Computes loss and metrics on one batch. */
  async testOnBatch(x: InputsLike, y: TargetsLike, options: Omit<BatchOptions, "classWeight"> = {}): Promise<Logs> {
    return this.exclusively("testOnBatch", () =>
      this.recovered("testOnBatch", async () =>
        (await this.#batchRunner("testOnBatch")).test(
          await this.#batch("testOnBatch", x, y, readOptions("testOnBatch(x, y)", TEST_BATCH, options)),
        ),
      ),
    );
  }

  /** Predicts one batch. */
  async predictOnBatch(x: InputsLike): Promise<P> {
    const [first] = prepareInputs(x, this.graph.inputSpecs, "predictOnBatch");
    return this.predict(x, { batchSize: sizeOfColumn(first as Column) });
  }

  /** Predicts the outputs for x, `[N, ...outputShape]`; a list if the model has several outputs. */
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
   * Classifies each text with the labels in the metadata. The model's output must be one probability per label
   * (softmax), or the probability of the second of two labels (sigmoid).
   * @throws ValueError if the model has no encoder or labels, ShapeError if its output has another shape.
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
   * Saves weights, architecture, encoder and training state to a directory (Node, Deno). An existing save is replaced
   * only once the new one is complete.
   * @throws NonFiniteError if a weight or the optimizer's state is not finite, which `loadModel` would reject; an
   * existing save is kept.
   */
  async save(directory: string, options: SaveOptions = {}): Promise<void> {
    await this.recoveredToEnd("save", async () => {
      await this.whenCompiled();
      return saveModel(this, directory, options);
    });
  }

  /**
   * The files of `save` in memory, to download them or store them elsewhere.
   * @throws ValueError if `weights` is "float16" and a weight is out of its range; NonFiniteError as in `save`.
   * @example
   * const small = await model.toFiles({ weights: "float16", training: false }); // for a page that only asks the model
   */
  async toFiles(options: SaveOptions = {}): Promise<ModelFiles> {
    return this.recoveredToEnd("toFiles", async () => {
      await this.whenCompiled();
      return modelToFiles(this, options);
    });
  }

  /** All state variables of the optimizer, by the names used in a save. */
  get namedSlots(): ReadonlyMap<string, Variable> {
    return this.compiled === undefined ? new Map() : slotNames(this.graph, this.compiled);
  }

  /** Restores a loaded training state. For `loadModel`. */
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
    const slots = this.compiled?.slots.flat() ?? [];
    if (slots.length > 0) variablesOf(this.device).release(slots);
  }

  async #batch(what: string, x: InputsLike, y: TargetsLike, options: BatchOptions) {
    const { sampleWeight, classWeight } = options;
    return this.#prepare({ x, y, sampleWeight }, this.compiled ?? (await this.#needCompiled(what)), what, classWeight);
  }

  async #batchRunner(what: string): Promise<BatchRunner> {
    const compiled = this.compiled ?? (await this.#needCompiled(what));
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

  /** Waits for code that `compile` loads. Without any, callers go on in the same turn: they copy their data at once. */
  async #needCompiled(what: string): Promise<Compiled> {
    await this.whenCompiled();
    return expectCompiled(this.compiled, what);
  }
}
