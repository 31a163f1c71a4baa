/** The base of all models: their layers, weights on a device, and disposal. */
import { DisposedError, ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { functionLike, readValue } from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { raceAbortLate } from "../../core/race.ts";
import type { Shape } from "../../core/shape.ts";
import { type Encoder, expectEncoder } from "../../data/encoder.ts";
import type { Variable } from "../../graph/operation.ts";
import type { Metadata } from "../../io/model_file.ts";
import type { Device } from "../../runtime/device.ts";
import type { Variants } from "../../runtime/measure/tune.ts";
import { recovering } from "../../runtime/recover/recovery.ts";
import { resetEverywhere, variablesOf } from "../../runtime/run/variables.ts";
import type { InputsLike } from "../data/data_input.ts";
import type { LayerGraph } from "../graph/layer_graph.ts";
import { NestedModel } from "../graph/nested_model.ts";
import { checkWeights, type WeightLike } from "../graph/set_weights.ts";
import { areHeld, holdWeights, releaseWeights } from "../graph/weight_holders.ts";
import { weightNames } from "../graph/weight_names.ts";
import type { Layer, LayerCallOptions, SymbolicTensor } from "../layers/index.ts";
import { type MetadataLike, metadataOf } from "../saving/metadata.ts";
import type { SvgOptions } from "../show/model_svg.ts";
import { type SummaryOptions, summarize } from "../show/summary.ts";
import type { HiddenGradients } from "./hidden_gradients.ts";
import type { CellTrace, GruTrace, InputGradients, SimpleRnnTrace, TraceOptions } from "./inspect.ts";
import type { NamedWeight } from "./model_options.ts";

/** How long work may continue after it was asked to stop, in milliseconds. */
const GRACE = 250;

/** The arguments from which a model is created. */
export interface ModelParts {
  readonly className: "Sequential" | "Functional";
  readonly device?: Device | undefined;
  readonly name?: string | undefined;
}

/** @throws ValueError if two weights have the same name, because a save would keep only one of them. */
function expectUnique(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice === undefined) return;
  throw new ValueError(
    `two weights of the model have the name "${twice}"; give the layers, and the weights in a layer, names of ` +
      "their own",
    { name: twice },
  );
}

/** A graph of layers and their weights on a device. */
export abstract class ModelBase {
  readonly name: string;
  /** Keras's class name: a linear stack of layers, or any acyclic graph. */
  readonly className: "Sequential" | "Functional";
  /** The layer graph, independent of any device. */
  readonly graph: LayerGraph;
  /**
   * The kernel variants that tuning chose for this model on this device or a similar one; saved with the training
   * state.
   */
  readonly variants: Variants = new Map();
  readonly #device: Device | undefined;
  readonly #layer: NestedModel;
  readonly #forget: () => void;
  #encoder: Encoder | undefined;
  #metadata: Metadata = {};
  #busy: string | undefined;
  /** The number of operations in progress that need what `release` frees. */
  #working = 0;
  readonly #disposal = new AbortController();

  constructor(graph: LayerGraph, { className, device, name }: ModelParts) {
    expectUnique(weightNames(graph));
    this.graph = graph;
    this.className = className;
    this.name = name ?? className.toLowerCase();
    this.#layer = new NestedModel(graph, className, name);
    this.#device = device;
    if (device !== undefined) holdWeights(device, graph.weights);
    this.#forget = device?.onDispose(() => this.dispose()) ?? (() => undefined);
  }

  /** @throws ValueError if the model has no device: it can only be a layer of other models. */
  get device(): Device {
    if (this.#device === undefined) {
      throw new ValueError(
        `the model "${this.name}" has no device; give one, as in sequential(layers, { device, ... }) or model({ ` +
          "inputs, outputs, device }), or put it into a model that has one",
      );
    }
    return this.#device;
  }

  /** Encodes texts as the model's input. It is saved with the model; `loadModel` and `loadPredictor` restore it. */
  get encoder(): Encoder | undefined {
    return this.#encoder;
  }

  /**
   * A `ReviewEncoder`, a `Tokenizer` or an encoder registered with `registerEncoder`; undefined removes it.
   * @throws ValueError for anything else.
   */
  set encoder(encoder: Encoder | undefined) {
    this.#encoder = encoder === undefined ? undefined : expectEncoder(encoder);
  }

  /**
   * Custom JSON data that is saved with the model; `loadModel` and `loadPredictor` restore it. `classify` reads the
   * class names from `labels`. A scaler is stored as JSON; restore it with its `fromJSON`.
   *
   * @example
   * model.metadata = { labels: ["sport", "politics"], scaler: minMaxScaler().fit(train) };
   * const scaler = MinMaxScaler.fromJSON(model.metadata.scaler);
   */
  get metadata(): Metadata {
    return this.#metadata;
  }

  /**
   * Replaces all metadata with a copy of the given value.
   * @throws ValueError for values that JSON cannot represent (NaN, undefined, a Map), or more than 1 MiB of JSON.
   */
  set metadata(metadata: MetadataLike) {
    this.#metadata = metadataOf(metadata);
  }

  /** All layers, each once; a functional model's input layers are included. */
  get layers(): readonly Layer[] {
    return this.#layer.layers;
  }

  /**
   * The layer with this name, or at this index in `layers`; -1 is the last one. If a class is given, the result has its
   * type (https://keras.io/api/models/model/).
   * @throws ValueError if no such layer exists, or it is not an instance of the class.
   * @example
   * const { units } = model.getLayer("lstm", Lstm); // Lstm is exported by sluice, as are all layers' classes
   */
  getLayer(nameOrIndex: string | number): Layer;
  getLayer<T extends Layer>(nameOrIndex: string | number, ofClass: abstract new (...given: never[]) => T): T;
  getLayer(nameOrIndex: string | number, ofClass?: abstract new (...given: never[]) => Layer): Layer {
    if (ofClass !== undefined) readValue("getLayer", "ofClass", functionLike("a class of layers"), ofClass);
    const { layers } = this;
    const found =
      typeof nameOrIndex === "number" ? layers.at(nameOrIndex) : layers.find(({ name }) => name === nameOrIndex);
    if (found !== undefined && (ofClass === undefined || found instanceof ofClass)) return found;
    throw new ValueError(
      `getLayer: the model "${this.name}" has no layer ${shown(nameOrIndex)}` +
        `${found === undefined ? "" : " of the given class"}; its layers are ` +
        `${layers.map(({ name, className }) => `${name} (${className})`).join(", ")}`,
      { layer: nameOrIndex },
    );
  }

  /**
   * Sets the states of all `stateful` layers to zero: the next batch starts new sequences. Callbacks may call it too,
   * for example at the start of each epoch. Does nothing if no layer is stateful.
   */
  resetStates(): void {
    this.assertAlive("resetStates");
    resetEverywhere(this.graph.stateVariables);
  }

  /** The seed of the initial weights and of training's random numbers. */
  get seed(): number {
    return this.graph.seed;
  }

  /** The model's symbolic input tensors. */
  get inputs(): readonly SymbolicTensor[] {
    return this.graph.inputs;
  }

  /** The model's symbolic output tensors. */
  get outputs(): readonly SymbolicTensor[] {
    return this.graph.outputs;
  }

  /** The first input's shape without the batch. */
  get inputShape(): Shape {
    return this.graph.inputShapes[0] as Shape;
  }

  /** The first output's shape without the batch. */
  get outputShape(): Shape {
    return this.graph.outputShapes[0] as Shape;
  }

  /** This model as a layer of other models: the same layers and weights. */
  asLayer(): NestedModel {
    return this.#layer;
  }

  /** Calls the model as a layer on symbolic tensors; returns a list if it has several outputs. */
  call(
    this: ModelBase & { predict(x: never): Promise<NdArray[]> },
    inputs: SymbolicTensor | readonly SymbolicTensor[],
    options?: LayerCallOptions,
  ): SymbolicTensor[];
  call(inputs: SymbolicTensor | readonly SymbolicTensor[], options?: LayerCallOptions): SymbolicTensor;
  call(
    inputs: SymbolicTensor | readonly SymbolicTensor[],
    options?: LayerCallOptions,
  ): SymbolicTensor | SymbolicTensor[] {
    return this.#layer.call(inputs, options);
  }

  /** Whether the layers are trainable; a change takes effect at the next `compile`. */
  get trainable(): boolean {
    return this.#layer.trainable;
  }

  /** Freezes or unfreezes all layers; takes effect at the next `compile`. */
  set trainable(trainable: boolean) {
    this.#layer.trainable = trainable;
  }

  /** A table of the layers in Keras's format. */
  summary(options: SummaryOptions = {}): string {
    return summarize(this, options);
  }

  /**
   * The model's graph as an SVG document.
   * @example
   * await writeFile("model.svg", await model.toSvg());
   */
  async toSvg(options: SvgOptions = {}): Promise<string> {
    const { graphToSvg } = await import("../show/model_svg.ts");
    return graphToSvg(this.graph, this.name, options);
  }

  /**
   * Gates, candidate, cell state and hidden state of a recurrent layer at each timestep of x: of an LSTM i, f,
   * candidate, o, c and h; of a GRU (`trace<GruTrace>(x)`) z, r, candidate and h; of a simple layer
   * (`trace<SimpleRnnTrace>(x)`) h.
   * @throws ValueError if the model has no such layer that runs in a kernel.
   */
  async trace<Trace extends CellTrace | GruTrace | SimpleRnnTrace = CellTrace>(
    x: InputsLike,
    options: TraceOptions = {},
  ): Promise<Trace> {
    const { traceCell } = await import("./inspect.ts");
    return this.recovered("trace", () => traceCell<Trace>(this, x, options));
  }

  /** The gradient of the output with respect to the input at each timestep of x. */
  async gradients(x: InputsLike): Promise<InputGradients> {
    const { inputGradients } = await import("./inspect.ts");
    return this.recovered("gradients", () => inputGradients(this, x));
  }

  /**
   * The gradient of the output with respect to a recurrent layer's hidden state after each timestep, `[B, T, H]`, and
   * its norm, `[B, T]`: shows whether the gradient vanishes towards the first timestep.
   * @throws ValueError if the model has no such layer that runs in a kernel without a mask.
   * @example
   * const { norm } = await model.hiddenGradients(encoder.encode(["not bad at all"]));
   */
  async hiddenGradients(x: InputsLike, options: TraceOptions = {}): Promise<HiddenGradients> {
    const { hiddenGradients } = await import("./hidden_gradients.ts");
    return this.recovered("hiddenGradients", () => hiddenGradients(this, x, options));
  }

  /** All weights in Keras's order and layout, read back from the GPU. */
  async weights(): Promise<NamedWeight[]> {
    const arrays = await this.recovered("weights", () => variablesOf(this.device).read(this.graph.weights));
    const names = weightNames(this.graph);
    return arrays.map((array, index) => ({ name: names[index] as string, ...array }));
  }

  /**
   * Replaces all weights, in the order of `weights()`.
   * @throws ShapeError, ValueError if any of them does not match; then no weight changes.
   */
  async setWeights(weights: readonly WeightLike[]): Promise<void> {
    this.assertFree("setWeights");
    const variables = this.graph.weights;
    const arrays = checkWeights(variables, weightNames(this.graph), weights);
    await this.recovered("setWeights", async () => {
      const store = variablesOf(this.device);
      for (const [index, array] of arrays.entries()) store.write(variables[index] as Variable, array);
    });
  }

  /** The variables behind `weights()`, by the names used in a save. */
  get namedWeights(): ReadonlyMap<string, Variable> {
    const names = weightNames(this.graph);
    return new Map(this.graph.weights.map((weight, index) => [names[index] as string, weight]));
  }

  /** The variables behind `weights()`. */
  get weightVariables(): readonly Variable[] {
    return this.graph.weights;
  }

  /**
   * Frees the model's memory on the GPU; a running `fit` stops after its current step and rejects with DisposedError.
   * Repeated calls do nothing.
   */
  dispose(): void {
    if (this.disposal.aborted) return;
    this.#disposal.abort(new DisposedError(`the model "${this.name}" was disposed`, { model: this.name }));
    this.#forget();
    this.wake();
    // Work in progress still needs the weights; they are released once it has ended.
    if (this.#working === 0) this.release();
  }

  /** `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Aborts when the model is disposed, with a DisposedError. */
  get disposal(): AbortSignal {
    return this.#disposal.signal;
  }

  /** Wakes paused work so that it notices the disposal. */
  protected abstract wake(): void;

  /** Frees the model's GPU resources. */
  protected release(): void {
    if (this.#device === undefined) return;
    releaseWeights(this.#device, this.graph.weights);
    // Layer states are freed with the last model that shares the layer's weights.
    const device = this.#device;
    const gone = this.graph.layers.filter(({ weights }) => !areHeld(device, weights));
    variablesOf(device).release(gone.flatMap(({ stateVariables }) => stateVariables));
  }

  /** @throws DisposedError if the model was disposed. */
  protected assertAlive(what: string): void {
    if (this.disposal.aborted) {
      throw new DisposedError(`${what}: the model "${this.name}" was disposed`, { model: this.name });
    }
    this.device.assertOpen();
  }

  /**
   * Runs work that does not train; if the device is lost meanwhile, restores the layers' states from before and runs it
   * again on a new device. Once the model is disposed or the signal aborts, the work gets a grace period to end by
   * itself.
   */
  protected async recovered<T>(what: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.untilStopped(this.recoveredToEnd(what, work), signal);
  }

  /** Like `recovered`, but the work runs to its end even if the model is disposed. */
  protected async recoveredToEnd<T>(what: string, work: () => Promise<T>): Promise<T> {
    const { stateVariables } = this.graph;
    const check = () => this.assertAlive(what);
    return this.reading(what, () => recovering(this.device, work, { check, changes: stateVariables }));
  }

  /** Waits for work, but not longer than a grace period after the model is disposed or the signal aborts. */
  protected async untilStopped<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
    return raceAbortLate(work, () => GRACE, signal, this.disposal);
  }

  /**
   * Runs work that reads the weights; if the model is disposed meanwhile, the weights are freed afterwards. @throws
   * DisposedError
   */
  async reading<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.assertAlive(what);
    this.#working++;
    try {
      return await work();
    } finally {
      this.#working--;
      if (this.#working === 0 && this.disposal.aborted) this.release();
    }
  }

  /** @throws ValueError while the model is busy. */
  protected assertFree(what: string): void {
    this.assertAlive(what);
    if (this.#busy !== undefined) {
      throw new ValueError(`${what}: the model is busy with ${this.#busy}; await it first`, { busy: this.#busy });
    }
  }

  /** Runs work that must not overlap with other work. */
  protected async exclusively<T>(what: string, work: () => Promise<T>): Promise<T> {
    this.assertFree(what);
    this.#busy = what;
    try {
      return await this.reading(what, work);
    } finally {
      this.#busy = undefined;
    }
  }
}
