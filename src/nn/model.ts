/** The model: layers in a row, trained and asked on one device. */
import { DisposedError, ShapeError, ValueError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import { type ArrayLike, full } from "../core/nd_array.ts";
import { Random } from "../core/random.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../core/shape.ts";
import type { Dataset } from "../data/dataset.ts";
import { type RaggedSequences, takeRaggedRows, toPadded } from "../data/ragged.ts";
import type { ReviewEncoder } from "../data/review_encoder.ts";
import { input, type Value, Variable } from "../graph/operation.ts";
import type { Device } from "../runtime/device.ts";
import { Program } from "../runtime/program.ts";
import { variablesOf } from "../runtime/variables.ts";
import {
  type DataLike,
  type InputLike,
  type InputSpec,
  prepareData,
  prepareInputs,
  splitArguments,
} from "./data_input.ts";
import { type CellTrace, type InputGradients, inputGradients, type TraceOptions, traceCell } from "./inspect.ts";
import { type CallResult, Embedding, type Layer, type WeightSpec } from "./layers/index.ts";
import { type Loss, type LossLike, resolveLoss } from "./losses.ts";
import { type MetricLike, resolveMetric } from "./metrics.ts";
import { type ModelFiles, modelToFiles, saveModel } from "./model_save.ts";
import { type OptimizerLike, resolveOptimizer } from "./optimizers.ts";
import { PauseGate } from "./pause_gate.ts";
import type { Compiled } from "./step_programs.ts";
import { summarize } from "./summary.ts";
import {
  type EpochRecord,
  Evaluator,
  type Logs,
  type Progress,
  Trainer,
  type TrainingState,
  type TrainingStatistics,
} from "./trainer.ts";

/** Options of `sequential`. */
export interface ModelOptions {
  readonly device: Device;
  /** The shape of one example, without the batch: `[500]` for 500 ids. */
  readonly inputShape: Shape;
  /** One seed, one result: weights, dropout and the order of the rows follow from it. 0 when absent. */
  readonly seed?: number;
  readonly name?: string;
}

/** Options of `compile`. */
export interface CompileOptions {
  readonly optimizer?: OptimizerLike;
  readonly loss: LossLike;
  readonly metrics?: readonly MetricLike[];
}

/** Options of `fit`. */
export interface FitOptions {
  /** 1 when absent. */
  readonly epochs?: number;
  /** 32 when absent. */
  readonly batchSize?: number;
  readonly validationData?: DataLike;
  /** The last share of the data, before any shuffling, is kept for validation. */
  readonly validationSplit?: number;
  /** True when absent: another order in each epoch, by the seed. */
  readonly shuffle?: boolean;
  /** Of the order of the rows; the model's own when absent. */
  readonly seed?: number;
  /** Stops at a whole step: `fit` rejects with an AbortError, and `resume` can go on. */
  readonly signal?: AbortSignal;
  /** Called after each step. Loss and metrics in it are read from the GPU only now and then. */
  readonly onProgress?: (progress: Progress) => void | Promise<void>;
  /** Go on where an earlier `fit` stopped (in this session, or in the one that saved the model), with that fit's epochs, batch size and seed. */
  readonly resume?: boolean;
}

/** Options of `evaluate` and `predict`. */
export interface RunOptions {
  /** 32 when absent. */
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
}

/** What `fit` returns. */
export interface History {
  /** One list per result, one number per epoch: `history.loss`, `history.valAccuracy`. */
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly epochs: readonly EpochRecord[];
  readonly statistics: TrainingStatistics;
}

/** A weight by name, as `weights()` lists them. */
export interface NamedWeight extends NdArray {
  /** Layer and weight, such as `lstm/recurrent_kernel`. */
  readonly name: string;
}

/** Random streams of layers that drop inputs begin here; those of weights count from 0. */
const LAYER_STREAM = 0x20000000;
/** Programs of `predict` are kept for this many batch sizes. */
const KEPT_PREDICTORS = 4;

interface Predictor {
  readonly program: Program;
  readonly x: Value;
}

/** What a layer gave in one forward build. */
export interface LayerTrace {
  readonly layer: Layer;
  readonly result: CallResult;
}

/**
 * Layers in a row on one device. Make one with `sequential`.
 * Dispose it when done: its weights leave the GPU, the device stays.
 */
export class Model {
  readonly name: string;
  readonly device: Device;
  readonly layers: readonly Layer[];
  readonly inputShape: Shape;
  readonly seed: number;
  /** What turns text into this model's ids: set it to have it saved with the model; `loadModel` brings it back. */
  encoder: ReviewEncoder | undefined;
  readonly #weights: readonly Variable[];
  readonly #shapes: readonly Shape[];
  readonly #predictors = new Map<number, Predictor>();
  readonly #gate = new PauseGate();
  readonly #forget: () => void;
  #compiled: Compiled | undefined;
  #state: TrainingState | undefined;
  #busy: string | undefined;
  #disposed = false;

  constructor(layers: readonly Layer[], { device, inputShape, seed = 0, name = "sequential" }: ModelOptions) {
    if (layers.length === 0) throw new ValueError("sequential: got no layers; expected at least one");
    if (inputShape.some((size) => !Number.isInteger(size) || size < 1)) {
      throw new ShapeError(
        `sequential: inputShape is ${formatShape(inputShape)}; expected whole sizes of at least 1, without the batch`,
        { inputShape },
      );
    }
    this.name = name;
    this.device = device;
    this.layers = layers;
    this.inputShape = [...inputShape];
    this.seed = seed;
    nameLayers(layers);
    const shapes: Shape[] = [];
    const weights: Variable[] = [];
    let shape: Shape = this.inputShape;
    for (const layer of layers) {
      layer.build(shape, (spec) => {
        const weight = makeWeight(layer, spec, seed, weights.length);
        weights.push(weight);
        return weight;
      });
      shape = layer.outputShape(shape);
      shapes.push(shape);
    }
    this.#shapes = shapes;
    this.#weights = weights;
    this.#forget = device.onDispose(() => this.dispose());
  }

  /** The output's shape without the batch. */
  get outputShape(): Shape {
    return this.#shapes.at(-1) as Shape;
  }

  /** Where the last training stands; undefined before any. */
  get trainingState(): TrainingState | undefined {
    return this.#state;
  }

  /** What `compile` was given, for saving. */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  get inputSpec(): InputSpec {
    const [first] = this.layers as [Layer];
    return {
      shape: this.inputShape,
      dtype: first.inputDType,
      idLimit: first instanceof Embedding ? first.inputDim : undefined,
    };
  }

  /** Builds the layers on x `[B, ...inputShape]`; with `step` (int32 scalar) as in training. Returns every layer's result. */
  build(x: Value, step?: Value): readonly LayerTrace[] {
    let value = x;
    let mask: Value | undefined;
    return this.layers.map((layer, index) => {
      const result = layer.call(value, {
        training: step !== undefined,
        mask,
        random: () => {
          if (step === undefined) throw new ValueError(`${layer.name}: random numbers are for training only`);
          return { counter: step, seed: this.seed, stream: LAYER_STREAM + index };
        },
      });
      value = result.output;
      mask = result.mask;
      return { layer, result };
    });
  }

  /** The output for x, symbolically. */
  forward(x: Value, step?: Value): Value {
    return (this.build(x, step).at(-1) as LayerTrace).result.output;
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
      slots: this.#weights.map((weight) => resolvedOptimizer.slots(weight)),
    };
    this.#state = undefined;
  }

  /** The model as a table, as Keras prints it. */
  summary(): string {
    return summarize(this.name, this.layers, this.#shapes);
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
    const prepared = prepareInputs(x, this.inputSpec, "predict");
    const batchSize = checkCount("predict", "batchSize", options.batchSize ?? 32);
    this.#assertAlive("predict");
    const size = "kind" in prepared ? prepared.offsets.length - 1 : (prepared.shape[0] as number);
    const width = sizeOf(this.outputShape);
    const result = full([size, ...this.outputShape], "float32", 0);
    for (let start = 0; start < size; start += batchSize) {
      options.signal?.throwIfAborted();
      const count = Math.min(batchSize, size - start);
      const predictor = await this.#predictor(count);
      const [output] = await predictor.program.run(new Map([[predictor.x, rowsOf(prepared, start, count)]]));
      (result.data as Float32Array).set((output as NdArray).data, start * width);
    }
    return result;
  }

  /** All weights in Keras's order and layout, read back from the GPU. */
  async weights(): Promise<NamedWeight[]> {
    this.#assertAlive("weights");
    const arrays = await variablesOf(this.device).read(this.#weights);
    return arrays.map((array, index) => ({ name: (this.#weights[index] as Variable).name, ...array }));
  }

  /**
   * Replaces all weights, in the order of `weights()`.
   * @throws ShapeError, ValueError when one does not fit; then none is changed.
   */
  async setWeights(
    weights: readonly (NdArray | { readonly shape: Shape; readonly data: readonly number[] })[],
  ): Promise<void> {
    this.#assertFree("setWeights");
    if (weights.length !== this.#weights.length) {
      throw new ValueError(`setWeights: got ${weights.length} arrays; the model has ${this.#weights.length} weights`, {
        got: weights.length,
      });
    }
    const arrays = weights.map(({ shape, data }, index): NdArray => {
      const { name, shape: expected } = this.#weights[index] as Variable;
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
    for (const [index, array] of arrays.entries()) store.write(this.#weights[index] as Variable, array);
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
    return this.#weights;
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
    for (const { program } of this.#predictors.values()) program.dispose();
    this.#predictors.clear();
    this.#releaseSlots();
    variablesOf(this.device).release(this.#weights);
  }

  #releaseSlots(): void {
    variablesOf(this.device).release(this.optimizerVariables);
  }

  #stepModel() {
    return { device: this.device, weights: this.#weights, forward: (x: Value, step?: Value) => this.forward(x, step) };
  }

  #prepare(data: DataLike, loss: Loss, what: string): Dataset {
    return prepareData(data, this.inputSpec, loss, [1, ...this.outputShape], what);
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

  async #predictor(batchSize: number): Promise<Predictor> {
    const known = this.#predictors.get(batchSize);
    if (known !== undefined) return known;
    const x = input("x", [batchSize, ...this.inputShape], this.inputSpec.dtype);
    const program = await Program.compile(
      this.device,
      { outputs: [this.forward(x)], updates: [] },
      { label: `prediction, batch ${batchSize}`, inputs: [x] },
    );
    const predictor = { program, x };
    this.#predictors.set(batchSize, predictor);
    const oldest = [...this.#predictors.keys()][0] as number;
    if (this.#predictors.size > KEPT_PREDICTORS) {
      this.#predictors.get(oldest)?.program.dispose();
      this.#predictors.delete(oldest);
    }
    return predictor;
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

function nameLayers(layers: readonly Layer[]): void {
  const taken = new Set(layers.map((layer) => layer.name).filter((name) => name !== ""));
  for (const layer of layers) {
    if (layer.name !== "") continue;
    const base = layer.className.toLowerCase();
    let name = base;
    for (let count = 1; taken.has(name); count++) name = `${base}_${count}`;
    taken.add(name);
    layer.name = name;
  }
  if (taken.size !== layers.length)
    throw new ValueError("sequential: two layers have one name; give each its own", {
      names: layers.map((layer) => layer.name),
    });
}

function makeWeight(layer: Layer, { name, shape, initializer }: WeightSpec, seed: number, stream: number): Variable {
  return new Variable({
    name: `${layer.name}/${name}`,
    shape,
    initial: () => ({ shape, data: initializer.fill(shape, new Random(seed, stream)) }),
  });
}

function checkCount(what: string, option: string, value: number): number {
  if (!Number.isInteger(value) || value < 1) {
    throw new ValueError(`${what}: ${option} is ${value}; expected a whole number of at least 1`, { [option]: value });
  }
  return value;
}

function rowsOf(x: NdArray | RaggedSequences, start: number, count: number): NdArray {
  if ("kind" in x)
    return toPadded(
      takeRaggedRows(
        x,
        Array.from({ length: count }, (_, index) => start + index),
      ),
    );
  const width = sizeOf(x.shape.slice(1));
  return { shape: [count, ...x.shape.slice(1)], data: x.data.subarray(start * width, (start + count) * width) };
}

function partOf(data: Dataset, from: number, to: number): Dataset {
  const y = rowsOf(data.y, from, to - from);
  const size = to - from;
  if (data.kind === "dense") return { kind: "dense", size, x: rowsOf(data.x, from, size), y };
  return {
    kind: "ragged",
    size,
    x: takeRaggedRows(
      data.x,
      Array.from({ length: size }, (_, index) => from + index),
    ),
    y,
  };
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
