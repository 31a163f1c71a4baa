import { ValueError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add } from "../../ops/arithmetic.ts";
import { type LstmActivations, lstmSweep } from "../../ops/lstm.ts";
import { matmul } from "../../ops/matmul.ts";
import { reverse, slice, stack } from "../../ops/movement.ts";
import { reshape } from "../../ops/reshape.ts";
import type { Initializer } from "../initializers.ts";
import {
  type CallContext,
  type CallResult,
  expectPositive,
  Layer,
  type LayerConfig,
  type LayerOptions,
  type WeightSpec,
} from "./layer.ts";
import { type WeightOptions, WeightRule } from "./weight_options.ts";

type RecurrentActivation = LstmActivations["activation"];

const ACTIVATIONS: readonly RecurrentActivation[] = [
  "tanh",
  "sigmoid",
  "relu",
  "linear",
  "hard_sigmoid",
  "softplus",
  "elu",
];

/** Options of `lstm`; names and defaults are Keras's. */
export interface LstmOptions
  extends LayerOptions,
    WeightOptions<"kernel">,
    WeightOptions<"recurrent">,
    WeightOptions<"bias"> {
  /** The size of h and c. */
  readonly units: number;
  /** Of the candidate and of the cell on its way out. */
  readonly activation?: RecurrentActivation;
  /** Of the three gates. */
  readonly recurrentActivation?: RecurrentActivation;
  readonly useBias?: boolean;
  /** The forget gate's bias starts at 1 (Jozefowicz et al. 2015). */
  readonly unitForgetBias?: boolean;
  /** Give h of every timestep, `[B, T, units]`, instead of the last. */
  readonly returnSequences?: boolean;
  /** Read the sequence from its end; sequences come out in that order too. */
  readonly goBackwards?: boolean;
}

/**
 * Long short-term memory (Hochreiter & Schmidhuber 1997): `[B, T, D]` -> `[B, units]`, or `[B, T, units]` with
 * `returnSequences`. The input's projection is one matmul over all timesteps; the loop over time is inside one kernel.
 * Weights: kernel `[D, 4·units]`, recurrent kernel `[units, 4·units]`, bias `[4·units]`; gates in the order i, f, c, o.
 * Keras: https://keras.io/api/layers/recurrent_layers/lstm/
 */
export class Lstm extends Layer {
  readonly className = "LSTM";
  readonly units: number;
  readonly activation: RecurrentActivation;
  readonly recurrentActivation: RecurrentActivation;
  readonly useBias: boolean;
  readonly unitForgetBias: boolean;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
  readonly #kernel: WeightRule;
  readonly #recurrent: WeightRule;
  readonly #bias: WeightRule;

  constructor(options: LstmOptions) {
    super(options);
    expectPositive("lstm", "units", options.units);
    this.units = options.units;
    this.activation = recurrentActivation("activation", options.activation ?? "tanh");
    this.recurrentActivation = recurrentActivation("recurrentActivation", options.recurrentActivation ?? "sigmoid");
    this.useBias = options.useBias ?? true;
    this.unitForgetBias = options.unitForgetBias ?? true;
    this.returnSequences = options.returnSequences ?? false;
    this.goBackwards = options.goBackwards ?? false;
    this.#kernel = new WeightRule("kernel", options, "glorotUniform");
    this.#recurrent = new WeightRule("recurrent", options, "orthogonal");
    this.#bias = new WeightRule("bias", options, "zeros");
  }

  get config(): LayerConfig {
    const {
      units,
      activation,
      recurrentActivation: gates,
      useBias,
      unitForgetBias,
      returnSequences,
      goBackwards,
    } = this;
    return {
      units,
      activation,
      recurrentActivation: gates,
      useBias,
      unitForgetBias,
      returnSequences,
      goBackwards,
      ...this.#kernel.config,
      ...this.#recurrent.config,
      ...this.#bias.config,
      ...this.baseConfig,
    };
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors. Put an embedding before it, or add an axis.");
    const wide = 4 * this.units;
    const { config, fill } = this.#bias.initializer;
    const bias: Initializer = {
      config,
      fill: (shape, random) => {
        const data = fill(shape, random);
        return this.unitForgetBias ? data.fill(1, this.units, 2 * this.units) : data;
      },
    };
    return [
      this.#kernel.spec("kernel", [inputShape[1] as number, wide]),
      this.#recurrent.spec("recurrent_kernel", [this.units, wide]),
      ...(this.useBias ? [this.#bias.spec("bias", [wide], bias)] : []),
    ];
  }

  outputShape(inputShape: Shape): Shape {
    return this.returnSequences ? [inputShape[0] as number, this.units] : [this.units];
  }

  compute(x: Value, { mask, initialState }: CallContext): CallResult {
    const projected = matmul(x, this.weight(0));
    const biased = this.useBias ? add(projected, this.weight(2)) : projected;
    const { hidden, saved, last } = lstmSweep(this.goBackwards ? reverse(biased, 1) : biased, this.weight(1), {
      activation: this.activation,
      recurrentActivation: this.recurrentActivation,
      ...(mask === undefined ? {} : { mask: this.goBackwards ? reverse(mask, 1) : mask }),
      ...(initialState === undefined ? {} : { initial: stack(initialState) }),
    });
    const [batch] = x.shape as [number];
    const state = (which: number) => reshape(slice(last, [which, 0, 0], [1, batch, this.units]), [batch, this.units]);
    const states = [state(0), state(1)];
    return {
      output: this.returnSequences ? hidden : (states[0] as Value),
      mask: this.returnSequences ? mask : undefined,
      states,
      saved,
      hidden,
    };
  }
}

function recurrentActivation(option: string, name: RecurrentActivation): RecurrentActivation {
  if (!ACTIVATIONS.includes(name)) {
    throw new ValueError(`lstm: ${option} is "${name}"; expected one of ${ACTIVATIONS.join(", ")}`, { [option]: name });
  }
  return name;
}

/** An LSTM layer. */
export function lstm(options: LstmOptions): Lstm {
  return new Lstm(options);
}
