import { ShapeError, ValueError } from "../../core/errors.ts";
import { flag, oneOf, positive, readOptions, required, withDefault } from "../../core/option_table.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { concat, reshape, slice } from "../../ops/data/movement.ts";
import { type WindowOptions, windows } from "../../ops/data/windows.ts";
import { add } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import type { Activation, ActivationLike } from "../activations/index.ts";
import { DATA_FORMAT_OPTION, type DataFormatOptions } from "./data_format.ts";
import { type CallContext, type CallResult, Layer, type LayerConfig, type WeightSpec } from "./layer.ts";
import { activationOption, LAYER, weightTable } from "./layer_options.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";
import { endsOf, oneNumber, outputTime, type Padding, padTime } from "./window_options.ts";

/** Options of `conv1d`; names and defaults are Keras's. */
export interface Conv1dOptions extends DataFormatOptions, WeightOptions<"kernel">, WeightOptions<"bias"> {
  /** How many features come out. */
  readonly filters: number;
  /** How many timesteps a filter sees. */
  readonly kernelSize: number | readonly [number];
  /** 1 when absent; with more, dilationRate must be 1. */
  readonly strides?: number | readonly [number];
  /**
   * "valid" (the default) leaves out windows that reach over an end, "same" keeps the length, "causal" sees no later
   * step.
   */
  readonly padding?: Padding;
  /** How far apart the timesteps of a window are; 1 when absent. */
  readonly dilationRate?: number | readonly [number];
  /** Into how many groups features are split that do not see each other; 1 when absent. */
  readonly groups?: number;
  readonly activation?: ActivationLike;
  readonly useBias?: boolean;
}

const CONV1D = {
  filters: required(positive),
  kernelSize: required(oneNumber),
  strides: withDefault(oneNumber, 1),
  padding: withDefault(
    oneOf(["valid", "same", "causal"], (name) => name.toLowerCase()),
    "valid",
  ),
  dilationRate: withDefault(oneNumber, 1),
  groups: withDefault(positive, 1),
  activation: activationOption("linear"),
  useBias: withDefault(flag, true),
  ...DATA_FORMAT_OPTION,
  ...weightTable("kernel", "glorotUniform"),
  ...weightTable("bias", "zeros"),
  ...LAYER,
};

/**
 * Convolution over time: `[B, T, C]` -> `[B, T', filters]`. The windows side by side make one matrix product.
 * Weights: kernel `[kernelSize, C / groups, filters]`, bias `[filters]`. A mask is not passed on, as in Keras.
 * Keras: https://keras.io/api/layers/convolution_layers/convolution1d/
 */
export class Conv1d extends Layer {
  readonly className = "Conv1D";
  readonly filters: number;
  readonly padding: Padding;
  readonly groups: number;
  readonly activation: Activation;
  readonly useBias: boolean;
  readonly #window: WindowOptions;
  readonly #kernel: WeightRule;
  readonly #bias: WeightRule;

  constructor(options: Conv1dOptions) {
    const given = readOptions("conv1d", CONV1D, options);
    super(given);
    this.filters = given.filters;
    this.#window = { size: given.kernelSize, stride: given.strides, dilation: given.dilationRate };
    if (this.#window.stride > 1 && this.#window.dilation > 1) {
      throw new ValueError(
        `conv1d: strides is ${this.#window.stride} and dilationRate ${this.#window.dilation}; expected one of ` +
          "them to be 1",
        { ...this.#window },
      );
    }
    this.padding = given.padding;
    this.groups = given.groups;
    if (this.filters % this.groups !== 0) {
      throw new ValueError(`conv1d: filters is ${this.filters}, groups ${this.groups}; expected a multiple of groups`, {
        filters: this.filters,
        groups: this.groups,
      });
    }
    this.activation = given.activation;
    this.useBias = given.useBias;
    this.#kernel = new WeightRule("kernel", given);
    this.#bias = new WeightRule("bias", given);
  }

  get config(): LayerConfig {
    const { filters, padding, groups, useBias } = this;
    const { size: kernelSize, stride: strides, dilation: dilationRate } = this.#window;
    return {
      ...{ filters, kernelSize, strides, padding, dilationRate, groups },
      ...{ activation: this.activation.config, useBias },
      ...{ ...this.#kernel.config, ...this.#bias.config, ...this.baseConfig },
    };
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    const [, channels] = this.#expectSequence(inputShape);
    if (channels % this.groups !== 0) {
      throw new ShapeError(
        `${this.label}: the input has ${channels} features, groups is ${this.groups}; expected a ` +
          "multiple of groups",
        { inputShape, groups: this.groups },
      );
    }
    const kernel = this.#kernel.spec("kernel", [this.#window.size, channels / this.groups, this.filters]);
    return this.useBias ? [kernel, this.#bias.spec("bias", [this.filters])] : [kernel];
  }

  outputShape(inputShape: Shape): Shape {
    const [time] = this.#expectSequence(inputShape);
    const count = outputTime(this.label, time, this.padding, this.#window);
    return this.activation.outputShape([count, this.filters]);
  }

  compute(x: Value, _context: CallContext): CallResult {
    const padded = padTime(x, endsOf(x.shape[1] as number, this.padding, this.#window));
    const product = concatIfSeveral(Array.from({ length: this.groups }, (_, group) => this.#convolve(padded, group)));
    return { output: this.activation.apply(this.useBias ? add(product, this.weight(1)) : product) };
  }

  /** One group's features, `[B, T', filters / groups]`. */
  #convolve(x: Value, group: number): Value {
    const { size } = this.#window;
    const [batch, time, channels] = x.shape as [number, number, number];
    const [seen, made] = [channels / this.groups, this.filters / this.groups];
    const own = this.groups === 1 ? x : slice(x, [0, 0, group * seen], [batch, time, seen]);
    const kernel = this.groups === 1 ? this.weight(0) : slice(this.weight(0), [0, 0, group * made], [size, seen, made]);
    const seenAt = size === 1 && this.#window.stride === 1 ? own : windows(own, this.#window);
    const rows = reshape(seenAt, [batch, -1, size * seen]);
    return matmul(rows, reshape(kernel, [size * seen, made]));
  }

  #expectSequence(inputShape: Shape): readonly [number, number] {
    this.expectRank(inputShape, 2, "[B, T, C]: a sequence of vectors");
    return inputShape as readonly [number, number];
  }
}

function concatIfSeveral(values: readonly Value[]): Value {
  return values.length === 1 ? (values[0] as Value) : concat(values);
}

/** A convolution over time. */
export function conv1d(options: Conv1dOptions): Conv1d {
  return new Conv1d(options);
}
