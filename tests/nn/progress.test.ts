/** The progress callback: lines without a terminal, a bar in one, colors, resumed runs, and what it refuses. */
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import {
  AbortError,
  type Callback,
  type Device,
  lambdaCallback,
  loadModel,
  NonFiniteError,
  type ProgressOptions,
  progress,
  sgd,
  type Training,
  ValueError,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel } from "./small_model.ts";

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const data = smallData(22);
const fit = { batchSize: 8, epochs: 2 };

/** Keeps what is written. */
function recorder(terminal: { readonly columns?: number } | undefined = undefined) {
  const texts: string[] = [];
  const output = { write: (text: string) => texts.push(text), isTTY: terminal !== undefined, ...terminal };
  return { texts, output };
}

/** Calls the hooks of epochs as a run of 3 epochs of `steps` steps would, a second each. */
async function play(callback: Callback, steps: number, logsAt: (batch: number) => Record<string, number>) {
  vi.useFakeTimers({ toFake: ["performance"] });
  const training = { params: { epochs: 3, steps, batchSize: 8 } } as unknown as Training;
  await callback.onTrainBegin?.(training);
  for (const epoch of [0, 1]) {
    await callback.onEpochBegin?.(epoch, training);
    for (let batch = 0; batch < (steps || 4); batch++) {
      await callback.onBatchBegin?.(batch, training);
      vi.advanceTimersByTime(1000);
      await callback.onBatchEnd?.(batch, logsAt(batch), training);
    }
    await callback.onEpochSettled?.(epoch, { loss: 0.25, valLoss: 0.00012345 }, training);
  }
}

test("without a terminal each epoch is a line with all its results", async () => {
  using model = smallModel(device);
  const { texts, output } = recorder();
  const { history } = await model.fit(data, { ...fit, validationData: data, callbacks: [progress({ output })] });
  const figures = (name: string) => history[name]?.map((value) => value.toFixed(4)) ?? [];
  const [loss, accuracy, valLoss, valAccuracy] = ["loss", "accuracy", "valLoss", "valAccuracy"].map(figures);
  expect(texts.map((text) => text.replace(/[\d.]+ s\n$/, "T s\n"))).toEqual(
    [0, 1].map(
      (epoch) =>
        `Epoch ${epoch + 1}/2: loss ${loss?.[epoch]}, accuracy ${accuracy?.[epoch]}, ` +
        `valLoss ${valLoss?.[epoch]}, valAccuracy ${valAccuracy?.[epoch]}, T s\n`,
    ),
  );
});

test("in Node it writes to the standard output", async () => {
  using model = smallModel(device);
  const write = vi.spyOn(process.stdout, "write").mockImplementation(() => true);
  await model.fit(data, { ...fit, callbacks: [progress()] });
  const written = write.mock.calls.map(([text]) => String(text)).join("");
  write.mockRestore();
  expect(written).toMatch(/Epoch 1\/2.*loss 0\.\d{4}, accuracy 0\.\d{4}, \d+\.\d s/);
});

test("elsewhere it logs lines", async () => {
  vi.stubGlobal("process", undefined);
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await play(progress(), 2, () => ({}));
  vi.unstubAllGlobals();
  expect(log.mock.calls).toEqual([
    ["Epoch 1/3: loss 0.2500, valLoss 1.234e-4, 2.0 s"],
    ["Epoch 2/3: loss 0.2500, valLoss 1.234e-4, 2.0 s"],
  ]);
});

describe("in a terminal", () => {
  const lines = (texts: readonly string[]) => texts.map((text) => text.replace("\r", "").replace("\x1b[K", ""));

  test("a bar grows, with the time, what is left of it, and results; never without those once known", async () => {
    vi.stubEnv("NO_COLOR", "1");
    const { texts, output } = recorder({ columns: 100 });
    await play(progress({ output }), 4, (batch) => (batch === 0 ? {} : { loss: 1 / batch }));
    expect(lines(texts)).toEqual([
      "Epoch 1/3 ──────────────────── 0/4  0 s",
      "Epoch 1/3 ━━━━━─────────────── 1/4  1 s, 3 s left",
      "Epoch 1/3 ━━━━━━━━━━────────── 2/4  2 s, 2 s left  loss 1.0000",
      "Epoch 1/3 ━━━━━━━━━━━━━━━───── 3/4  3 s, 1 s left  loss 0.5000",
      "Epoch 1/3 ━━━━━━━━━━━━━━━━━━━━ 4/4  4 s, 0 s left  loss 0.3333",
      "Epoch 1/3: loss 0.2500, valLoss 1.234e-4, 4.0 s",
      "\n",
      "Epoch 2/3 ──────────────────── 0/4  0 s  loss 0.3333",
      ...lines(texts.slice(8, 12)),
      "Epoch 2/3: loss 0.2500, valLoss 1.234e-4, 4.0 s",
      "\n",
    ]);
    // Each line but the ends of lines is drawn over the one before.
    expect(texts.filter((text) => text !== "\n").every((text) => text === `\r${lines([text])}\x1b[K`)).toBe(true);
  });

  test("colors only where NO_COLOR is not set", async () => {
    const drawn = async (value: string) => {
      vi.stubEnv("NO_COLOR", value);
      const { texts, output } = recorder({ columns: 100 });
      await play(progress({ output }), 4, () => ({}));
      return texts.join("");
    };
    expect(await drawn("")).toContain("\x1b[32m━━━━━\x1b[39m───────────────");
    expect(await drawn("1")).not.toContain("\x1b[32m");
  });

  test("no line is wider than the terminal", async () => {
    vi.stubEnv("NO_COLOR", "1");
    for (const columns of [10, 20, 30, 40, 60]) {
      const { texts, output } = recorder({ columns });
      await play(progress({ output }), 4, () => ({ loss: 0.5, accuracy: 0.75, valLoss: 0.5 }));
      const bars = lines(texts).filter((line) => /^Epoch \d\/\d /.test(line));
      expect(bars.length).toBe(10);
      expect(Math.max(...bars.map((line) => line.length))).toBeLessThan(Math.max(columns, 12));
    }
  });

  test("steps of a stream whose length is not known are counted", async () => {
    const { texts, output } = recorder({ columns: 60 });
    await play(progress({ output }), 0, () => ({ loss: 0.5 }));
    expect(lines(texts)[3]).toBe("Epoch 1/3 step 3  3 s  loss 0.5000");
  });

  test("an error begins on a line of its own", async () => {
    using model = smallModel(device, { optimizer: sgd({ learningRate: 3e38 }) });
    const { texts, output } = recorder({ columns: 80 });
    await expect(model.fit(data, { ...fit, epochs: 9, callbacks: [progress({ output })] })).rejects.toThrow(
      NonFiniteError,
    );
    expect(texts.at(-1)).toBe("\n");
  });
});

test("a run that is resumed within an epoch names it", async () => {
  using model = smallModel(device);
  const stopping = new AbortController();
  const stop = lambdaCallback({ onBatchEnd: (_b, _logs, { iteration }) => void (iteration === 4 && stopping.abort()) });
  const first = recorder();
  const callbacks = [progress({ output: first.output }), stop];
  await expect(model.fit(data, { ...fit, callbacks, signal: stopping.signal })).rejects.toThrow(AbortError);
  expect(first.texts).toHaveLength(1);
  using again = await loadModel(await model.toFiles(), { device });
  const second = recorder({ columns: 80 });
  await again.fit(data, { resume: true, callbacks: [progress({ output: second.output }), stop] });
  const drawn = second.texts.filter((text) => text !== "\n");
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.every((text) => text.startsWith("\rEpoch 2/2"))).toBe(true);
  expect(second.texts.join("")).toMatch(/Epoch 2\/2 .* 2\/3 /);
});

test.each([
  ["a stream without write", { output: {} }, /progress: output is an object; expected an object with a function write/],
  ["a path", { output: "log.txt" }, /output is "log.txt"; expected an object with a function write\(text\)/],
  ["an unknown option", { stream: process.stdout }, /unknown option "stream"; expected some of output/],
] as const)("%s is refused", (_, options, message) => {
  expect(() => progress(options as unknown as ProgressOptions)).toThrow(ValueError);
  expect(() => progress(options as unknown as ProgressOptions)).toThrow(message);
});
