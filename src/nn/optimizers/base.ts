/**
 * The optimizer interface, and what all optimizers share: options, clipping, weight decay, schedules, moving average.
 */
import { at } from "../../core/at.ts";
import { ValueError } from "../../core/errors.ts";
import { isFiniteFloat32, LEAST_FLOAT32 } from "../../core/float32_check.ts";
import { full } from "../../core/nd_array.ts";
import {
  aboveZero,
  count,
  flag,
  nonNegative,
  type OptionKind,
  type OptionsOf,
  optional,
  readValue,
  share,
  withDefault,
} from "../../core/option_table.ts";
import { shown } from "../../core/options.ts";
import { type Update, type Value, Variable } from "../../graph/operation.ts";
import { type StepInputs, tensorOf, type UpdateState } from "../../ops/optimizers/update_op.ts";
import { averageIfDue, weightAverage } from "../../ops/optimizers/weight_average.ts";
import { clipGradients } from "./clip.ts";
import { type LearningRate, type LearningRateSchedule, resolveSchedule, type ScheduleConfig } from "./schedules.ts";

/** A serialized optimizer. */
export interface OptimizerConfig {
  readonly name: string;
  readonly [option: string]: number | boolean | string | null | ScheduleConfig;
}

/** Updates weights from their gradients. */
export interface Optimizer {
  readonly config: OptimizerConfig;
  /**
   * A number or a schedule. A number may be changed between steps.
   * @throws ValueError if the current value is a schedule and a number is assigned.
   */
  learningRate: LearningRate;
  /** The learning rate at the 0-based step `iteration`. */
  learningRateAt(iteration: number): number;
  /** Clips gradients before the update. */
  clip(gradients: readonly Value[]): readonly Value[];
  /** Creates the state variables of one weight, in a fixed order. */
  slots(weight: Variable): readonly Variable[];
  /** The update of one weight and its slots. */
  update(weight: Variable, slots: readonly Variable[], inputs: StepInputs): readonly Update[];
  /** The `RATE_COUNT` numbers that the kernels read at 0-based step `iteration`. */
  rates(iteration: number): readonly number[];
  /** The moving average among a weight's slots; undefined without `useEma`. */
  averageOf(slots: readonly Variable[]): Variable | undefined;
}

/** Creates an optimizer from its options. */
export type OptimizerMaker = (options: OptimizerOptions) => Optimizer;

/** Options that all optimizers share. */
export interface OptimizerOptions {
  /** A number, or a schedule such as `cosineDecay`. */
  readonly learningRate?: LearningRate | ScheduleConfig;
  /** Each step subtracts learningRate · weightDecay · weight from each weight. */
  readonly weightDecay?: number | null;
  /** Scales each gradient down to at most this L2 norm, above 0. */
  readonly clipnorm?: number | null;
  /** Scales all gradients together down to at most this joint L2 norm, above 0. */
  readonly globalClipnorm?: number | null;
  /** Clips each element to ± this value, above 0. */
  readonly clipvalue?: number | null;
  /** Keeps a moving average of the weights, which overwrites them at the end of `fit` (Polyak & Juditsky 1992). */
  readonly useEma?: boolean;
  /** The decay factor of the moving average. Default: 0.99. */
  readonly emaMomentum?: number;
  /** Also overwrites the weights with their average every n steps. Default: null, only at the end of `fit`. */
  readonly emaOverwriteFrequency?: number | null;
}

/** A tensor of an optimizer's state. */
export interface SlotSpec {
  readonly name: string;
  /** The initial value. Default: 0. */
  readonly fill?: number;
}

/** The numbers that a rule computes for each step: the step size, and up to two more. */
export type RuleRates = readonly [stepSize: number, second?: number, third?: number];

/** The part that is specific to one optimizer. */
export interface Rule {
  readonly name: string;
  /** The default learning rate. */
  readonly learningRate: number;
  readonly options: OptionsOf<typeof SHARED>;
  /** The optimizer's specific options, with defaults. */
  readonly config: Readonly<Record<string, number | boolean>>;
  readonly slots: readonly SlotSpec[];
  /** Whether the rule divides by the learning rate, which must then not be 0. */
  readonly dividesByRate?: boolean;
  rates(learningRate: number, iteration: number): RuleRates;
  /** Computes one step. The state, and the result, contain the weight as `w` and the slots by name. */
  apply(state: UpdateState<Value>, inputs: StepInputs): UpdateState<Value>;
}

/** A number of the given kind, or a schedule. */
/* @__NO_SIDE_EFFECTS__ */
function rateOf(numbers: OptionKind<number>): OptionKind<LearningRate> {
  return {
    ...numbers,
    expected: `${numbers.expected}, or a schedule`,
    read: (value) =>
      typeof value === "object" && value !== null
        ? resolveSchedule(value as LearningRateSchedule | ScheduleConfig)
        : numbers.read(value),
  };
}

/** The table of the options that all optimizers share. */
export const SHARED = {
  learningRate: optional(rateOf(nonNegative)),
  weightDecay: optional(nonNegative),
  // Keras treats a limit of 0 as none; here it would divide 0 by 0, so null means none.
  clipnorm: optional(aboveZero),
  globalClipnorm: optional(aboveZero),
  clipvalue: optional(aboveZero),
  useEma: withDefault(flag, false),
  emaMomentum: withDefault(share, 0.99),
  emaOverwriteFrequency: optional(count),
};

/**
 * Creates an optimizer from its rule.
 * @throws ValueError for more than one kind of clipping.
 */
export function optimizer(rule: Rule): Optimizer {
  const { useEma, emaMomentum, emaOverwriteFrequency } = rule.options;
  const frequency = emaOverwriteFrequency ?? 0;
  const weightDecay = rule.options.weightDecay ?? 0;
  const clips = clipsOf(rule);
  let learningRate = checkedRate(rule, rule.options.learningRate ?? rule.learningRate);
  const rateAt = (iteration: number) => (typeof learningRate === "number" ? learningRate : learningRate.at(iteration));
  return {
    get learningRate() {
      return learningRate;
    },
    set learningRate(given: LearningRate) {
      if (typeof learningRate !== "number" && typeof given === "number") {
        throw new ValueError(
          `${rule.name}: its learning rate follows ${learningRate.config.name}; it cannot be set to ${given}. ` +
            "Create the optimizer with a number to change it while training.",
          { schedule: learningRate.config.name },
        );
      }
      // A rate that a callback lowers repeatedly becomes 0 once float32 cannot represent it.
      const isTiny = typeof given === "number" && given > 0 && given < LEAST_FLOAT32;
      learningRate = checkedRate(rule, isTiny ? 0 : given);
    },
    learningRateAt: rateAt,
    get config() {
      return {
        name: rule.name,
        ...rule.config,
        learningRate: typeof learningRate === "number" ? learningRate : learningRate.config,
        weightDecay,
        ...clips,
        ...(useEma ? { useEma, emaMomentum, emaOverwriteFrequency } : {}),
      };
    },
    clip: (gradients) => clipGradients(gradients, clips),
    slots: (weight) =>
      [...rule.slots, ...(useEma ? [{ name: "weightAverage" }] : [])].map((slot) => makeSlot(weight, slot)),
    update: (weight, slots, inputs) => {
      const state = rule.slots.map(({ name }, index) => ({ name, variable: at(slots, index) }));
      const values = Object.fromEntries(state.map(({ name, variable }) => [name, variable.value]));
      const next = rule.apply({ ...values, w: weight.value }, inputs);
      const updates = state.map(({ name, variable }): Update => ({ variable, value: tensorOf(rule.name, next, name) }));
      const average = slots[rule.slots.length];
      const { w } = next;
      if (!useEma || average === undefined) return [{ variable: weight, value: w }, ...updates];
      const averaged = weightAverage(average.value, w, inputs);
      const value = frequency === 0 ? w : averageIfDue(averaged, w, inputs);
      return [{ variable: weight, value }, ...updates, { variable: average, value: averaged }];
    },
    rates: (iteration) => {
      const rate = rateAt(iteration);
      const [stepSize, second = 0, third = 0] = rule.rates(rate, iteration);
      const isDue = frequency > 0 && (iteration + 1) % frequency === 0;
      const rates = [stepSize, rate * weightDecay, second, third, iteration === 0 ? 0 : emaMomentum, Number(isDue)];
      if ((rule.dividesByRate ? rate >= LEAST_FLOAT32 : rate >= 0) && rates.every(isFiniteFloat32)) return rates;
      throw rateError(rule, learningRate, rate, iteration);
    },
    averageOf: (slots) => (useEma ? slots[rule.slots.length] : undefined),
  };
}

function makeSlot(weight: Variable, { name, fill }: SlotSpec): Variable {
  const { shape } = weight;
  const initial = fill === undefined ? {} : { initial: () => full(shape, "float32", fill) };
  return new Variable({ name: `${weight.name}/${name}`, shape, trainable: false, ...initial });
}

/** @throws ValueError unless it is a schedule or a usable number. */
function checkedRate({ name, dividesByRate }: Rule, given: LearningRate): LearningRate {
  return readValue(name, "learningRate", rateOf(dividesByRate ? aboveZero : nonNegative), given);
}

/** The error for an unusable learning rate, set directly or returned by a schedule. */
function rateError({ name, dividesByRate }: Rule, given: LearningRate, rate: number, iteration: number): ValueError {
  const source = typeof given === "number" ? "" : ` (the schedule ${given.config.name})`;
  const least = dividesByRate ? "above 0 (from 1.2e-38 on)" : "≥ 0";
  return new ValueError(
    `${name}: learningRate is ${shown(rate)} at step ${iteration + 1}${source}; expected a number ${least} with ` +
      "which the step size is finite in float32",
    { learningRate: rate, step: iteration + 1 },
  );
}

/** The clipping options, of which at most one may be set. */
function clipsOf({ name, options: { clipnorm, globalClipnorm, clipvalue } }: Rule): Record<string, number> {
  const given = Object.entries({ clipnorm, globalClipnorm, clipvalue }).filter(
    (entry): entry is [string, number] => entry[1] !== null,
  );
  if (given.length <= 1) return Object.fromEntries(given);
  throw new ValueError(
    `${name}: got ${given.map(([option]) => option).join(" and ")}; expected at most one of clipnorm, ` +
      "globalClipnorm and clipvalue",
  );
}
