/** Schedules by their definitions, at the steps where they bend. */
import { describe, expect, test } from "vitest";
import {
  adam,
  cosineDecay,
  cosineDecayRestarts,
  exponentialDecay,
  inverseTimeDecay,
  type LearningRateSchedule,
  piecewiseConstantDecay,
  polynomialDecay,
  ValueError,
} from "../../src/index.ts";
import { resolveSchedule } from "../../src/nn/optimizers/schedules.ts";

const start = { initialLearningRate: 0.1, decaySteps: 100 };

/** A schedule and its rates at some steps, worked out by hand from Keras's formulas. */
const CASES: readonly (readonly [string, LearningRateSchedule, Readonly<Record<number, number>>])[] = [
  ["exponential", exponentialDecay({ ...start, decayRate: 0.25 }), { 0: 0.1, 50: 0.05, 100: 0.025, 200: 0.00625 }],
  [
    "exponential in stairs",
    exponentialDecay({ ...start, decayRate: 0.25, staircase: true }),
    { 0: 0.1, 99: 0.1, 100: 0.025, 199: 0.025, 200: 0.00625 },
  ],
  ["inverse time", inverseTimeDecay({ ...start, decayRate: 1 }), { 0: 0.1, 100: 0.05, 300: 0.025 }],
  ["inverse time in stairs", inverseTimeDecay({ ...start, decayRate: 1, staircase: true }), { 99: 0.1, 199: 0.05 }],
  [
    "piecewise constant",
    piecewiseConstantDecay({ boundaries: [100, 150], values: [1, 0.5, 0.1] }),
    { 0: 1, 100: 1, 101: 0.5, 150: 0.5, 151: 0.1, 9999: 0.1 },
  ],
  [
    "polynomial",
    polynomialDecay({ ...start, endLearningRate: 0.02, power: 2 }),
    { 0: 0.1, 50: 0.04, 100: 0.02, 500: 0.02 },
  ],
  [
    "polynomial in cycles",
    polynomialDecay({ ...start, endLearningRate: 0.02, cycle: true }),
    { 0: 0.1, 50: 0.06, 100: 0.02, 150: 0.04, 200: 0.02, 225: 0.04 },
  ],
  ["cosine", cosineDecay(start), { 0: 0.1, 50: 0.05, 100: 0, 500: 0 }],
  ["cosine with alpha", cosineDecay({ ...start, alpha: 0.2 }), { 0: 0.1, 50: 0.06, 100: 0.02, 101: 0.02 }],
  [
    "cosine with warm-up",
    cosineDecay({ ...start, initialLearningRate: 0.02, warmupTarget: 0.2, warmupSteps: 10, alpha: 0.1 }),
    { 0: 0.02, 5: 0.11, 10: 0.2, 60: 0.11, 110: 0.02, 500: 0.02 },
  ],
  [
    "cosine with restarts",
    cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 10, mMul: 0.5, alpha: 0.1 }),
    // The second period lasts 20 steps from half the rate, the third 40 from a quarter; alpha is the whole rate's.
    { 0: 0.1, 5: 0.055, 10: 0.055, 20: 0.0325, 30: 0.0325, 70: 0.02125 },
  ],
  [
    "cosine with restarts of one length",
    cosineDecayRestarts({ initialLearningRate: 0.1, firstDecaySteps: 10, tMul: 1 }),
    { 0: 0.1, 5: 0.05, 10: 0.1, 25: 0.05 },
  ],
];

describe("schedules", () => {
  test.each(CASES)("%s", (_, schedule, rates) => {
    for (const [step, rate] of Object.entries(rates))
      expect(schedule.at(Number(step)), `step ${step}`).toBeCloseTo(rate, 15);
  });

  test.each(CASES)("%s comes back from its data", (_, schedule) => {
    const again = resolveSchedule(JSON.parse(JSON.stringify(schedule.config)));
    for (const step of [0, 1, 17, 99, 100, 101, 1000]) expect(again.at(step)).toBe(schedule.at(step));
  });

  test("an optimizer follows its schedule, keeps it in its configuration, and cannot be set to a number", () => {
    const schedule = exponentialDecay({ ...start, decayRate: 0.25 });
    const optimizer = adam({ learningRate: schedule, weightDecay: 0.01 });
    expect(optimizer.learningRateAt(50)).toBeCloseTo(0.05, 15);
    expect(optimizer.rates(100)[1]).toBeCloseTo(0.025 * 0.01, 15);
    expect(optimizer.config.learningRate).toEqual({
      name: "exponentialDecay",
      ...start,
      decayRate: 0.25,
      staircase: false,
    });
    expect(() => {
      optimizer.learningRate = 0.5;
    }).toThrow(/follows exponentialDecay; it cannot be set to 0.5/);
  });

  test.each([
    [
      () => exponentialDecay({ ...start, decaySteps: 0, decayRate: 1 }),
      /decaySteps is 0; expected a finite number above 0/,
    ],
    [() => piecewiseConstantDecay({ boundaries: [1], values: [1] }), /1 boundaries and 1 values/],
    [() => piecewiseConstantDecay({ boundaries: [2, 1], values: [1, 1, 1] }), /expected them to ascend/],
    [() => cosineDecayRestarts({ initialLearningRate: 1, firstDecaySteps: 3, tMul: 0.5 }), /tMul is 0.5/],
    [() => resolveSchedule({ name: "cosine" }), /unknown schedule "cosine"; expected one of exponentialDecay, /],
    [() => adam({ learningRate: Number.NaN }), /learningRate is NaN/],
  ])("%# is refused", (make, message) => {
    expect(make).toThrow(ValueError);
    expect(make).toThrow(message);
  });
});
