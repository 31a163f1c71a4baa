/**
 * What the cells of Keras share: their options, the input's projection, dropout of inputs and states, and the way to
 * their kernels.
 */
import {
  flag,
  integer,
  type OptionsOf,
  optional,
  positive,
  rate,
  required,
  withDefault,
} from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { broadcastTo, concat, reshape, slice, transpose } from "../../ops/data/movement.ts";
import { branchOf, dropout as drop } from "../../ops/data/random.ts";
import { add, mul } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import type { LstmActivations } from "../../ops/recurrent/lstm.ts";
import type { Activation, ActivationLike } from "../activations/index.ts";
import type { Initializer } from "../weights/initializers.ts";
import { type CellContext, type CellSequence, type CellStep, RnnCell } from "./cell.ts";
import type { LayerConfig, LayerOptions, WeightSpec } from "./layer.ts";
import { activationOption, LAYER, weightTable } from "./layer_options.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";

/** Options that Keras's three cells share; names and defaults are Keras's. */
export interface CellOptions
  extends Pick<LayerOptions, "name">,
    WeightOptions<"kernel">,
    WeightOptions<"recurrent">,
    WeightOptions<"bias"> {
  /** The size of the states. */
  readonly units: number;
  /** Of the candidate, and of a cell's state on its way out; "tanh" when absent. */
  readonly activation?: ActivationLike;
  /** True when absent. */
  readonly useBias?: boolean;
  /** While training, this share of the inputs is 0, the same ones at all timesteps. */
  readonly dropout?: number;
  /** While training, this share of the states is 0 in the recurrent product, the same ones at all timesteps. */
  readonly recurrentDropout?: number;
  /** Of the dropout; the model's when absent. */
  readonly seed?: number | null;
}

/** Options that the cells with gates have beside. */
export interface GatedCellOptions extends CellOptions {
  /** Of the gates; "sigmoid" when absent. */
  readonly recurrentActivation?: ActivationLike;
}

/** The table of what the three cells share. */
export const CELL = {
  units: required(positive),
  activation: activationOption("tanh"),
  useBias: withDefault(flag, true),
  dropout: withDefault(rate, 0),
  recurrentDropout: withDefault(rate, 0),
  seed: optional(integer),
  name: LAYER.name,
  ...weightTable("kernel", "glorotUniform"),
  ...weightTable("recurrent", "orthogonal"),
  ...weightTable("bias", "zeros"),
};

/** h · U, for all gates or for `count` of them from `first` on. */
export type RecurrentProduct = (h: Value, first?: number, count?: number) => Value;

const KERNEL_ACTIVATIONS: Readonly<Record<string, LstmActivations["activation"]>> = {
  linear: "linear",
  tanh: "tanh",
  sigmoid: "sigmoid",
  relu: "relu",
  hardSigmoid: "hard_sigmoid",
  softplus: "softplus",
  elu: "elu",
};

/** The activation by the kernels' name; undefined where they do not know it. */
export function kernelActivation({ name, config }: Activation): LstmActivations["activation"] | undefined {
  return typeof config === "string" ? KERNEL_ACTIVATIONS[name] : undefined;
}

/** The base of LSTM, GRU and SimpleRNN cells. Weights: kernel `[D, G·H]`, recurrent kernel `[H, G·H]`, bias. */
export abstract class GatedCell extends RnnCell {
  readonly units: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly dropout: number;
  readonly recurrentDropout: number;
  readonly seed: number | null;
  /** How many gates share the units: the width of the weights. */
  protected abstract readonly gates: number;
  readonly #kernel: WeightRule;
  readonly #recurrent: WeightRule;
  readonly #bias: WeightRule;

  constructor(given: OptionsOf<typeof CELL>) {
    super(given.name);
    this.units = given.units;
    this.activation = given.activation;
    this.useBias = given.useBias;
    this.dropout = given.dropout;
    this.recurrentDropout = given.recurrentDropout;
    this.seed = given.seed;
    this.#kernel = new WeightRule("kernel", given);
    this.#recurrent = new WeightRule("recurrent", given);
    this.#bias = new WeightRule("bias", given);
  }

  get config(): LayerConfig {
    const { units, activation, useBias, dropout, recurrentDropout, seed } = this;
    return {
      units,
      activation: activation.config,
      useBias,
      ...this.#kernel.config,
      ...this.#recurrent.config,
      ...this.#bias.config,
      dropout,
      recurrentDropout,
      ...(seed === null ? {} : { seed }),
    };
  }

  get stateSizes(): readonly number[] {
    return [this.units];
  }

  /** The shape of the bias; a GRU has one for the input and one for the recurrent product. */
  protected get biasShape(): Shape {
    return [this.gates * this.units];
  }

  /** How the bias begins. */
  protected biasInitializer(initializer: Initializer): Initializer {
    return initializer;
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    const wide = this.gates * this.units;
    return [
      this.#kernel.spec("kernel", [inputShape.at(-1) as number, wide]),
      this.#recurrent.spec("recurrent_kernel", [this.units, wide]),
      ...(this.useBias ? [this.#bias.spec("bias", this.biasShape, this.biasInitializer(this.#bias.initializer))] : []),
    ];
  }

  /** The activations by the kernels' names; undefined where a kernel does not know one. */
  protected abstract get kernelActivations(): object | undefined;

  override path(training: boolean): "kernel" | "cells" {
    const dropsStates = training && this.recurrentDropout > 0;
    return this.kernelActivations !== undefined && !dropsStates ? "kernel" : "cells";
  }

  override begin(x: Value, context: CellContext): CellSequence {
    const product = this.#recurrentProduct(x.shape[0] as number, context);
    return {
      x: this.project(x, context),
      step: (projected, states) => this.advance(projected, states, product),
    };
  }

  step(x: Value, states: readonly Value[], context: CellContext): CellStep {
    const [batch, size] = x.shape as [number, number];
    const { x: projected, step } = this.begin(reshape(x, [batch, 1, size]), context);
    return step(reshape(projected, [batch, this.gates * this.units]), states);
  }

  /** One step from the projected input `[B, G·H]`. */
  protected abstract advance(x: Value, states: readonly Value[], product: RecurrentProduct): CellStep;

  /** The bias that is added to the input's product, `[G·H]`; undefined without one. */
  protected get inputBias(): Value | undefined {
    return this.useBias ? this.weight(2) : undefined;
  }

  /** x·W + b for all timesteps, `[B, T, G·H]`, with the dropout of the inputs. */
  protected project(x: Value, context: CellContext): Value {
    const bias = this.inputBias;
    const product = this.#product(x, context);
    return bias === undefined ? product : add(product, bias);
  }

  #product(x: Value, context: CellContext): Value {
    const kernel = this.weight(0);
    if (!context.training || this.dropout === 0) return matmul(x, kernel);
    const [batch, , size] = x.shape as [number, number, number];
    // Keras: one mask for all gates, and one for each only beside recurrent dropout (`implementation` 1).
    const count = this.recurrentDropout > 0 ? this.gates : 1;
    const masks = this.#masks([count, batch, size], this.dropout, context, 0);
    const products = Array.from({ length: count }, (_, gate) => {
      const mask = reshape(slice(masks, [gate, 0, 0], [1, batch, size]), [batch, 1, size]);
      const part = count === 1 ? kernel : slice(kernel, [0, gate * this.units], [size, this.units]);
      return matmul(mul(x, mask), part);
    });
    return count === 1 ? (products[0] as Value) : concat(products, -1);
  }

  #masks(shape: Shape, share: number, context: CellContext, branch: number): Value {
    const source = branchOf(context.random(), branch);
    return drop(broadcastTo(scalar(1), shape), share, this.seed === null ? source : { ...source, seed: this.seed });
  }

  #recurrentProduct(batch: number, context: CellContext): RecurrentProduct {
    const { gates, units } = this;
    const kernel = this.weight(1);
    const part = (first: number, count: number) =>
      count === gates ? kernel : slice(kernel, [0, first * units], [units, count * units]);
    if (!context.training || this.recurrentDropout === 0) {
      return (h, first = 0, count = gates) => matmul(h, part(first, count));
    }
    const masks = this.#masks([gates, batch, units], this.recurrentDropout, context, 1);
    return (h, first = 0, count = gates) => {
      const dropped = mul(h, slice(masks, [first, 0, 0], [count, batch, units]));
      const byGate = transpose(reshape(part(first, count), [units, count, units]), [1, 0, 2]);
      return reshape(transpose(matmul(dropped, byGate), [1, 0, 2]), [batch, count * units]);
    };
  }
}

/** The part of x `[B, G·H]` that belongs to a gate, or to `count` gates. */
export function gateOf(x: Value, units: number, gate: number, count = 1): Value {
  return slice(x, [0, gate * units], [x.shape[0] as number, count * units]);
}

/** The last states of a sweep, `[S, B, H]`, one by one. */
export function statesOf(last: Value): Value[] {
  const [count, batch, units] = last.shape as [number, number, number];
  if (count === 1) return [reshape(last, [batch, units])];
  return Array.from({ length: count }, (_, which) =>
    reshape(slice(last, [which, 0, 0], [1, batch, units]), [batch, units]),
  );
}
