/** What an optimizer is, and what all of them share: options, clipping, weight decay, schedules and the moving average. */
import { ValueError } from "../../core/errors.ts";
import { full } from "../../core/nd_array.ts";
import {
  count,
  flag,
  nonNegative,
  type OptionKind,
  type OptionsOf,
  optional,
  readSome,
  required,
  share,
  withDefault,
} from "../../core/option_table.ts";
import { type Update, type Value, Variable } from "../../graph/operation.ts";
import type { StepInputs } from "../../ops/optimizer_update.ts";
import { averageIfDue, weightAverage } from "../../ops/weight_average.ts";
import { clipGradients } from "./clip.ts";
import { type LearningRate, type LearningRateSchedule, resolveSchedule, type ScheduleConfig } from "./schedules.ts";

/** An optimizer as data. */
export interface OptimizerConfig {
  readonly name: string;
  readonly [option: string]: number | boolean | string | null | ScheduleConfig;
}

/** How weights follow their gradients. */
export interface Optimizer {
  readonly config: OptimizerConfig;
  /**
   * A number, or a schedule. A number may be changed between steps.
   * @throws ValueError when a number is set in place of a schedule.
   */
  learningRate: LearningRate;
  /** The learning rate at the 0-based step `iteration`. */
  learningRateAt(iteration: number): number;
  /** Changes gradients before the update: clipping. */
  clip(gradients: readonly Value[]): readonly Value[];
  /** Makes the state kept for one weight, in a fixed order. */
  slots(weight: Variable): readonly Variable[];
  /** The update of one weight and its slots. */
  update(weight: Variable, slots: readonly Variable[], inputs: StepInputs): readonly Update[];
  /** The `RATE_COUNT` numbers that the kernels read at 0-based step `iteration`. */
  rates(iteration: number): readonly number[];
  /** The moving average among a weight's slots; undefined without `useEma`. */
  averageOf(slots: readonly Variable[]): Variable | undefined;
}

/** Options that all optimizers share. */
export interface OptimizerOptions {
  /** A number, or a schedule such as `cosineDecay`. */
  readonly learningRate?: LearningRate | ScheduleConfig;
  /** Each weight shrinks by learningRate · weightDecay of itself per step. */
  readonly weightDecay?: number | null;
  /** Scales each gradient down to at most this L2 norm. */
  readonly clipnorm?: number | null;
  /** Scales all gradients together down to at most this joint L2 norm. */
  readonly globalClipnorm?: number | null;
  /** Cuts each element to ± this. */
  readonly clipvalue?: number | null;
  /** Keeps a moving average of the weights, which overwrites them at the end of `fit` (Polyak & Juditsky 1992). */
  readonly useEma?: boolean;
  /** The share of the average that stays at each step; 0.99 when absent. */
  readonly emaMomentum?: number;
  /** Overwrites the weights with their average after every so many steps too; only at the end of `fit` when absent or null. */
  readonly emaOverwriteFrequency?: number | null;
}

/** A tensor of an optimizer's state. */
export interface SlotSpec {
  readonly name: string;
  /** What it is filled with; 0 when absent. */
  readonly fill?: number;
}

/** The numbers of a step that a rule computes: the step size, and two of its own. */
export type RuleRates = readonly [stepSize: number, second?: number, third?: number];

/** What makes one optimizer differ from another. */
export interface Rule {
  readonly name: string;
  /** The learning rate when none is given. */
  readonly learningRate: number;
  readonly options: OptionsOf<typeof SHARED>;
  /** Its own options, completed. */
  readonly config: Readonly<Record<string, number | boolean>>;
  readonly slots: readonly SlotSpec[];
  rates(learningRate: number, iteration: number): RuleRates;
  apply(state: readonly Value[], inputs: StepInputs): readonly Value[];
}

const rateKind: OptionKind<LearningRate> = {
  expected: `${nonNegative.expected}, or a schedule`,
  read: (value) =>
    typeof value === "object" && value !== null
      ? resolveSchedule(value as LearningRateSchedule | ScheduleConfig)
      : nonNegative.read(value),
};

/** The table of the options that all optimizers share. */
export const SHARED = {
  learningRate: optional(rateKind),
  weightDecay: optional(nonNegative),
  clipnorm: optional(nonNegative),
  globalClipnorm: optional(nonNegative),
  clipvalue: optional(nonNegative),
  useEma: withDefault(flag, false),
  emaMomentum: withDefault(share, 0.99),
  emaOverwriteFrequency: optional(count),
};

/**
 * Completes a rule to an optimizer.
 * @throws ValueError for more than one kind of clipping.
 */
export function optimizer(rule: Rule): Optimizer {
  const { useEma, emaMomentum, emaOverwriteFrequency } = rule.options;
  const frequency = emaOverwriteFrequency ?? 0;
  const weightDecay = rule.options.weightDecay ?? 0;
  const clips = clipsOf(rule);
  let learningRate = rule.options.learningRate ?? rule.learningRate;
  const rateAt = (iteration: number) => (typeof learningRate === "number" ? learningRate : learningRate.at(iteration));
  return {
    get learningRate() {
      return learningRate;
    },
    set learningRate(given: LearningRate) {
      if (typeof learningRate !== "number" && typeof given === "number") {
        throw new ValueError(
          `${rule.name}: its learning rate follows ${learningRate.config.name}; it cannot be set to ${given}. Make the optimizer with a number to change it while training.`,
          { schedule: learningRate.config.name },
        );
      }
      learningRate = checkedRate(rule.name, given);
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
      const state = [weight, ...slots.slice(0, rule.slots.length)];
      const next = rule.apply(
        state.map((variable) => variable.value),
        inputs,
      );
      const updates = state.map((variable, index): Update => ({ variable, value: next[index] as Value }));
      const average = slots[rule.slots.length];
      if (!useEma || average === undefined) return updates;
      const [w, ...others] = updates as [Update, ...Update[]];
      const averaged = weightAverage(average.value, w.value, inputs);
      const value = frequency === 0 ? w.value : averageIfDue(averaged, w.value, inputs);
      return [{ variable: weight, value }, ...others, { variable: average, value: averaged }];
    },
    rates: (iteration) => {
      const rate = rateAt(iteration);
      const [stepSize, second = 0, third = 0] = rule.rates(rate, iteration);
      const isDue = frequency > 0 && (iteration + 1) % frequency === 0;
      return [stepSize, rate * weightDecay, second, third, iteration === 0 ? 0 : emaMomentum, Number(isDue)];
    },
    averageOf: (slots) => (useEma ? slots[rule.slots.length] : undefined),
  };
}

function makeSlot(weight: Variable, { name, fill }: SlotSpec): Variable {
  const { shape } = weight;
  const initial = fill === undefined ? {} : { initial: () => full(shape, "float32", fill) };
  return new Variable({ name: `${weight.name}/${name}`, shape, trainable: false, ...initial });
}

function checkedRate(name: string, learningRate: LearningRate): LearningRate {
  return readSome(name, { learningRate: required(rateKind) }, { learningRate }).learningRate;
}

/** What gradients are clipped to: at most one of three. */
function clipsOf({ name, options: { clipnorm, globalClipnorm, clipvalue } }: Rule): Record<string, number> {
  const given = Object.entries({ clipnorm, globalClipnorm, clipvalue }).filter(
    (entry): entry is [string, number] => entry[1] !== null,
  );
  if (given.length <= 1) return Object.fromEntries(given);
  throw new ValueError(
    `${name}: got ${given.map(([option]) => option).join(" and ")}; expected at most one of clipnorm, globalClipnorm and clipvalue`,
  );
}
