/**
 * Callbacks, and what shows results, are given hostile options: each is refused by a SluiceError, or accepted.
 * SLUICE_OPTIONS sets how many, SLUICE_SEED which; fast-check prints the smallest case that fails.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  argmax,
  classificationReport,
  confusionMatrix,
  csvLogger,
  earlyStopping,
  modelCheckpoint,
  progress,
  reduceLrOnPlateau,
  SluiceError,
  tensorBoard,
  topK,
  ValueError,
} from "../../src/index.ts";

const RUNS = Number(process.env.SLUICE_OPTIONS ?? 600);
const SEED = Number(process.env.SLUICE_SEED ?? 20261126);

type Options = Readonly<Record<string, unknown>>;

/** How each is made, and a value for every option that it has. */
const MAKERS: Readonly<Record<string, readonly [make: (options: never) => unknown, valid: Options]>> = {
  progress: [progress, { output: { write: () => true } }],
  tensorBoard: [tensorBoard, { logDir: "logs", updateFreq: "batch", histogramFreq: 1, inMemory: true }],
  csvLogger: [csvLogger, { filename: "log.csv", separator: ";", append: true }],
  earlyStopping: [
    earlyStopping,
    {
      ...{ monitor: "loss", mode: "min", minDelta: 0.1, patience: 1, baseline: 0.5 },
      ...{ restoreBestWeights: true, startFromEpoch: 1 },
    },
  ],
  modelCheckpoint: [
    modelCheckpoint,
    {
      ...{ directory: "runs", monitor: "loss", mode: "min", saveBestOnly: true, saveFreq: 3 },
      ...{ initialValueThreshold: 0.5, write: () => undefined },
    },
  ],
  reduceLrOnPlateau: [
    reduceLrOnPlateau,
    { monitor: "loss", mode: "min", minDelta: 0.1, factor: 0.5, patience: 1, cooldown: 1, minLr: 0.1 },
  ],
  confusionMatrix: [(options) => confusionMatrix([0, 1], [0, 1], options), { labels: ["a", "b"] }],
  classificationReport: [
    (options) => `${classificationReport([0, 1], [0, 1], options)}`,
    { labels: ["a", "b"], digits: 3 },
  ],
  argmax: [(options) => argmax([[1, 2]], options), { axis: 1 }],
  topK: [({ k }: { readonly k: number }) => topK([[1, 2]], k), { k: 2 }],
};

test.each(Object.entries(MAKERS))("%s takes all its options, and no other", (name, [make, valid]) => {
  expect(() => make(valid as never)).not.toThrow();
  if (name === "topK") return;
  let error: unknown;
  try {
    make({ ...valid, surprise: 1 } as never);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ValueError);
  const [, listed = ""] = /expected some of (.*)$/.exec(String(error)) ?? [];
  expect(listed.split(", ").sort()).toEqual(Object.keys(valid).sort());
});

test(`${RUNS} hostile options are refused by a SluiceError, or accepted (seed ${SEED})`, () => {
  const value = fc.oneof(
    fc.constantFrom(...Object.values(MAKERS).flatMap(([, valid]) => Object.values(valid))),
    fc.constantFrom<unknown>(
      Number.NaN,
      -1,
      0,
      1000,
      1e308,
      2 ** 53,
      "",
      "a/b",
      null,
      undefined,
      10n,
      Symbol("s"),
      [],
      [[]],
    ),
    fc.constantFrom<unknown>(["a", "a"], ["a", 1], new Array(2), {}, { write: 1 }, () => 1, new Map(), new Date(0)),
    fc.anything(),
  );
  const counts = { refused: 0, accepted: 0 };
  const property = fc.property(
    fc.constantFrom(...Object.values(MAKERS)),
    fc.array(fc.tuple(fc.nat(99), value), { maxLength: 2 }),
    ([make, valid], changes) => {
      const names = [...Object.keys(valid), "surprise"];
      const options = Object.fromEntries(changes.map(([place, each]) => [names[place % names.length], each]));
      try {
        make({ ...valid, ...options } as never);
        counts.accepted++;
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        counts.refused++;
      }
    },
  );
  fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect(Math.min(counts.refused, counts.accepted)).toBeGreaterThan(RUNS / 10);
});
