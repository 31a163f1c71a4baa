/** What a layer keeps between its calls: its name, its options as data, and its weights. */
import { ShapeError, ValueError } from "../../core/errors.ts";
import { flag, isRead, readSome, required } from "../../core/option_table.ts";
import { formatShape, type Shape } from "../../core/shape.ts";
import type { Value, Variable } from "../../graph/operation.ts";
import { mul } from "../../ops/elementwise/arithmetic.ts";
import type { Constraint } from "../weights/constraints.ts";
import type { Regularizer } from "../weights/regularizers.ts";
import { LAYER, nameKind } from "./layer_options.ts";
import type { InputCount, LayerConfig, LayerOptions, WeightSpec } from "./layer_types.ts";

/** The base of `Layer`, without its calls. */
export abstract class LayerBase {
  /** Keras's class name, such as "LSTM". */
  abstract readonly className: string;
  /** The layer's options as data, enough to make it again. */
  abstract readonly config: LayerConfig;
  /** True when the user gave the name: then no model changes it. */
  readonly isNameGiven: boolean;
  /** The penalty on the output, if there is one. */
  readonly activityRegularizer: Regularizer | undefined;
  /** The names of the options that were given, where no table has read them: in a layer of the user's own. */
  readonly #given: readonly string[];
  #name: string;
  #trainable: boolean;
  #weights: readonly Variable[] | undefined;
  #specs: readonly WeightSpec[] = [];

  constructor(options: LayerOptions | string | undefined) {
    const given: LayerOptions = typeof options === "string" ? { name: options } : (options ?? {});
    const { name, trainable, activityRegularizer } = readSome("layer", LAYER, given);
    this.#name = name;
    this.isNameGiven = name !== "";
    this.#given = isRead(given)
      ? []
      : Object.entries(given).flatMap(([option, value]) => (value === undefined || value === null ? [] : option));
    this.#trainable = trainable;
    this.activityRegularizer = activityRegularizer ?? undefined;
  }

  /** The name given by the user, or by the model (`lstm`, `lstm_1`, …). */
  get name(): string {
    return this.#name;
  }

  /** How errors call the layer: `LSTM "lstm_1"`, or by its class before it has a name. */
  protected get label(): string {
    return this.#name === "" ? this.className : `${this.className} "${this.#name}"`;
  }

  set name(name: string) {
    this.#name = readSome("layer", { name: required(nameKind) }, { name }).name;
  }

  /** The options of every layer as data, for `config`; the name is saved beside it. */
  protected get baseConfig(): LayerConfig {
    return this.activityRegularizer === undefined ? {} : { activityRegularizer: this.activityRegularizer.config };
  }

  /** Options that `config` does not keep, such as an embedding's given weights. */
  protected get unsavedOptions(): readonly string[] {
    return [];
  }

  /**
   * @throws ValueError for an option that a layer without a table does not have: `config` shows every one that it took.
   */
  expectKnownOptions(): void {
    const known = [...Object.keys(this.config), ...this.unsavedOptions, "name", "trainable", "activityRegularizer"];
    const unknown = this.#given.find((option) => !known.includes(option));
    if (unknown === undefined) return;
    const list = [...new Set(known)].join(", ");
    throw new ValueError(
      `${this.label}: unknown option "${unknown}"; expected some of ${list}, or another that ` +
        "Keras has for this layer, in camelCase",
      { layer: this.name, option: unknown },
    );
  }

  /** False freezes the weights: the next `compile` leaves them out of the training. */
  get trainable(): boolean {
    return this.#trainable;
  }

  /** Freezes or frees the layer; a compiled model sees it from its next compile on. */
  set trainable(trainable: boolean) {
    this.#trainable = readSome(`layer "${this.name}"`, { trainable: required(flag) }, { trainable }).trainable;
  }

  /**
   * Weights for inputs of these shapes (without the batch), in Keras's order; a layer of one input declares one
   * parameter.
   * @throws ShapeError when the inputs do not fit.
   */
  abstract weightSpecs(inputShape: Shape, ...others: readonly Shape[]): readonly WeightSpec[];

  /** How many inputs a call takes. */
  get inputCount(): InputCount {
    return { least: 1, most: 1 };
  }

  /** True once the layer has its weights. */
  get isBuilt(): boolean {
    return this.#weights !== undefined;
  }

  /** The weights that a training changes. */
  get trainableWeights(): readonly Variable[] {
    return this.trainable ? this.weights.filter((weight) => weight.trainable) : [];
  }

  /** The weights, in Keras's order. @throws ValueError before the layer is part of a model. */
  get weights(): readonly Variable[] {
    if (this.#weights === undefined) {
      throw new ValueError(`the layer "${this.name || this.className}" has no weights yet; put it into a model first`);
    }
    return this.#weights;
  }

  /** Variables that are no weights: states that live on from batch to batch. */
  get stateVariables(): readonly Variable[] {
    return [];
  }

  /** Makes the weights for inputs of these shapes. `make` turns a spec into a variable with its own random stream. */
  build(inputShapes: readonly Shape[], make: (spec: WeightSpec) => Variable): void {
    if (this.#weights !== undefined) {
      throw new ValueError(`the layer "${this.name}" has its weights already`);
    }
    this.expectKnownOptions();
    const [first, ...others] = this.expectInputs(inputShapes);
    this.#specs = this.weightSpecs(first, ...others);
    this.#weights = this.#specs.map(make);
  }

  /** What the trained weights add to the loss: one scalar for each that has a regularizer. */
  weightPenalties(): Value[] {
    const trained = new Set(this.trainableWeights);
    return this.weights.flatMap((weight, index) => {
      const regularizer = trained.has(weight) ? this.#specs[index]?.regularizer : undefined;
      return regularizer === undefined ? [] : [regularizer.penalty(weight.value)];
    });
  }

  /** What outputs `[B, ...]` add to the loss: their penalty, divided by the batch size. */
  activityPenalties(outputs: readonly Value[]): Value[] {
    const { activityRegularizer: regularizer } = this;
    if (regularizer === undefined) return [];
    return outputs.map((output) => mul(regularizer.penalty(output), 1 / (output.shape[0] ?? 1)));
  }

  /** The limit on one of the layer's weights, if it has one. */
  constraintOf(weight: Variable): Constraint | undefined {
    return this.#specs[this.weights.indexOf(weight)]?.constraint;
  }

  /** @throws ValueError when the layer does not take this many inputs. */
  expectInputs<T>(inputs: readonly T[]): readonly [T, ...T[]] {
    const { least, most } = this.inputCount;
    if (inputs.length < least || inputs.length > most) {
      const count = least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
      throw new ValueError(
        `${this.label}: got ${inputs.length} inputs; expected ${count}. ${
          most === 1 ? "Join them first, as with concatenate() or add()." : "Call it on a list: layer.call([a, b])."
        }`,
        { layer: this.name, inputs: inputs.length },
      );
    }
    return inputs as readonly [T, ...T[]];
  }

  /** The weight at `index` as a value. */
  protected weight(index: number): Value {
    return (this.weights[index] as Variable).value;
  }

  /** @throws ShapeError that names layer, expected and received shape. */
  protected expectRank(inputShape: Shape, rank: number, meaning: string): void {
    if (inputShape.length === rank) return;
    throw new ShapeError(
      `${this.label}: the input is ${formatShape(["B", ...inputShape] as unknown as Shape)}; ` + `expected ${meaning}`,
      { layer: this.name, inputShape },
    );
  }
}
