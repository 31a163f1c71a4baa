/**
 * The cases on the GPU: what they count as work, that their checks see a wrong result, and a small run from end to end.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { selectCases } from "../../src/bench/cases/index.ts";
import { checkSamples } from "../../src/bench/check_samples.ts";
import { graphCase } from "../../src/bench/graph_case.ts";
import { problemRow, tableRow } from "../../src/bench/report_text.ts";
import { type BenchEvent, runBench } from "../../src/bench/run_bench.ts";
import { type Device, ops, Variable } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

const FAST = { seconds: 0.02, minSamples: 6, maxSamples: 6, patience: 5 };
const HERE = { name: "node", version: "test" };

const ZEROS = new Variable({ name: "zeros", shape: [1, 4] });

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

describe("selecting cases", () => {
  test("by words, by several filters, and by name alone", () => {
    expect(selectCases({ filter: "matmul 1024" }).map(({ name }) => name)).toEqual(["matmul 1024x1024x1024"]);
    expect(selectCases({ filter: "512x512, 257" }).map(({ name }) => name)).toEqual([
      "matmul 512x512x512",
      "matmul 257x65x129",
    ]);
    const names = (filter: string, all = false) => selectCases({ filter, all }).map(({ name }) => name);
    // The usual one of several, the others by name or with all.
    expect(names("imdb training step")).toEqual(["imdb training step B64 T500 V5000 E32 H100"]);
    expect(names("imdb training step T50, softmax 65536")).toEqual([
      "softmax 65536x8",
      "imdb training step B64 T50 V5000 E32 H100",
    ]);
    expect(names("imdb training step", true)).toHaveLength(8);
    expect(names("lstm b1 t50 h32")).toEqual(["lstm forward B1 T50 H32", "lstm forward+backward B1 T50 H32"]);
    expect(() => selectCases({ filter: "teapot" })).toThrow(/no case is called "teapot"; there are cases of matmul/);
  });

  test("every name is there once", () => {
    const names = selectCases({ all: true }).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("a run", () => {
  test("measures the roof, every variant, and marks the one that Sluice chooses", async () => {
    const events: BenchEvent[] = [];
    const report = await runBench(
      device,
      { cases: selectCases({ filter: "257x65x129" }), variants: true, measure: FAST, runtime: HERE },
      { onEvent: (event) => events.push(event) },
    );
    expect(report.problems).toEqual([]);
    expect(report.roofline.flops).toBeGreaterThan(1e8);
    expect(report.roofline.bytes).toBeGreaterThan(1e7);
    expect(report.results.map(({ variant }) => variant)).toEqual(expect.arrayContaining(["naive", "tiled", "direct"]));
    expect(report.results.filter(({ isDefault }) => isDefault)).toHaveLength(1);
    expect(events.map(({ kind }) => kind).slice(0, 4)).toEqual(["start", "roofline", "case", "result"]);
    for (const result of report.results) {
      expect(result.work.flops).toBe(2 * 257 * 65 * 129);
      expect(result.measurement.median).toBeGreaterThan(0);
      expect(result.roofShare).toBeGreaterThan(0);
      expect(result.roofShare).toBeLessThan(1.5);
      expect(tableRow(result)).toMatch(/matmul 257x65x129 .*(ms|µs).*%/);
    }
  });

  test.each([
    ["lstm B16 T50 H32", 2],
    ["gather 5000x32", 1],
    ["very skewed", 1],
    ["softmax 65536x8", 1],
    ["optimizer adam", 1],
  ])("the results of %s are those of the reference", async (filter, count) => {
    const cases = selectCases({ filter });
    expect(cases).toHaveLength(count);
    for (const one of cases) {
      const prepared = await one.prepare(device);
      await prepared.check();
      expect(await prepared.subject.time(2)).toBeGreaterThan(0);
      expect(await prepared.wall.time(2)).toBeGreaterThan(0);
      prepared.dispose();
    }
  });

  test("a wrong result is told and not timed; the others go on", async () => {
    const lie = graphCase({
      name: "a lie",
      group: "test",
      isDefault: true,
      work: { flops: 1, bytes: 1 },
      build: () => ({
        graph: { outputs: [ops.add(ops.broadcastTo(ops.sum(ops.softmax(ZEROS.value)), [3]), 1)], updates: [] },
        variables: [ZEROS],
        check: ([out]) => checkSamples("sum", out?.data ?? [], () => ({ value: 1, tolerance: 1e-6 })),
      }),
    });
    const cases = [lie, ...selectCases({ filter: "257" })];
    const report = await runBench(device, { cases, measure: FAST, runtime: HERE }, { onEvent: () => undefined });
    expect(report.problems).toMatchObject([{ name: "a lie", message: "sum: element 0 of 3 is 2; expected 1" }]);
    expect(report.problems.map(problemRow)).toEqual(["a lie: not measured: sum: element 0 of 3 is 2; expected 1"]);
    expect(report.results).toHaveLength(1);
  });

  test("stops when asked", async () => {
    const stop = new AbortController();
    const onEvent = ({ kind }: BenchEvent) => kind === "roofline" && stop.abort();
    const options = { cases: selectCases({ filter: "matmul" }), measure: FAST, runtime: HERE };
    await expect(runBench(device, options, { onEvent, signal: stop.signal })).rejects.toThrow(/abort/i);
  });
});

describe("checkSamples", () => {
  const right = Float32Array.from({ length: 1000 }, (_, index) => index);
  const expected = (index: number) => ({ value: index, tolerance: 1e-3 });

  test("lets a right result pass, and names what is wrong at an end", () => {
    checkSamples("x", right, expected);
    expect(() => checkSamples("x", right.with(999, 0), expected)).toThrow("x: element 999 of 1000 is 0; expected 999");
    expect(() => checkSamples("x", right.with(0, Number.NaN), expected)).toThrow("element 0 of 1000 is NaN");
  });

  test("sees garbage in a quarter of a long result", () => {
    const bad = right.map((element, index) => (index % 4 === 1 ? -1 : element));
    expect(() => checkSamples("x", bad, expected)).toThrow("is -1");
  });
});
