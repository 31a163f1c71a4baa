/** Results for people: confusion matrix and classification report as scikit-learn defines them, and pictures. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  type ClassesLike,
  type ClassOptions,
  classificationReport,
  confusionMatrix,
  type Device,
  type History,
  ShapeError,
  ValueError,
} from "../../src/index.ts";
import { ticksBetween } from "../../src/nn/report/figure.ts";
import { RunHistory } from "../../src/nn/training/fit_result.ts";
import { testDevice } from "../support/device.ts";
import { tagsOf } from "../support/svg_tags.ts";
import { smallData, smallModel } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

describe("confusionMatrix", () => {
  // The examples of scikit-learn's own page.
  const EXPECTED = [
    [2, 0, 0],
    [0, 0, 1],
    [1, 0, 2],
  ];
  const truth = [2, 0, 2, 2, 0, 1];
  const predicted = [0, 0, 2, 2, 0, 2];
  const oneHot = (classes: readonly number[]) => classes.map((one) => [0, 1, 2].map((place) => Number(place === one)));
  const soft = predicted.map((one) => [0, 1, 2].map((place) => (place === one ? 0.4 : 0.3)));

  test.each<[string, ClassesLike, ClassesLike, ClassOptions]>([
    ["numbers", truth, predicted, {}],
    ["typed arrays", Int32Array.from(truth), Float32Array.from(predicted), {}],
    ["columns", truth.map((one) => [one]), { shape: [6, 1], data: predicted }, {}],
    ["one-hot rows and probabilities", oneHot(truth), soft, {}],
    ["numbers and probabilities", truth, { shape: [6, 3], data: soft.flat() }, {}],
  ])("counts pairs of %s", (_, yTrue, yPred, options) => {
    const matrix = confusionMatrix(yTrue, yPred, options);
    expect(matrix.labels).toEqual(["0", "1", "2"]);
    expect(matrix.counts).toEqual(EXPECTED);
  });

  test("counts pairs of names, sorted or in the order of labels, beside numbers too", () => {
    const names = ["ant", "bird", "cat"];
    const named = (classes: readonly number[]) => classes.map((one) => names[one] as string);
    expect(confusionMatrix(named(truth), named(predicted))).toMatchObject({ labels: names, counts: EXPECTED });
    expect(confusionMatrix(named(truth), soft, { labels: names }).counts).toEqual(EXPECTED);
    expect(confusionMatrix(truth, predicted, { labels: names })).toMatchObject({ labels: names, counts: EXPECTED });
    const turned = confusionMatrix(named(truth), named(predicted), { labels: ["cat", "bird", "ant"] });
    expect(turned.counts).toEqual(EXPECTED.map((row) => [...row].reverse()).reverse());
  });

  test("takes the second of two classes where its probability is above 0.5", () => {
    const probabilities = { shape: [5, 1], data: Float32Array.of(0.5, 0.51, 0.2, 1, 0) };
    expect(confusionMatrix([0, 0, 1, 1, 0], probabilities).counts).toEqual([
      [2, 1],
      [1, 1],
    ]);
    // All of one class: the other one is there all the same.
    expect(confusionMatrix([1, 1], [0.9, 0.8])).toMatchObject({
      labels: ["0", "1"],
      counts: [
        [0, 0],
        [0, 2],
      ],
    });
  });

  test("knows only the numbers that occur, unless labels or columns say more", () => {
    expect(confusionMatrix([-1, 7], [7, 7])).toMatchObject({
      labels: ["-1", "7"],
      counts: [
        [0, 1],
        [0, 1],
      ],
    });
    expect(confusionMatrix([0, 2], [2, 2], { labels: ["a", "b", "c"] }).counts).toEqual([
      [0, 0, 1],
      [0, 0, 0],
      [0, 0, 1],
    ]);
  });

  test("prints as a table", () => {
    const matrix = confusionMatrix([0, 0, 1, 1, 0], [0, 1, 1, 1, 0], { labels: ["negative", "positive"] });
    expect(`${matrix}`).toBe(
      [
        "true \\ predicted  negative  positive",
        "negative                 2         1",
        "positive                 0         2",
      ].join("\n"),
    );
  });

  test("is drawn with counts, shares and a description", async () => {
    const matrix = confusionMatrix([0, 0, 0, 1], [0, 0, 1, 1], { labels: ["<no>", "yes"] });
    const svg = await matrix.toSvg({ title: "Test & more" });
    const tags = tagsOf(svg);
    expect(tags.filter((tag) => tag === "rect")).toHaveLength(8);
    expect(svg).toContain('role="img"');
    expect(svg).toContain("<title>Test &amp; more</title>");
    expect(svg).toContain("Of 3 examples of &lt;no&gt; were predicted: 2 as &lt;no&gt;, 1 as yes.");
    for (const text of ["66.7%", "33.3%", "100.0%", "0.0%"]) expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    const [first] = svg.match(/fill-opacity="[\d.]+"/g) ?? [];
    expect(first).toBe('fill-opacity="0.367"');
    await expect(matrix.toSvg({ heading: "x" } as never)).rejects.toThrow(/toSvg: unknown option "heading"/);
    // A class that does not occur has no shares.
    const rare = await confusionMatrix([0], [1], { labels: ["a", "b"] }).toSvg();
    expect(rare).toContain("There are no examples of b.");
    expect(rare).toContain(">–</text>");
  });
});

describe("classificationReport", () => {
  test("is that of scikit-learn's page, number by number", () => {
    const labels = ["class 0", "class 1", "class 2"];
    const report = classificationReport([0, 1, 2, 2, 2], [0, 0, 2, 2, 1], { labels });
    expect(`${report}`).toBe(
      `              precision    recall  f1-score   support

     class 0       0.50      1.00      0.67         1
     class 1       0.00      0.00      0.00         1
     class 2       1.00      0.67      0.80         3

    accuracy                           0.60         5
   macro avg       0.50      0.56      0.49         5
weighted avg       0.70      0.60      0.61         5`,
    );
  });

  test("follows the formulas: counted by hand", () => {
    // Class 0: TP 2, FN 1 (taken for 2), FP 1. Class 1: TP 0, FN 1, FP 0. Class 2: TP 3, FN 1, FP 2.
    const truth = [0, 0, 0, 1, 2, 2, 2, 2];
    const predicted = [0, 0, 2, 2, 2, 2, 2, 0];
    const { classes, accuracy, macroAverage, weightedAverage } = classificationReport(truth, predicted);
    expect(classes).toEqual([
      { label: "0", precision: 2 / 3, recall: 2 / 3, f1Score: 4 / 6, support: 3 },
      { label: "1", precision: 0, recall: 0, f1Score: 0, support: 1 },
      { label: "2", precision: 3 / 5, recall: 3 / 4, f1Score: 6 / 9, support: 4 },
    ]);
    expect(accuracy).toBe(5 / 8);
    expect(macroAverage.precision).toBeCloseTo((2 / 3 + 0 + 3 / 5) / 3, 12);
    expect(macroAverage.recall).toBeCloseTo((2 / 3 + 0 + 3 / 4) / 3, 12);
    expect(macroAverage.f1Score).toBeCloseTo((2 / 3 + 0 + 2 / 3) / 3, 12);
    expect(weightedAverage.precision).toBeCloseTo((3 * (2 / 3) + 0 + 4 * (3 / 5)) / 8, 12);
    // The weighted recall is the accuracy.
    expect(weightedAverage.recall).toBeCloseTo(accuracy, 12);
    expect(weightedAverage.f1Score).toBeCloseTo((3 * (2 / 3) + 0 + 4 * (2 / 3)) / 8, 12);
    expect([macroAverage.support, weightedAverage.support]).toEqual([8, 8]);
  });

  test("judges a model's own predictions, as its metrics do", async () => {
    using model = smallModel(device);
    const { x, y } = smallData(22);
    await model.fit(x, y, { batchSize: 8, epochs: 2 });
    const report = classificationReport(y, await model.predict(x), { digits: 4 });
    const { accuracy } = await model.evaluate(x, y);
    expect(report.accuracy).toBeCloseTo(accuracy ?? Number.NaN, 6);
    expect(report.classes.map(({ label }) => label)).toEqual(["0", "1"]);
    expect(`${report}`).toContain(report.accuracy.toFixed(4));
  });
});

describe("classes that are refused", () => {
  test.each<[string, ClassesLike, ClassesLike, object, new (...given: never[]) => Error, RegExp]>([
    ["two lengths", [0, 1], [0, 1, 1], {}, ShapeError, /yTrue holds 2 examples and yPred 3; expected the same number/],
    ["no examples", [], [], {}, ShapeError, /at least one/],
    ["three axes", [[[1]]], [1], {}, ShapeError, /yTrue has the shape \[1, 1, 1\]; expected \[N\] or \[N, C\]/],
    ["halves as classes", [0.5], [1], {}, ValueError, /yTrue holds 0.5; expected integer class indices/],
    [
      "logits",
      [0, 1],
      [0.5, 1.5],
      {},
      ValueError,
      /yPred holds 1.5; expected class indices, or probabilities from 0 to 1/,
    ],
    [
      "NaN",
      [0, 1],
      [
        [0.5, 0.5],
        [0, Number.NaN],
      ],
      {},
      ValueError,
      /yPred holds NaN; expected finite/,
    ],
    ["two ones", [[1, 1]], [[1, 0]], {}, ValueError, /yTrue holds 1; expected one-hot rows/],
    ["names beside numbers", ["a"], [0], {}, ValueError, /one of yTrue and yPred holds names.*give labels/],
    [
      "an unknown name",
      ["a", "c"],
      ["a", "a"],
      { labels: ["a", "b"] },
      ValueError,
      /yTrue holds "c"; expected one of 2/,
    ],
    ["a number beyond labels", [0, 2], [0, 0], { labels: ["a", "b"] }, ValueError, /yTrue holds 2; expected one of 2/],
    ["a number beyond columns", [3], [[0.2, 0.8]], {}, ValueError, /yTrue holds 3; expected one of 2 classes: 0, 1/],
    ["a label twice", [0], [0], { labels: ["a", "a"] }, ValueError, /expected a list of unique class names/],
    [
      "numbers as labels",
      [0],
      [0],
      { labels: [0] },
      ValueError,
      /labels is \[0\]; expected a list of unique class names/,
    ],
    ["an unknown option", [0], [0], { label: ["a"] }, ValueError, /unknown option "label"; did you mean labels/],
  ])("%s", (_, yTrue, yPred, options, kind, message) => {
    for (const run of [confusionMatrix, classificationReport]) {
      expect(() => run(yTrue, yPred, options)).toThrow(kind);
      expect(() => run(yTrue, yPred, options)).toThrow(message);
    }
  });
});

describe("history.toSvg", () => {
  const statistics = {} as History["statistics"];
  const historyOf = (logs: readonly Record<string, number>[]) =>
    new RunHistory(
      logs.map((each, index) => ({ epoch: index + 1, logs: each, seconds: 1 })),
      statistics,
      [],
    );
  const pathsOf = (svg: string) =>
    [...svg.matchAll(/<path d="([^"]*)"/g)].map(([, path = ""]) => path.match(/[ML]/g)?.join("") ?? "");

  test("draws a panel for each result of a real run, with training and validation", async () => {
    using model = smallModel(device);
    const data = smallData(22);
    const history = await model.fit(data, { batchSize: 8, epochs: 3, validationData: data });
    const svg = await history.toSvg({ title: "Small & simple" });
    expect(tagsOf(svg)[0]).toBe("svg");
    expect(svg.match(/font-weight="600">(loss|accuracy)</g)).toHaveLength(2);
    expect(pathsOf(svg)).toEqual(["MLL", "MLL", "MLL", "MLL"]);
    expect(svg.match(/<circle/g)).toHaveLength(12);
    expect(svg).toContain('role="img"');
    expect(svg).toContain("<title>Small &amp; simple</title>");
    const [first, , last] = history.history.valLoss ?? [];
    const short = (value = Number.NaN) => String(Number(value.toPrecision(4)));
    expect(svg).toMatch(new RegExp(`<desc>3 epochs. loss: .*validation from ${short(first)} to ${short(last)}`));
    // Light and dark: the text has the page's color, and a document of its own follows the reader's scheme.
    expect(svg).toContain('fill="currentColor"');
    expect(svg).toContain("prefers-color-scheme:dark");
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test("a point is where its epoch and value are", async () => {
    const svg = await historyOf([{ loss: 1 }, { loss: 0 }, { loss: 0.5 }]).toSvg();
    const [[, path = ""] = []] = svg.matchAll(/<path d="([^"]*)"/g);
    const points = path
      .split(/[ML]/)
      .slice(1)
      .map((point) => point.split(" ").map(Number) as [number, number]);
    const [[x1, y1], [x2, y2], [x3, y3]] = points as [[number, number], [number, number], [number, number]];
    expect(x2 - x1).toBeCloseTo(x3 - x2, 1);
    expect(x2).toBeGreaterThan(x1);
    expect(y1).toBeLessThan(y3);
    expect(y3 - y1).toBeCloseTo(y2 - y3, 1);
  });

  test("epochs without validation are left out, and values that are not finite leave gaps", async () => {
    const svg = await historyOf([
      { loss: 3, valLoss: 3 },
      { loss: 2 },
      { loss: Number.NaN, valLoss: 2 },
      { loss: 1 },
      { loss: 0.5, valLoss: 1 },
    ]).toSvg();
    expect(pathsOf(svg)).toEqual(["MLML", "MLL"]);
    expect(svg).not.toMatch(/="[^"]*NaN/);
  });

  test("one epoch, equal values, many epochs and none can be drawn", async () => {
    expect((await historyOf([{ loss: 0 }]).toSvg()).match(/<circle/g)).toHaveLength(1);
    expect(await historyOf([{ loss: 2 }, { loss: 2 }]).toSvg()).not.toMatch(/NaN|Infinity/);
    const many = await historyOf(Array.from({ length: 500 }, (_, index) => ({ loss: 1 / (index + 1) }))).toSvg();
    expect(many).not.toContain("<circle");
    expect(tagsOf(await historyOf([]).toSvg())[0]).toBe("svg");
  });

  test("does not stand in the way of postMessage", () => {
    const history = historyOf([{ loss: 1 }]);
    expect(structuredClone(history)).toEqual({ ...history });
    expect(JSON.parse(JSON.stringify(history)).history).toEqual({ loss: [1] });
  });

  test.each([[{ name: "x" }], [{ title: 5 }]])("refuses %o", async (options) => {
    await expect(historyOf([{ loss: 1 }]).toSvg(options as never)).rejects.toThrow(ValueError);
  });
});

test("ticks are round numbers within the range", () => {
  expect(ticksBetween(0, 1, 5)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticksBetween(0.13, 0.47, 4)).toEqual([0.2, 0.3, 0.4]);
  expect(ticksBetween(1, 12, 8)).toEqual([2, 4, 6, 8, 10, 12]);
  expect(ticksBetween(-3e-5, 3e-5, 4)).toEqual([-2e-5, 0, 2e-5]);
  expect(ticksBetween(1e7, 3e7, 4)).toEqual([1e7, 1.5e7, 2e7, 2.5e7, 3e7]);
});
