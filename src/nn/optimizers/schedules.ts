/**
 * Schedules of the learning rate by Keras's names, defaults and formulas
 * (https://keras.io/api/optimizers/learning_rate_schedules/), computed on the host in float64 from the step's number
 * alone, so that a resumed training run continues exactly.
 */
import { ValueError } from "../../core/errors.ts";
import { entryNamed } from "../../core/named.ts";
import {
  aboveZero,
  finite,
  flag,
  float32,
  listOf,
  nonNegative,
  optional,
  readOptions,
  required,
  withDefault,
} from "../../core/option_table.ts";
import { asNamed, isMade } from "../../core/options.ts";

/** A serialized schedule: its name and options. */
export interface ScheduleConfig {
  readonly name: string;
  readonly [option: string]: number | boolean | string | readonly number[] | null;
}

/**
 * A learning rate that depends on the step. A custom schedule implements `at`; only the built-in ones can be saved and
 * loaded.
 */
export interface LearningRateSchedule {
  readonly config: ScheduleConfig;
  /** The rate of the 0-based step `iteration`. */
  at(iteration: number): number;
}

/** The learning rate of an optimizer. */
export type LearningRate = number | LearningRateSchedule;

/** Options of `exponentialDecay` and `inverseTimeDecay`. */
export interface DecayOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  readonly decayRate: number;
  /** Whether to round the exponent down, so that the rate falls in steps. */
  readonly staircase?: boolean;
}

const DECAY = {
  initialLearningRate: required(nonNegative),
  decaySteps: required(aboveZero),
  decayRate: required(nonNegative),
  staircase: withDefault(flag, false),
};

function checkDecay(name: string, options: DecayOptions) {
  const { initialLearningRate, decaySteps, decayRate, staircase } = readOptions(name, DECAY, options);
  const passed = (iteration: number) => (staircase ? Math.floor(iteration / decaySteps) : iteration / decaySteps);
  return { config: { name, initialLearningRate, decaySteps, decayRate, staircase }, passed };
}

/**
 * initialLearningRate · decayRate ^ (step / decaySteps).
 *
 * @example
 * adam({ learningRate: exponentialDecay({ initialLearningRate: 0.01, decaySteps: 1000, decayRate: 0.9 }) });
 */
export function exponentialDecay(options: DecayOptions): LearningRateSchedule {
  const { config, passed } = checkDecay("exponentialDecay", options);
  return { config, at: (iteration) => config.initialLearningRate * config.decayRate ** passed(iteration) };
}

/** initialLearningRate / (1 + decayRate · step / decaySteps). */
export function inverseTimeDecay(options: DecayOptions): LearningRateSchedule {
  const { config, passed } = checkDecay("inverseTimeDecay", options);
  return { config, at: (iteration) => config.initialLearningRate / (1 + config.decayRate * passed(iteration)) };
}

/** Options of `piecewiseConstantDecay`. */
export interface PiecewiseOptions {
  /** Step numbers in ascending order: a rate applies up to and including its boundary. */
  readonly boundaries: readonly number[];
  /** The rates: one more than there are boundaries. */
  readonly values: readonly number[];
}

const PIECEWISE = { boundaries: required(listOf(finite)), values: required(listOf(nonNegative)) };

/** values[0] up to the step boundaries[0], then values[1], and so on. */
export function piecewiseConstantDecay(options: PiecewiseOptions): LearningRateSchedule {
  const name = "piecewiseConstantDecay";
  const { boundaries, values } = readOptions(name, PIECEWISE, options);
  if (boundaries.length === 0 || boundaries.length !== values.length - 1) {
    throw new ValueError(
      `${name}: got ${boundaries.length} boundaries and ${values.length} values; expected one value more than ` +
        "boundaries",
      { boundaries, values },
    );
  }
  if (boundaries.some((boundary, index) => index > 0 && !(boundary > (boundaries[index - 1] as number)))) {
    throw new ValueError(`${name}: boundaries are ${boundaries.join(", ")}; expected them to ascend`, { boundaries });
  }
  return {
    config: { name, boundaries: [...boundaries], values: [...values] },
    at: (iteration) => values[boundaries.filter((boundary) => iteration > boundary).length] as number,
  };
}

/** Options of `polynomialDecay`. */
export interface PolynomialOptions {
  readonly initialLearningRate: number;
  readonly decaySteps: number;
  /** 0.0001 when absent. */
  readonly endLearningRate?: number;
  /** Default: 1. */
  readonly power?: number;
  /** Whether to restart beyond `decaySteps`, each time with a longer period. */
  readonly cycle?: boolean;
}

const POLYNOMIAL = {
  initialLearningRate: required(nonNegative),
  decaySteps: required(aboveZero),
  endLearningRate: withDefault(nonNegative, 0.0001),
  power: withDefault(finite, 1),
  cycle: withDefault(flag, false),
};

/** (initialLearningRate − endLearningRate) · (1 − step / decaySteps) ^ power + endLearningRate. */
export function polynomialDecay(options: PolynomialOptions): LearningRateSchedule {
  const name = "polynomialDecay";
  const { initialLearningRate, decaySteps, endLearningRate, power, cycle } = readOptions(name, POLYNOMIAL, options);
  return {
    config: { name, initialLearningRate, decaySteps, endLearningRate, power, cycle },
    at: (iteration) => {
      const span = cycle ? decaySteps * Math.max(1, Math.ceil(iteration / decaySteps)) : decaySteps;
      const left = 1 - Math.min(iteration, span) / span;
      return (initialLearningRate - endLearningRate) * left ** power + endLearningRate;
    },
  };
}

const halfCosine = (part: number, alpha: number) => (1 - alpha) * 0.5 * (1 + Math.cos(Math.PI * part)) + alpha;

/** Options of `cosineDecay`. */
export interface CosineOptions {
  readonly initialLearningRate: number;
  /** The number of decay steps, excluding the warm-up. */
  readonly decaySteps: number;
  /** The final rate as a fraction of the initial rate. Default: 0. */
  readonly alpha?: number;
  /**
   * The rate that a linear warm-up from `initialLearningRate` reaches and the decay starts from. Default: null, no
   * warm-up.
   */
  readonly warmupTarget?: number | null;
  /** The number of warm-up steps. */
  readonly warmupSteps?: number;
}

const COSINE = {
  initialLearningRate: required(nonNegative),
  decaySteps: required(aboveZero),
  alpha: withDefault(nonNegative, 0),
  warmupTarget: optional(nonNegative),
  warmupSteps: withDefault(nonNegative, 0),
};

/**
 * Half a cosine down to alpha (Loshchilov & Hutter 2016), after an optional linear warm-up (Goyal et al. 2017).
 *
 * @example
 * adam({ learningRate: cosineDecay({ initialLearningRate: 0, warmupTarget: 0.003, warmupSteps: 100, decaySteps: 900 })
 * });
 */
export function cosineDecay(options: CosineOptions): LearningRateSchedule {
  const name = "cosineDecay";
  const { initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps } = readOptions(name, COSINE, options);
  return {
    config: { name, initialLearningRate, decaySteps, alpha, warmupTarget, warmupSteps },
    at: (iteration) => {
      if (warmupTarget === null)
        return initialLearningRate * halfCosine(Math.min(iteration, decaySteps) / decaySteps, alpha);
      if (iteration < warmupSteps) {
        return (warmupTarget - initialLearningRate) * (iteration / warmupSteps) + initialLearningRate;
      }
      return warmupTarget * halfCosine(Math.min(iteration - warmupSteps, decaySteps) / decaySteps, alpha);
    },
  };
}

/** Options of `cosineDecayRestarts`. */
export interface CosineRestartsOptions {
  readonly initialLearningRate: number;
  readonly firstDecaySteps: number;
  /** The factor by which each period is longer than the one before. Default: 2. */
  readonly tMul?: number;
  /** The factor from each period's initial rate to the next one's. Default: 1. */
  readonly mMul?: number;
  /** The rate at a period's end as a fraction of its initial rate. Default: 0. */
  readonly alpha?: number;
}

const atLeastOne = float32("a finite number of at least 1", (value) => value >= 1);

const RESTARTS = {
  initialLearningRate: required(nonNegative),
  firstDecaySteps: required(aboveZero),
  tMul: withDefault(atLeastOne, 2),
  mMul: withDefault(nonNegative, 1),
  alpha: withDefault(nonNegative, 0),
};

/** Cosine decay with warm restarts: SGDR (Loshchilov & Hutter 2016). */
export function cosineDecayRestarts(options: CosineRestartsOptions): LearningRateSchedule {
  const name = "cosineDecayRestarts";
  const { initialLearningRate, firstDecaySteps, tMul, mMul, alpha } = readOptions(name, RESTARTS, options);
  return {
    config: { name, initialLearningRate, firstDecaySteps, tMul, mMul, alpha },
    at: (iteration) => {
      const periods = iteration / firstDecaySteps;
      let { restarts, begun, length } = { restarts: 0, begun: 0, length: 1 };
      if (tMul === 1) restarts = begun = Math.floor(periods);
      else while (periods >= begun + length) [restarts, begun, length] = [restarts + 1, begun + length, length * tMul];
      const cosine = 0.5 * mMul ** restarts * (1 + Math.cos((Math.PI * (periods - begun)) / length));
      return initialLearningRate * ((1 - alpha) * cosine + alpha);
    },
  };
}

const BY_NAME: Readonly<Record<string, (config: never) => LearningRateSchedule>> = {
  exponentialDecay,
  inverseTimeDecay,
  piecewiseConstantDecay,
  polynomialDecay,
  cosineDecay,
  cosineDecayRestarts,
};

/**
 * Resolves a schedule or a serialized schedule.
 * @throws ValueError for an unknown name, listing the known ones.
 */
export function resolveSchedule(given: LearningRateSchedule | ScheduleConfig): LearningRateSchedule {
  if (isMade("schedule", given, "at")) return given as LearningRateSchedule;
  const { name, ...options } = asNamed<"name", ScheduleConfig>("schedule", given, "name");
  const [, make] = entryNamed("schedule", BY_NAME, name);
  return make(options as never);
}
