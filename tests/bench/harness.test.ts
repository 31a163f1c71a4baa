/** Statistics and the way of measuring, with clocks that are made up: no GPU. */
import { describe, expect, test } from "vitest";
import { type Clock, measure, measureInTurns, ratioOf, type Subject, TIMESTAMPS } from "../../src/bench/harness.ts";
import { quantile, summarize } from "../../src/bench/statistics.ts";
import { Random } from "../../src/index.ts";

const OPTIONS = { seconds: 1, minSamples: 9, maxSamples: 40, patience: 10 };

describe("summarize", () => {
  test("gives the median, and the ranks of the tables of order statistics", () => {
    expect(summarize([3, 1, 2]).median).toBe(2);
    expect(summarize([4, 1, 2, 3]).median).toBe(2.5);
    const of = (n: number) => summarize(Array.from({ length: n }, (_, index) => index + 1));
    // Ranks (from 1) of the 95% interval of the median: n = 6: 1 … 6 (96.9%), n = 9: 2 … 8 (96.1%), n = 20: 6 … 15
    // (95.9%).
    expect(of(6)).toMatchObject({ low: 1, high: 6, samples: 6 });
    expect(of(6).confidence).toBeCloseTo(0.96875, 6);
    expect(of(9)).toMatchObject({ low: 2, high: 8 });
    expect(of(9).confidence).toBeCloseTo(0.9609, 4);
    expect(of(20)).toMatchObject({ low: 6, high: 15 });
    expect(of(20).confidence).toBeCloseTo(0.9586, 4);
  });

  test("owns up to less than 95% where there are fewer than six samples, and calls it noisy", () => {
    expect(summarize([1, 1, 1, 1, 1])).toMatchObject({ confidence: 0.9375, isNoisy: true });
    expect(summarize([1])).toMatchObject({ low: 1, high: 1, confidence: 0, isNoisy: true });
    expect(summarize([1, 1, 1, 1, 1, 1]).isNoisy).toBe(false);
  });

  test("holds the true median as often as it says, for a skewed distribution", () => {
    const random = new Random(3);
    const medianOfExponential = Math.log(2);
    let hits = 0;
    const trials = 2000;
    for (let trial = 0; trial < trials; trial++) {
      const { low, high } = summarize(Array.from({ length: 15 }, () => -Math.log(1 - random.uniform())));
      if (low <= medianOfExponential && medianOfExponential <= high) hits++;
    }
    // 96.5% is promised for n = 15; three standard deviations are 1.2%.
    expect(hits / trials).toBeGreaterThan(0.95);
    expect(hits / trials).toBeLessThan(0.98);
  });

  test("calls a wide interval noisy, and one outlier not", () => {
    expect(summarize([1, 1.2, 0.8, 1.1, 0.9, 1, 1.3, 0.7, 1]).isNoisy).toBe(true);
    expect(summarize([1, 1, 1, 1, 1, 1, 1, 1, 50]).isNoisy).toBe(false);
  });

  test("refuses what is no time", () => {
    expect(() => summarize([])).toThrow("no samples");
    expect(() => summarize([1, Number.NaN])).toThrow("NaN");
    expect(() => summarize([-1])).toThrow("-1");
  });

  test("quantiles lie between neighbours", () => {
    expect(quantile([0, 10], 0.25)).toBe(2.5);
    expect(quantile([7], 0.9)).toBe(7);
  });
});

/** A subject whose runs take `seconds(n)`, n counting every run; it keeps a record of its batches. */
function subject(seconds: (run: number) => number, clock: Clock = TIMESTAMPS) {
  const batches: number[] = [];
  let run = 0;
  const it: Subject = {
    clock,
    time: async (runs) => {
      batches.push(runs);
      let total = 0;
      for (let index = 0; index < runs; index++) total += seconds(run++);
      return total;
    },
  };
  return { it, batches };
}

describe("measure", () => {
  test("batches short runs until they are long enough for the clock, long ones it leaves alone", async () => {
    const short = subject(() => 1e-4);
    const { median, runsPerSample, clock } = await measure(short.it, OPTIONS);
    expect(median).toBeCloseTo(1e-4, 9);
    expect(runsPerSample * 1e-4).toBeGreaterThanOrEqual(TIMESTAMPS.shortest);
    expect(runsPerSample * 1e-4).toBeLessThan(3 * TIMESTAMPS.shortest);
    expect(clock).toBe("GPU timestamps");
    expect(short.batches.slice(-9)).toEqual(Array(9).fill(runsPerSample));
    expect((await measure(subject(() => 0.5).it, OPTIONS)).runsPerSample).toBe(1);
  });

  test("sees through a clock that moves in coarse steps", async () => {
    // 30 µs of work beneath a clock of 100 µs.
    const step = 1e-4;
    let now = 0;
    const coarse: Subject = {
      clock: TIMESTAMPS,
      time: async (runs) => {
        const begin = Math.floor(now / step) * step;
        now += runs * 3e-5 + 1.7e-5;
        return Math.floor(now / step) * step - begin;
      },
    };
    expect((await measure(coarse, OPTIONS)).median).toBeCloseTo(3e-5, 6);
  });

  test("leaves the first runs out, and tells the very first apart", async () => {
    const { firstRun, median, high } = await measure(subject((run) => (run === 0 ? 5 : 0.1)).it, OPTIONS);
    expect(firstRun).toBe(5);
    expect(median).toBeCloseTo(0.1);
    expect(high).toBeCloseTo(0.1);
  });

  test("takes at least the samples it must, at most those it may, and no more once patience is spent", async () => {
    expect((await measure(subject(() => 0.3).it, OPTIONS)).samples).toBe(9);
    expect((await measure(subject(() => 0.02).it, OPTIONS)).samples).toBe(40);
    const slow = await measure(subject(() => 6).it, OPTIONS);
    expect(slow).toMatchObject({ samples: 2, isNoisy: true });
    expect((await measure(subject(() => 60).it, OPTIONS)).samples).toBe(1);
  });

  test("stops when asked", async () => {
    const stop = new AbortController();
    const endless = subject((run) => {
      if (run === 5) stop.abort();
      return 0.1;
    });
    await expect(measure(endless.it, { ...OPTIONS, signal: stop.signal })).rejects.toThrow(/abort/i);
    expect(endless.batches.length).toBeLessThan(7);
  });
});

describe("measureInTurns", () => {
  test("a machine that slows down changes no ratio", async () => {
    let clock = 0;
    // The machine becomes three times slower over the measurement.
    const drift = () => 1 + clock++ / 10;
    const ours: Subject = { clock: TIMESTAMPS, time: async (runs) => runs * 0.1 * drift() };
    const theirs: Subject = { clock: TIMESTAMPS, time: async (runs) => runs * 0.4 * drift() };
    const [fast, slow] = await measureInTurns([ours, theirs], OPTIONS);
    if (fast === undefined || slow === undefined) throw new Error("two measurements were expected");
    expect(fast.isNoisy).toBe(true);
    const ratio = ratioOf(slow, fast);
    expect(ratio.median).toBeGreaterThan(4);
    expect(ratio.median).toBeLessThan(4.2);
    expect(ratio.isNoisy).toBe(false);
  });
});
