import { ValueError } from "../../core/errors.ts";
import type { Shape } from "../../core/shape.ts";
import type { Value } from "../../graph/operation.ts";
import { add } from "../../ops/arithmetic.ts";
import { type LstmActivations, lstmSweep } from "../../ops/lstm.ts";
import { matmul } from "../../ops/matmul.ts";
import { reverse, slice, stack } from "../../ops/movement.ts";
import { reshape } from "../../ops/reshape.ts";
import { type Initializer, type InitializerLike, resolveInitializer } from "../initializers.ts";
import { type CallContext, type CallResult, expectPositive, Layer, type WeightSpec } from "./layer.ts";

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
export interface LstmOptions {
  readonly name?: string;
  /** The size of h and c. */
  readonly units: number;
  /** Of the candidate and of the cell on its way out. */
  readonly activation?: RecurrentActivation;
  /** Of the three gates. */
  readonly recurrentActivation?: RecurrentActivation;
  readonly useBias?: boolean;
  readonly kernelInitializer?: InitializerLike;
  readonly recurrentInitializer?: InitializerLike;
  readonly biasInitializer?: InitializerLike;
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
  readonly #kernel: Initializer;
  readonly #recurrent: Initializer;
  readonly #bias: Initializer;

  constructor(options: LstmOptions) {
    super(options.name);
    expectPositive("lstm", "units", options.units);
    this.units = options.units;
    this.activation = recurrentActivation("activation", options.activation ?? "tanh");
    this.recurrentActivation = recurrentActivation("recurrentActivation", options.recurrentActivation ?? "sigmoid");
    this.useBias = options.useBias ?? true;
    this.unitForgetBias = options.unitForgetBias ?? true;
    this.returnSequences = options.returnSequences ?? false;
    this.goBackwards = options.goBackwards ?? false;
    this.#kernel = resolveInitializer(options.kernelInitializer ?? "glorotUniform");
    this.#recurrent = resolveInitializer(options.recurrentInitializer ?? "orthogonal");
    this.#bias = resolveInitializer(options.biasInitializer ?? "zeros");
  }

  get config() {
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
      kernelInitializer: this.#kernel.config,
      recurrentInitializer: this.#recurrent.config,
      biasInitializer: this.#bias.config,
    };
  }

  weightSpecs(inputShape: Shape): WeightSpec[] {
    this.expectRank(inputShape, 2, "[B, T, D]: a sequence of vectors. Put an embedding before it, or add an axis.");
    const wide = 4 * this.units;
    const bias: Initializer = {
      config: this.#bias.config,
      fill: (shape, random) => {
        const data = this.#bias.fill(shape, random);
        return this.unitForgetBias ? data.fill(1, this.units, 2 * this.units) : data;
      },
    };
    return [
      { name: "kernel", shape: [inputShape[1] as number, wide], initializer: this.#kernel },
      { name: "recurrent_kernel", shape: [this.units, wide], initializer: this.#recurrent },
      ...(this.useBias ? [{ name: "bias", shape: [wide], initializer: bias }] : []),
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
