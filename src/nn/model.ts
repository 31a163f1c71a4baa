/** The model: layers in a row, trained and asked on one device. */
import { DisposedError, ShapeError, ValueError } from "../core/errors.ts";
import type { ArrayLike, NdArray } from "../core/nd_array.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import type { ReviewEncoder } from "../data/review_encoder.ts";
import type { Value, Variable } from "../graph/operation.ts";
import type { Device } from "../runtime/device.ts";
import { variablesOf } from "../runtime/variables.ts";
import { type DataLike, type InputLike, prepareData, prepareInputs, splitArguments } from "./data_input.ts";
import { partOf } from "./data_parts.ts";
import { Evaluator } from "./evaluator.ts";
import { type CellTrace, type InputGradients, inputGradients, type TraceOptions, traceCell } from "./inspect.ts";
import { LayerStack } from "./layer_stack.ts";
import type { Layer } from "./layers/index.ts";
import { type Loss, resolveLoss } from "./losses.ts";
import { resolveMetric } from "./metrics.ts";
import type { CompileOptions, FitOptions, History, ModelOptions, NamedWeight, RunOptions } from "./model_options.ts";
import { type ModelFiles, modelToFiles, saveModel } from "./model_save.ts";
import { resolveOptimizer } from "./optimizers/index.ts";
import { PauseGate } from "./pause_gate.ts";
import { Predictor } from "./predictor.ts";
import type { Compiled } from "./step_programs.ts";
import { summarize } from "./summary.ts";
import { Trainer } from "./trainer.ts";
import type { Logs, TrainingState } from "./training_state.ts";
import { TrainingStep } from "./training_step.ts";

/**
 * Layers in a row on one device. Make one with `sequential`.
 * Dispose it when done: its weights leave the GPU, the device stays.
 */
export class Model {
  readonly name: string;
  readonly device: Device;
  /** What turns text into this model's ids: set it to have it saved with the model; `loadModel` brings it back. */
  encoder: ReviewEncoder | undefined;
  readonly #stack: LayerStack;
  readonly #predictor: Predictor;
  readonly #gate = new PauseGate();
  readonly #forget: () => void;
  #compiled: Compiled | undefined;
  #state: TrainingState | undefined;
  #busy: string | undefined;
  #disposed = false;

  constructor(layers: readonly Layer[], { device, inputShape, seed = 0, name = "sequential" }: ModelOptions) {
    this.name = name;
    this.device = device;
    this.#stack = new LayerStack(layers, inputShape, seed);
    this.#predictor = new Predictor(device, this.#stack);
    this.#forget = device.onDispose(() => this.dispose());
  }

  get layers(): readonly Layer[] {
    return this.#stack.layers;
  }

  get seed(): number {
    return this.#stack.seed;
  }

  /** The input's shape without the batch. */
  get inputShape(): Shape {
    return this.#stack.inputShape;
  }

  /** The output's shape without the batch. */
  get outputShape(): Shape {
    return this.#stack.outputShape;
  }

  /** The layers below the device: for those who build graphs with them. */
  get stack(): LayerStack {
    return this.#stack;
  }

  /** Where the last training stands; undefined before any. */
  get trainingState(): TrainingState | undefined {
    return this.#state;
  }

  /** What `compile` was given, for saving. */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  /**
   * Says how to train. Optimizer state starts anew.
   * @throws ValueError for an unknown optimizer, loss or metric, listing the known ones.
   */
  compile({ optimizer = "rmsprop", loss, metrics = [] }: CompileOptions): void {
    this.#assertFree("compile");
    const resolvedLoss = resolveLoss(loss);
    const resolvedOptimizer = resolveOptimizer(optimizer);
    const width = this.outputShape.at(-1) ?? 1;
    const resolvedMetrics = metrics.map((metric) => resolveMetric(metric, resolvedLoss, width));
    this.#releaseSlots();
    this.#compiled = {
      optimizer: resolvedOptimizer,
      loss: resolvedLoss,
      metrics: resolvedMetrics,
      slots: this.#stack.weights.map((weight) => (weight.trainable ? resolvedOptimizer.slots(weight) : [])),
    };
    this.#state = undefined;
  }

  /** The model as a table, as Keras prints it. */
  summary(): string {
    return summarize(this.name, this.layers, this.#stack.shapes);
  }

  /**
   * Trains. Takes `(data, options)` or `(x, y, options)`.
   * @throws AbortError when `signal` stopped it (at a whole step; `resume: true` goes on from there).
   * @throws NonFiniteError when a loss or gradient was not finite; the weights are those from before that step.
   * @throws ValueError, ShapeError for data that does not fit; nothing has changed then.
   */
  fit(data: DataLike, options?: FitOptions): Promise<History>;
  fit(x: InputLike, y: ArrayLike, options?: FitOptions): Promise<History>;
  async fit(first: DataLike | InputLike, second?: ArrayLike | FitOptions, third?: FitOptions): Promise<History> {
    const { data, options } = splitArguments<FitOptions>(first, second, third);
    return this.#exclusively("fit", async () => {
      const compiled = this.#needCompiled("fit");
      const all = this.#prepare(data, compiled.loss, "fit");
      const { training, validation } = this.#splitValidation(all, options, compiled.loss);
      const state = this.#startState(training.size, options);
      const trainer = await Trainer.prepare({ model: this.#stepModel(), compiled, state }, training, validation);
      try {
        await trainer.run({
          signal: options.signal,
          onProgress: options.onProgress,
          whileResumed: () => this.#gate.wait(options.signal, () => this.#disposed),
          isDisposed: () => this.#disposed,
        });
        return historyOf(trainer);
      } finally {
        this.#state = trainer.state;
        trainer.dispose();
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
    this.#assertFree("trainingStep");
    const compiled = this.#needCompiled("trainingStep");
    const prepared = this.#prepare(data, compiled.loss, "trainingStep");
    const batchSize = checkCount("trainingStep", "batchSize", options.batchSize ?? 32);
    return TrainingStep.prepare({ model: this.#stepModel(), compiled }, prepared, Math.min(batchSize, prepared.size));
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
  evaluate(data: DataLike, options?: RunOptions): Promise<Logs>;
  evaluate(x: InputLike, y: ArrayLike, options?: RunOptions): Promise<Logs>;
  async evaluate(first: DataLike | InputLike, second?: ArrayLike | RunOptions, third?: RunOptions): Promise<Logs> {
    const { data, options } = splitArguments<RunOptions>(first, second, third);
    return this.#exclusively("evaluate", async () => {
      const compiled = this.#needCompiled("evaluate");
      const prepared = this.#prepare(data, compiled.loss, "evaluate");
      const batchSize = checkCount("evaluate", "batchSize", options.batchSize ?? 32);
      const evaluator = await Evaluator.prepare(
        this.#stepModel(),
        compiled,
        prepared,
        Math.min(batchSize, prepared.size),
      );
      try {
        return await evaluator.run({ signal: options.signal, isDisposed: () => this.#disposed });
      } finally {
        evaluator.dispose();
      }
    });
  }

  /** The outputs for x, `[N, ...outputShape]`. */
  async predict(x: InputLike, options: RunOptions = {}): Promise<NdArray> {
    const prepared = prepareInputs(x, this.#stack.inputSpec, "predict");
    const batchSize = checkCount("predict", "batchSize", options.batchSize ?? 32);
    this.#assertAlive("predict");
    return this.#predictor.run(prepared, batchSize, options.signal);
  }

  /** All weights in Keras's order and layout, read back from the GPU. */
  async weights(): Promise<NamedWeight[]> {
    this.#assertAlive("weights");
    const arrays = await variablesOf(this.device).read(this.#stack.weights);
    return arrays.map((array, index) => ({ name: (this.#stack.weights[index] as Variable).name, ...array }));
  }

  /**
   * Replaces all weights, in the order of `weights()`.
   * @throws ShapeError, ValueError when one does not fit; then none is changed.
   */
  async setWeights(
    weights: readonly (NdArray | { readonly shape: Shape; readonly data: readonly number[] })[],
  ): Promise<void> {
    this.#assertFree("setWeights");
    if (weights.length !== this.#stack.weights.length) {
      throw new ValueError(
        `setWeights: got ${weights.length} arrays; the model has ${this.#stack.weights.length} weights`,
        {
          got: weights.length,
        },
      );
    }
    const arrays = weights.map(({ shape, data }, index): NdArray => {
      const { name, shape: expected } = this.#stack.weights[index] as Variable;
      if (!sameShape(shape, expected) || data.length !== sizeOf(expected)) {
        throw new ShapeError(
          `setWeights: array ${index} is ${formatShape(shape)} with ${data.length} elements; "${name}" is ${formatShape(expected)}`,
          {
            index,
            name,
            shape,
            expected,
          },
        );
      }
      const array = Float32Array.from(data);
      if (!array.every(Number.isFinite))
        throw new ValueError(`setWeights: "${name}" holds a number that is not finite`, { name });
      return { shape, data: array };
    });
    const store = variablesOf(this.device);
    for (const [index, array] of arrays.entries()) store.write(this.#stack.weights[index] as Variable, array);
  }

  /** Gates, candidate, cell and hidden state of a recurrent layer over time, for x. */
  async trace(x: InputLike, options: TraceOptions = {}): Promise<CellTrace> {
    this.#assertAlive("trace");
    return traceCell(this, x, options);
  }

  /** The gradient of the output by input and timestep, for x. */
  async gradients(x: InputLike): Promise<InputGradients> {
    this.#assertAlive("gradients");
    return inputGradients(this, x);
  }

  /** Saves to a directory (Node, Deno): weights, architecture, encoder, and the training's state. The old save stays whole until the new one is. */
  async save(directory: string): Promise<void> {
    this.#assertAlive("save");
    await saveModel(this, directory);
  }

  /** The same files in memory: to download, or to keep where a browser app likes. */
  async toFiles(): Promise<ModelFiles> {
    this.#assertAlive("toFiles");
    return modelToFiles(this);
  }

  /** All state variables of the optimizer, with names that a file can keep. */
  get optimizerVariables(): readonly Variable[] {
    return this.#compiled?.slots.flat() ?? [];
  }

  /** The variables behind `weights()`. */
  get weightVariables(): readonly Variable[] {
    return this.#stack.weights;
  }

  /** Puts a loaded training state in place. For `loadModel`. */
  restoreTraining(state: TrainingState): void {
    this.#assertFree("restoreTraining");
    this.#state = state;
  }

  /** Frees the model's memory on the GPU; a running `fit` stops at a whole step and rejects with DisposedError. Harmless when repeated. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#gate.resume();
    this.#forget();
    // A running fit frees its own parts first: the rest goes when it has stopped.
    if (this.#busy === undefined) this.#release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #release(): void {
    this.#predictor.dispose();
    this.#releaseSlots();
    variablesOf(this.device).release(this.#stack.weights);
  }

  #releaseSlots(): void {
    variablesOf(this.device).release(this.optimizerVariables);
  }

  #stepModel() {
    const { weights } = this.#stack;
    return {
      device: this.device,
      weights,
      forward: (x: Value, step?: Value) => this.#stack.forward(x, step),
      constraintOf: (weight: Variable) => this.#stack.constraintOf(weight),
    };
  }

  #prepare(data: DataLike, loss: Loss, what: string): Dataset {
    return prepareData(data, this.#stack.inputSpec, loss, [1, ...this.outputShape], what);
  }

  #splitValidation(data: Dataset, { validationData, validationSplit = 0 }: FitOptions, loss: Loss) {
    if (!(validationSplit >= 0 && validationSplit < 1)) {
      throw new ValueError(`fit: validationSplit is ${validationSplit}; expected 0 ≤ validationSplit < 1`, {
        validationSplit,
      });
    }
    if (validationData !== undefined) {
      return { training: data, validation: this.#prepare(validationData, loss, "fit: validationData") };
    }
    if (validationSplit === 0) return { training: data, validation: undefined };
    const cut = Math.floor(data.size * (1 - validationSplit));
    if (cut === 0 || cut === data.size) {
      throw new ValueError(`fit: validationSplit ${validationSplit} of ${data.size} examples leaves one side empty`, {
        validationSplit,
        size: data.size,
      });
    }
    return { training: partOf(data, 0, cut), validation: partOf(data, cut, data.size) };
  }

  #startState(
    size: number,
    { epochs = 1, batchSize = 32, shuffle = true, seed = this.seed, resume = false }: FitOptions,
  ): TrainingState {
    if (resume) {
      if (this.#state === undefined)
        throw new ValueError(
          "fit: there is no training to resume; the model was never trained, or was saved without its training state",
        );
      if (this.#state.size !== size) {
        throw new ValueError(
          `fit: the training to resume had ${this.#state.size} examples, this data has ${size}; give the same data`,
          {
            expected: this.#state.size,
            size,
          },
        );
      }
      return { ...this.#state, epochs: Math.max(epochs, this.#state.epochs) };
    }
    checkCount("fit", "epochs", epochs);
    checkCount("fit", "batchSize", batchSize);
    return {
      seed,
      epochs,
      batchSize,
      shuffle,
      epoch: 0,
      batch: 0,
      iteration: this.#state?.iteration ?? 0,
      sums: [],
      size,
      records: [],
    };
  }

  #needCompiled(what: string): Compiled {
    if (this.#compiled === undefined)
      throw new ValueError(
        `${what}: the model is not compiled; call model.compile({ loss, optimizer, metrics }) first`,
      );
    return this.#compiled;
  }

  #assertAlive(what: string): void {
    if (this.#disposed) throw new DisposedError(`${what}: the model "${this.name}" was disposed`, { model: this.name });
    this.device.assertUsable();
  }

  #assertFree(what: string): void {
    this.#assertAlive(what);
    if (this.#busy !== undefined) {
      throw new ValueError(`${what}: the model is busy with ${this.#busy}; await it first`, { busy: this.#busy });
    }
  }

  async #exclusively<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.#assertFree(what);
    this.#busy = what;
    try {
      return await work();
    } finally {
      this.#busy = undefined;
      if (this.#disposed) this.#release();
    }
  }
}

function checkCount(what: string, option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new ValueError(`${what}: ${option} is ${value}; expected a whole number of at least 1`, { [option]: value });
  }
  return value;
}

function historyOf(trainer: Trainer): History {
  const { records } = trainer.state;
  const history: Record<string, number[]> = {};
  for (const { logs } of records) {
    for (const [name, value] of Object.entries(logs)) {
      history[name] ??= [];
      history[name]?.push(value);
    }
  }
  return { history, epochs: records, statistics: trainer.statistics };
}
