/** Optimizers by Keras's formulas and defaults (https://keras.io/api/optimizers/). */
import { ValueError } from "../core/errors.ts";
import { type Update, type Value, Variable } from "../graph/operation.ts";
import { add, clip, div, maximum, minimum, mul, sqrt, square } from "../ops/arithmetic.ts";
import { adamUpdate, rmspropUpdate, type StepInputs, sgdUpdate } from "../ops/optimizer_updates.ts";
import { sum } from "../ops/reduce.ts";

/** An optimizer as data. */
export interface OptimizerConfig {
  readonly name: string;
  readonly [option: string]: number | boolean | string;
}

/** How weights follow their gradients. */
export interface Optimizer {
  readonly config: OptimizerConfig;
  /** May be changed between steps. */
  learningRate: number;
  /** Changes gradients before the update: clipping. */
  clip(gradients: readonly Value[]): readonly Value[];
  /** Makes the state kept for one weight, in a fixed order. */
  slots(weight: Variable): readonly Variable[];
  /** The update of one weight and its slots. */
  update(weight: Variable, slots: readonly Variable[], inputs: StepInputs): readonly Update[];
  /** The four numbers that the kernels read at 0-based step `iteration`. */
  rates(iteration: number): readonly [number, number, number, number];
}

/** Options that all optimizers share. */
export interface OptimizerOptions {
  readonly learningRate?: number;
  /** Each weight shrinks by learningRate · weightDecay of itself per step. */
  readonly weightDecay?: number;
  /** Scales each gradient down to at most this L2 norm. */
  readonly clipnorm?: number;
  /** Scales all gradients together down to at most this joint L2 norm. */
  readonly globalClipnorm?: number;
  /** Cuts each element to ± this. */
  readonly clipvalue?: number;
}

interface Rule {
  readonly name: string;
  readonly learningRate: number;
  readonly options: OptimizerOptions;
  readonly config: Readonly<Record<string, number | boolean>>;
  readonly slotNames: readonly string[];
  /** The step size that the kernel multiplies by. */
  stepSize(learningRate: number, iteration: number): number;
  apply(state: readonly Value[], inputs: StepInputs): readonly Value[];
}

function optimizer(rule: Rule): Optimizer {
  const { clipnorm, globalClipnorm, clipvalue, weightDecay = 0 } = rule.options;
  const clips = { clipnorm, globalClipnorm, clipvalue };
  const given = Object.entries(clips).filter(([, limit]) => limit !== undefined) as [string, number][];
  if (given.length > 1) {
    throw new ValueError(
      `${rule.name}: got ${given.map(([name]) => name).join(" and ")}; expected at most one of clipnorm, globalClipnorm and clipvalue`,
    );
  }
  for (const [name, value] of [...given, ["learningRate", rule.learningRate], ["weightDecay", weightDecay]] as [
    string,
    number,
  ][]) {
    if (!Number.isFinite(value) || value < 0) {
      throw new ValueError(`${rule.name}: ${name} is ${value}; expected a finite number ≥ 0`, { [name]: value });
    }
  }
  const self: Optimizer = {
    learningRate: rule.learningRate,
    get config() {
      return {
        name: rule.name,
        ...rule.config,
        learningRate: self.learningRate,
        weightDecay,
        ...Object.fromEntries(given),
      };
    },
    clip: (gradients) => clipGradients(gradients, rule.options),
    slots: (weight) =>
      rule.slotNames.map(
        (slot) => new Variable({ name: `${weight.name}/${slot}`, shape: weight.shape, trainable: false }),
      ),
    update: (weight, slots, inputs) => {
      const state = [weight, ...slots];
      const next = rule.apply(
        state.map((variable) => variable.value),
        inputs,
      );
      return state.map((variable, index) => ({ variable, value: next[index] as Value }));
    },
    rates: (iteration) => [rule.stepSize(self.learningRate, iteration), self.learningRate * weightDecay, 0, 0],
  };
  return self;
}

function clipGradients(
  gradients: readonly Value[],
  { clipnorm, globalClipnorm, clipvalue }: OptimizerOptions,
): readonly Value[] {
  if (clipvalue !== undefined) return gradients.map((gradient) => clip(gradient, -clipvalue, clipvalue));
  if (clipnorm !== undefined) {
    return gradients.map((gradient) => mul(gradient, div(clipnorm, maximum(sqrt(sum(square(gradient))), clipnorm))));
  }
  if (globalClipnorm !== undefined) {
    const norm = sqrt(gradients.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b)));
    const scale = minimum(div(globalClipnorm, maximum(norm, 1e-30)), 1);
    return gradients.map((gradient) => mul(gradient, scale));
  }
  return gradients;
}

/** Options of `sgd`. */
export interface SgdOptions extends OptimizerOptions {
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/** Stochastic gradient descent, with momentum if asked (Sutskever et al. 2013). learningRate 0.01. */
export function sgd(options: SgdOptions = {}): Optimizer {
  const { learningRate = 0.01, momentum = 0, nesterov = false } = options;
  if (!(momentum >= 0 && momentum <= 1))
    throw new ValueError(`sgd: momentum is ${momentum}; expected 0 ≤ momentum ≤ 1`);
  return optimizer({
    name: "sgd",
    learningRate,
    options,
    config: { momentum, nesterov },
    slotNames: momentum === 0 ? [] : ["momentum"],
    stepSize: (rate) => rate,
    apply: (state, inputs) => sgdUpdate(state, inputs, { momentum, nesterov }),
  });
}

/** Options of `adam` and `adamW`. */
export interface AdamOptions extends OptimizerOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
}

/** Adam (Kingma & Ba 2015). learningRate 0.001, beta1 0.9, beta2 0.999, epsilon 1e-7. */
export function adam(options: AdamOptions = {}): Optimizer {
  return adamNamed("adam", options);
}

/** Adam with decoupled weight decay (Loshchilov & Hutter 2019); weightDecay 0.004. */
export function adamW(options: AdamOptions = {}): Optimizer {
  return adamNamed("adamW", { weightDecay: 0.004, ...options });
}

function adamNamed(name: string, options: AdamOptions): Optimizer {
  const { learningRate = 0.001, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7, amsgrad = false } = options;
  return optimizer({
    name,
    learningRate,
    options,
    config: { beta1, beta2, epsilon, amsgrad },
    slotNames: ["m", "v", ...(amsgrad ? ["vMax"] : [])],
    // The bias correction is made on the host: in float32 1 − beta2^t would lose five digits at first.
    stepSize: (rate, iteration) => (rate * Math.sqrt(1 - beta2 ** (iteration + 1))) / (1 - beta1 ** (iteration + 1)),
    apply: (state, inputs) => adamUpdate(state, inputs, { beta1, beta2, epsilon }),
  });
}

/** Options of `rmsprop`. */
export interface RmspropOptions extends OptimizerOptions {
  readonly rho?: number;
  readonly momentum?: number;
  readonly epsilon?: number;
  readonly centered?: boolean;
}

/** RMSprop (Tieleman & Hinton 2012). learningRate 0.001, rho 0.9, epsilon 1e-7. */
export function rmsprop(options: RmspropOptions = {}): Optimizer {
  const { learningRate = 0.001, rho = 0.9, momentum = 0, epsilon = 1e-7, centered = false } = options;
  return optimizer({
    name: "rmsprop",
    learningRate,
    options,
    config: { rho, momentum, epsilon, centered },
    slotNames: ["velocity", ...(centered ? ["average"] : []), ...(momentum > 0 ? ["momentum"] : [])],
    stepSize: (rate) => rate,
    apply: (state, inputs) => rmspropUpdate(state, inputs, { rho, momentum, epsilon, centered }),
  });
}

const BY_NAME: Readonly<Record<string, (options: OptimizerOptions) => Optimizer>> = {
  sgd,
  adam,
  adamW,
  adamw: adamW,
  rmsprop,
};

/** What `compile` takes. */
export type OptimizerLike = Optimizer | string | OptimizerConfig;

/** @throws ValueError that lists the known names. */
export function resolveOptimizer(given: OptimizerLike): Optimizer {
  if (typeof given !== "string" && "slots" in given && typeof given.slots === "function") return given as Optimizer;
  const config: OptimizerConfig = typeof given === "string" ? { name: given } : (given as OptimizerConfig);
  const make = Object.hasOwn(BY_NAME, config.name) ? BY_NAME[config.name] : undefined;
  if (make === undefined) {
    throw new ValueError(`unknown optimizer "${config.name}"; expected one of ${Object.keys(BY_NAME).join(", ")}`, {
      optimizer: config.name,
    });
  }
  const { name: _, ...options } = config;
  return make(options);
}
