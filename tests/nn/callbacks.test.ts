/** Callbacks: when they are called, what they do, and that a training with them stops and resumes exactly. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  AbortError,
  type Callback,
  csvLogger,
  type Device,
  earlyStopping,
  exponentialDecay,
  history,
  lambdaCallback,
  learningRateScheduler,
  loadModel,
  type Model,
  modelCheckpoint,
  NonFiniteError,
  precision,
  reduceLrOnPlateau,
  sgd,
  terminateOnNaN,
  ValueError,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { smallData, smallModel, weightBits } from "./small_model.ts";

let device: Device;
let directory: string;
beforeAll(async () => {
  device = await testDevice();
  directory = await mkdtemp(join(tmpdir(), "sluice-callbacks-"));
});
afterAll(() => rm(directory, { recursive: true }));

const data = smallData(22);
const fit = { batchSize: 8 };

/** Gives the epochs these losses, whatever they were: callbacks after it see them. */
const feigned = (losses: readonly number[], name = "loss"): Callback =>
  lambdaCallback({
    onEpochEnd: (epoch, logs) => {
      logs[name] = losses[epoch] as number;
    },
  });

describe("hooks", () => {
  test("are called in Keras's order, with epochs and batches from 0", async () => {
    using model = smallModel(device);
    const calls: string[] = [];
    const watch: Callback = {
      onTrainBegin: ({ params, logNames }) => void calls.push(`begin ${JSON.stringify(params)} ${logNames.join(" ")}`),
      onEpochBegin: (epoch) => void calls.push(`epoch ${epoch}`),
      onBatchBegin: (batch, { iteration }) => void calls.push(`batch ${batch} after ${iteration}`),
      onBatchEnd: (batch, _logs, { iteration }) => void calls.push(`batch ${batch} done, ${iteration}`),
      onEpochEnd: (epoch, logs) => void calls.push(`epoch ${epoch} done: ${Object.keys(logs).join(" ")}`),
      onTrainEnd: (logs) => void calls.push(`end: ${Object.keys(logs).join(" ")}`),
    };
    const kept = history();
    const result = await model.fit(data, { batchSize: 11, epochs: 2, validationSplit: 0.5, callbacks: [watch, kept] });
    const names = "loss accuracy valLoss valAccuracy";
    expect(calls).toEqual([
      `begin {"epochs":2,"steps":1,"batchSize":11} ${names}`,
      ...["epoch 0", "batch 0 after 0", "batch 0 done, 1", `epoch 0 done: ${names}`],
      ...["epoch 1", "batch 0 after 1", "batch 0 done, 2", `epoch 1 done: ${names}`],
      `end: ${names}`,
    ]);
    expect(kept.history).toEqual(result.history);
    expect(kept.epoch).toEqual([0, 1]);
  });

  test("with batchLogs every step's logs are the means so far; without it nothing is read for them", async () => {
    using model = smallModel(device);
    const losses: (number | undefined)[] = [];
    const look = (batchLogs: boolean): Callback => ({
      batchLogs,
      onBatchEnd: (_batch, logs) => void losses.push(logs.loss),
    });
    const first = await model.fit(data, { ...fit, callbacks: [look(true)] });
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBe(first.history.loss?.[0]);
    expect(new Set(losses).size).toBe(3);
    expect(first.statistics.readbacks).toBe(3);
    const second = await model.fit(data, { ...fit, callbacks: [look(false)] });
    expect(second.statistics.readbacks).toBe(1);
  });

  test("with batchLogs: 2 every second step of the model's life is read", async () => {
    using model = smallModel(device);
    const losses = new Map<number, number | undefined>();
    const look: Callback = {
      batchLogs: 2,
      onBatchEnd: (_batch, { loss }, { iteration }) => void losses.set(iteration, loss),
    };
    const { statistics, history: results } = await model.fit(data, { ...fit, epochs: 2, callbacks: [look] });
    // Steps 2, 4 and 6, and the last of each epoch: 3 and 6.
    expect(statistics.readbacks).toBe(4);
    expect([...losses.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(losses.get(1)).toBeUndefined();
    expect(losses.get(2)).not.toBe(losses.get(3));
    expect(losses.get(5)).toBe(losses.get(4));
    expect([losses.get(3), losses.get(6)]).toEqual(results.loss);
  });

  test("until an epoch's first reading, logs are the means of the epoch before", async () => {
    using model = smallModel(device);
    const seen: (number | undefined)[] = [];
    const shown: (number | undefined)[] = [];
    const { history: results } = await model.fit(data, {
      ...fit,
      epochs: 2,
      validationData: data,
      callbacks: [lambdaCallback({ onBatchEnd: (_batch, logs) => void seen.push(logs.loss, logs.valLoss) })],
      onProgress: ({ logs, ended }) => void (ended === undefined && shown.push(logs.loss)),
    });
    const [first, second] = results.loss as [number, number];
    const none = undefined;
    expect(seen).toEqual([none, none, none, none, first, none, first, none, first, none, second, none]);
    expect(shown).toEqual([none, none, first, first]);
  });

  test("stop() within an epoch ends it after that step, with its results", async () => {
    using model = smallModel(device);
    const stopper = lambdaCallback({ onBatchEnd: (batch, _logs, training) => void (batch === 1 && training.stop()) });
    const { history: results, statistics } = await model.fit(data, { ...fit, epochs: 5, callbacks: [stopper] });
    expect(statistics.steps).toBe(2);
    expect(results.loss).toHaveLength(1);
    expect(results.loss?.[0]).toBeGreaterThan(0.1);
  });
});

describe("earlyStopping", () => {
  const run = async (losses: readonly number[], options: Parameters<typeof earlyStopping>[0]) => {
    using model = smallModel(device);
    const stopping = earlyStopping({ monitor: "loss", ...options });
    const callbacks = [feigned(losses), stopping];
    const { epochs } = await model.fit(data, { ...fit, epochs: losses.length, callbacks });
    return { epochs: epochs.length, stopping };
  };

  test.each<readonly [string, readonly number[], Parameters<typeof earlyStopping>[0], number]>([
    ["after patience epochs", [5, 4, 4.5, 4.2, 3, 2], { patience: 2 }, 4],
    ["not in the first epoch", [5, 6, 7], {}, 2],
    ["with what minDelta calls an improvement", [5, 4.9, 4.8, 3], { patience: 2, minDelta: 0.5 }, 3],
    ["by the largest", [1, 2, 3, 2.5, 9], { mode: "max" }, 4],
    ["when it is not better than the baseline", [5, 4, 3, 2], { baseline: 1, patience: 3 }, 4],
    ["not before startFromEpoch", [5, 6, 7, 8, 9, 10], { startFromEpoch: 3, patience: 1 }, 5],
    ["never while it gets better", [5, 4, 3, 2], { patience: 1 }, 4],
  ])("%s", async (_, losses, options, epochs) => {
    expect((await run(losses, options)).epochs).toBe(epochs);
  });

  test("tells where it stopped, and the best epoch", async () => {
    const { stopping } = await run([5, 4, 4.5, 4.2, 3], { patience: 2 });
    expect(stopping).toMatchObject({ stoppedEpoch: 3, bestEpoch: 1, best: 4 });
  });

  test("puts the best epoch's weights back", async () => {
    using model = smallModel(device);
    const seen: (readonly number[])[] = [];
    const callbacks = [
      feigned([5, 4, 4.5, 4.2]),
      lambdaCallback({ onEpochEnd: async () => void seen.push(await weightBits(model)) }),
      earlyStopping({ monitor: "loss", patience: 2, restoreBestWeights: true }),
    ];
    await model.fit(data, { ...fit, epochs: 10, callbacks });
    expect(seen).toHaveLength(4);
    expect(await weightBits(model)).toEqual(seen[1]);
  });

  test.each<readonly [string, Callback, RegExp]>([
    ["no validation", earlyStopping(), /no result "valLoss"; it has loss, accuracy. Give fit validationData/],
    [
      "a misspelt result",
      earlyStopping({ monitor: "acuracy" }),
      /no result "acuracy"; it has loss, accuracy. Set monitor/,
    ],
  ])("%s is an error before anything has changed", async (_, callback, message) => {
    using model = smallModel(device);
    const before = await weightBits(model);
    const fitting = model.fit(data, { ...fit, callbacks: [callback] });
    await expect(fitting).rejects.toThrow(ValueError);
    await expect(fitting).rejects.toThrow(message);
    expect(await weightBits(model)).toEqual(before);
  });

  test("epochs that are not validated do not count", async () => {
    using model = smallModel(device);
    const seen: string[] = [];
    const watch = lambdaCallback({ onEpochEnd: (_epoch, logs) => void seen.push(String("valLoss" in logs)) });
    const best = modelCheckpoint({ directory: "x", saveBestOnly: true, write: (path) => void seen.push(path) });
    const callbacks = [watch, earlyStopping({ patience: 9 }), reduceLrOnPlateau(), best];
    await model.fit(data, { ...fit, epochs: 2, validationSplit: 0.5, validationFreq: 2, callbacks });
    expect(seen).toEqual(["false", "true", "x"]);
  });

  test("a result that a callback adds may be watched when mode is said", async () => {
    using model = smallModel(device);
    const callbacks = [feigned([1, 2, 3], "mine"), earlyStopping({ monitor: "mine", mode: "min" })];
    expect((await model.fit(data, { ...fit, epochs: 3, callbacks })).epochs).toHaveLength(2);
    const lost = model.fit(data, { ...fit, callbacks: [earlyStopping({ monitor: "mine", mode: "min" })] });
    await expect(lost).rejects.toThrow('no result "mine"; it has loss, accuracy. Set monitor');
  });

  test("a metric of several results wants its number", async () => {
    const metrics = [precision({ thresholds: [0.1, 0.9] })];
    using model = smallModel(device, { metrics });
    const run = (monitor: string) => model.fit(data, { ...fit, callbacks: [earlyStopping({ monitor })] });
    await expect(run("precision")).rejects.toThrow(
      '"precision" has 2 results; set monitor to one of precision[0], precision[1]',
    );
    await expect(run("precision[1]")).resolves.toBeDefined();
  });

  test("Keras's spelling will do, and accuracy is better when it is larger", async () => {
    using model = smallModel(device);
    const callbacks = [feigned([0.5, 0.6, 0.55, 0.9], "valAccuracy"), earlyStopping({ monitor: "val_accuracy" })];
    const { epochs } = await model.fit(data, { ...fit, epochs: 4, validationSplit: 0.5, callbacks });
    expect(epochs).toHaveLength(3);
  });
});

describe("learning rates", () => {
  const rates = async (callbacks: readonly Callback[], epochs: number) => {
    using model = smallModel(device, { optimizer: sgd({ learningRate: 0.1 }) });
    return (await model.fit(data, { ...fit, epochs, callbacks })).history.learningRate;
  };

  test("reduceLrOnPlateau multiplies by factor, waits and cools down, and stops at minLr", async () => {
    const options = { monitor: "loss", factor: 0.5, patience: 2, cooldown: 2, minLr: 0.03 };
    const losses = [5, 5, 5, 5, 5, 5, 5, 5, 5];
    // Reduced after epochs 2 and 5: the first epoch after a reduction does not count. To 0.03 instead of 0.025.
    expect(await rates([feigned(losses), reduceLrOnPlateau(options)], 9)).toEqual([
      ...[0.1, 0.1, 0.1],
      ...[0.05, 0.05, 0.05],
      ...[0.03, 0.03, 0.03],
    ]);
  });

  test("learningRateScheduler gets the epoch and the rate so far", async () => {
    const scheduler = learningRateScheduler((epoch, rate) => (epoch < 2 ? rate : rate / 2));
    expect(await rates([scheduler], 4)).toEqual([0.1, 0.1, 0.05, 0.025]);
  });

  test("the scheduler's rate is what trains", async () => {
    using model = smallModel(device, { optimizer: sgd({ learningRate: 0.1 }) });
    const before = await weightBits(model);
    await model.fit(data, { ...fit, callbacks: [learningRateScheduler(() => 0)] });
    expect(await weightBits(model)).toEqual(before);
  });

  test("a schedule in the optimizer and one from outside do not mix", async () => {
    const learningRate = exponentialDecay({ initialLearningRate: 0.1, decaySteps: 10, decayRate: 0.5 });
    using model = smallModel(device, { optimizer: sgd({ learningRate }) });
    const fitting = model.fit(data, { ...fit, callbacks: [reduceLrOnPlateau({ monitor: "loss" })] });
    await expect(fitting).rejects.toThrow("the optimizer's learning rate follows exponentialDecay");
  });
});

describe("modelCheckpoint", () => {
  test("saves the last and the best, each of which loads", async () => {
    using model = smallModel(device);
    const last = modelCheckpoint({ directory: join(directory, "last") });
    const best = modelCheckpoint({ directory: join(directory, "best"), saveBestOnly: true, monitor: "loss" });
    const bits: (readonly number[])[] = [];
    const watch = lambdaCallback({ onEpochEnd: async () => void bits.push(await weightBits(model)) });
    await model.fit(data, { ...fit, epochs: 3, callbacks: [feigned([3, 1, 2]), watch, last, best] });
    using lastModel = await loadModel(join(directory, "last"), { device });
    using bestModel = await loadModel(join(directory, "best"), { device });
    expect(await weightBits(lastModel)).toEqual(bits[2]);
    expect(await weightBits(bestModel)).toEqual(bits[1]);
    expect(best.best).toBe(1);
    expect(bestModel.trainingState?.epoch).toBe(2);
  });

  test("fills in the directory's name, and saves after so many steps", async () => {
    using model = smallModel(device);
    const written: string[] = [];
    const write = (path: string) => void written.push(path);
    const callbacks = [
      feigned([0.25, 0.125]),
      modelCheckpoint({ directory: "a/{epoch:03d}-{loss:.2f}", write }),
      modelCheckpoint({ directory: "b/{epoch}.{batch}", saveFreq: 2, write }),
    ];
    await model.fit(data, { ...fit, epochs: 2, callbacks });
    expect(written).toEqual(["b/1.2", "a/001-0.25", "b/2.1", "b/2.3", "a/002-0.13"]);
  });

  test("what is saved within an epoch goes on to the same end", async () => {
    using whole = smallModel(device);
    const saves: ReadonlyMap<string, Uint8Array>[] = [];
    const write = (_: string, files: ReadonlyMap<string, Uint8Array>) => void saves.push(files);
    const { history: wanted } = await whole.fit(data, {
      ...fit,
      epochs: 3,
      callbacks: [modelCheckpoint({ directory: "x", saveFreq: 5, write })],
    });
    using again = await loadModel(saves[0] as ReadonlyMap<string, Uint8Array>, { device });
    expect(again.trainingState).toMatchObject({ epoch: 1, batch: 2, iteration: 5 });
    const { history: came } = await again.fit(data, { resume: true });
    expect(came).toEqual(wanted);
    expect(await weightBits(again)).toEqual(await weightBits(whole));
  });

  test("names that are no results are refused", async () => {
    using model = smallModel(device);
    const fitting = model.fit(data, {
      ...fit,
      callbacks: [modelCheckpoint({ directory: "{los}", write: () => undefined })],
    });
    await expect(fitting).rejects.toThrow("directory names {los}; expected one of loss, accuracy, epoch");
  });
});

describe("csvLogger", () => {
  test("writes whole lines, appends, and does without a file", async () => {
    const made = join(directory, "a", "b", "log.csv");
    const filename = join(directory, "log.csv");
    await writeFile(filename, "epoch,accuracy,loss\n0,0.5,1");
    using model = smallModel(device);
    const texts: string[] = [];
    const look = lambdaCallback({ onEpochSettled: async () => void texts.push(await readFile(filename, "utf8")) });
    const alone = csvLogger({ separator: ";" });
    await model.fit(data, {
      ...fit,
      epochs: 2,
      callbacks: [csvLogger({ filename, append: true }), csvLogger({ filename: made }), look, alone],
    });
    const lines = (texts[1] ?? "").split("\n");
    expect(lines.slice(0, 2)).toEqual(["epoch,accuracy,loss", "0,0.5,1"]);
    expect(lines[2]).toMatch(/^0,[\d.]+,[\d.]+$/);
    expect(lines[3]).toMatch(/^1,[\d.]+,[\d.]+$/);
    expect(texts[0]).toBe(`${lines.slice(0, 3).join("\n")}\n`);
    expect(alone.text.split("\n")[0]).toBe("epoch;accuracy;loss");
    expect(await readFile(made, "utf8")).toBe(alone.text.replaceAll(";", ","));
  });
});

describe("terminateOnNaN", () => {
  test("ends fit in peace with the weights from before the bad step", async () => {
    using bad = smallModel(device, { optimizer: sgd({ learningRate: 1e30 }) });
    const failing = bad.fit(data, { ...fit, epochs: 3 });
    await expect(failing).rejects.toThrow(NonFiniteError);
    using model = smallModel(device, { optimizer: sgd({ learningRate: 1e30 }) });
    const ends: string[] = [];
    const watch = lambdaCallback({ onTrainEnd: () => void ends.push("end") });
    await model.fit(data, { ...fit, epochs: 3, callbacks: [terminateOnNaN(), watch] });
    expect(ends).toEqual(["end"]);
    expect(await weightBits(model)).toEqual(await weightBits(bad));
    expect(model.trainingState?.iteration).toBe(bad.trainingState?.iteration);
  });
});

/** A training with callbacks whose states matter: the rate falls, and the best weights are kept. */
function watched(model: Model) {
  const losses = [5, 4, 4.5, 4.6, 4.7, 3, 2];
  const stopping = earlyStopping({ monitor: "loss", patience: 3, restoreBestWeights: true });
  const csv = csvLogger();
  return {
    callbacks: [feigned(losses), reduceLrOnPlateau({ monitor: "loss", factor: 0.5, patience: 2 }), stopping, csv],
    end: async () => ({
      bits: await weightBits(model),
      csv: csv.text,
      best: stopping.best,
      bestEpoch: stopping.bestEpoch,
      stoppedEpoch: stopping.stoppedEpoch,
    }),
  };
}

describe("stopped and resumed with callbacks ends as never stopped", () => {
  const wholeRun = async () => {
    using model = smallModel(device);
    const { callbacks, end } = watched(model);
    const { history: results } = await model.fit(data, { ...fit, epochs: 7, callbacks });
    return { results, end: await end() };
  };

  test.each([3, 7, 8, 10])("through a saved model, after %i steps", async (steps) => {
    const wanted = await wholeRun();
    expect(wanted.end.stoppedEpoch).toBe(4);
    using first = smallModel(device);
    const controller = new AbortController();
    const abort = lambdaCallback({
      onBatchEnd: (_batch, _logs, { iteration }) => void (iteration === steps && controller.abort()),
    });
    const stopped = first.fit(data, {
      ...fit,
      epochs: 7,
      signal: controller.signal,
      callbacks: [...watched(first).callbacks, abort],
    });
    await expect(stopped).rejects.toThrow(AbortError);
    using second = await loadModel(await first.toFiles(), { device });
    const { callbacks, end } = watched(second);
    const { history: results } = await second.fit(data, { resume: true, callbacks });
    expect(results).toEqual(wanted.results);
    expect(await end()).toEqual(wanted.end);
  });

  test("by a callback that throws", async () => {
    const wanted = await wholeRun();
    using model = smallModel(device);
    let calls = 0;
    const thrower = lambdaCallback({
      onBatchEnd: () => {
        if (++calls === 5) throw new RangeError("the page has no room");
      },
    });
    const run = watched(model);
    const callbacks = [...run.callbacks, thrower];
    await expect(model.fit(data, { ...fit, epochs: 7, callbacks })).rejects.toThrow("the page has no room");
    expect(model.trainingState?.iteration).toBe(5);
    const { history: results } = await model.fit(data, { resume: true, callbacks });
    expect(results).toEqual(wanted.results);
    expect(await run.end()).toEqual(wanted.end);
  });
});
