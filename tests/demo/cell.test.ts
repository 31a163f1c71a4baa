/** What the page shows of a recurrent layer: each step by the layer's own equation, in words that the model reads. */
import { beforeAll, describe, expect, test } from "vitest";
import { readReading, writeReading } from "../../demo/cell/reading_file.ts";
import type { CellReading, Part } from "../../demo/messages/cell.ts";
import { readCell } from "../../demo/worker/read_cell.ts";
import { sentences } from "../../src/data/sentences.ts";
import {
  type Device,
  dense,
  embedding,
  gru,
  type Layer,
  lstm,
  type Model,
  sequential,
  simpleRnn,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

const TEXT = "A great film, though zzyzx slow.";

let device: Device;
let data: Awaited<ReturnType<typeof sentences.load>>;
beforeAll(async () => {
  device = await testDevice();
  data = await sentences.load({ numWords: 2000, maxLength: 12 });
});

function modelOf(layer: Layer, length = 12): Model {
  const layers = [embedding({ inputDim: 2000, outputDim: 5 }), layer, dense({ units: 1, activation: "sigmoid" })];
  return sequential(layers, { device, inputShape: [length], seed: 3 });
}

const row = (part: Part | undefined, token: number, units: number) =>
  Array.from((part as Part).slice(token * units, (token + 1) * units));

/** The logit that the reading's last h makes. */
function logitOf({ parts, output, bias, units, tokens }: CellReading): number {
  const h = row(parts.h, tokens.length - 1, units);
  return h.reduce((sum, value, unit) => sum + value * (output[unit] as number), bias);
}

describe("a reading", () => {
  test(
    "of an LSTM: c = f · c before + i · candidate at every word, h = o · tanh(c), and the last h gives the " +
      "verdict",
    async () => {
      using model = modelOf(lstm({ units: 7 }));
      const { encoder } = data;
      const reading = await readCell({ model, encoder }, TEXT);
      expect(reading.kind).toBe("lstm");
      expect(reading.tokens.map(({ word }) => word)).toEqual(["⟨start⟩", "a", "great", "film", "though", "slow"]);
      // Places count the unread word too.
      expect(reading.tokens.map(({ place }) => place)).toEqual([undefined, 0, 1, 2, 3, 5]);
      const { parts, units } = reading;
      let before = [...reading.before];
      expect(before.some((value) => value !== 0)).toBe(true);
      for (let token = 0; token < reading.tokens.length; token++) {
        const [f, i, g, c, o, h] = (["f", "i", "candidate", "c", "o", "h"] as const).map((name) =>
          row(parts[name], token, units),
        ) as [number[], number[], number[], number[], number[], number[]];
        for (let unit = 0; unit < units; unit++) {
          const at = <T>(values: readonly T[]) => values[unit] as T;
          expect(at(c)).toBeCloseTo(at(f) * at(before) + at(i) * at(g), 5);
          expect(at(h)).toBeCloseTo(at(o) * Math.tanh(at(c)), 5);
        }
        before = c;
      }
      const [probability] = (await model.predict(encoder.encode([TEXT]))).data;
      expect(1 / (1 + Math.exp(-logitOf(reading)))).toBeCloseTo(probability as number, 5);
    },
  );

  test("of a GRU and a simple layer; a text that is too long is read from its end", async () => {
    const { encoder } = data;
    const long = "good ".repeat(30);
    using first = modelOf(gru({ units: 4 }));
    const one = await readCell({ model: first, encoder }, long);
    expect(Object.keys(one.parts)).toEqual(["z", "r", "candidate", "h"]);
    expect([one.tokens.length, one.tokens[0]?.place]).toEqual([12, 18]);
    expect([...one.before]).toEqual([0, 0, 0, 0]);
    using second = modelOf(simpleRnn({ units: 4 }));
    const two = await readCell({ model: second, encoder }, TEXT);
    expect(Object.keys(two.parts)).toEqual(["h"]);
    const [probability] = (await second.predict(encoder.encode([TEXT]))).data;
    expect(1 / (1 + Math.exp(-logitOf(two)))).toBeCloseTo(probability as number, 5);
    using none = sequential([embedding({ inputDim: 2000, outputDim: 2 })], { device, inputShape: [12] });
    await expect(readCell({ model: none, encoder }, TEXT)).rejects.toThrow(/no LSTM, GRU or simple recurrent layer/);
  });

  test("comes back from its file, to 16 bits", async () => {
    using model = modelOf(lstm({ units: 3 }));
    const reading = await readCell({ model, encoder: data.encoder }, TEXT);
    const again = readReading(writeReading(reading));
    expect({ ...again, parts: {}, before: [], output: [] }).toEqual({ ...reading, parts: {}, before: [], output: [] });
    expect(Object.keys(again.parts)).toEqual(Object.keys(reading.parts));
    for (const [name, part] of Object.entries(reading.parts)) {
      const other = again.parts[name as keyof typeof again.parts] as Part;
      for (const [at, value] of part.entries()) expect(other[at]).toBeCloseTo(value, 3);
    }
  });
});
