/** Models of different shapes, built, trained and disposed: what is kept for shapes that may come again is bounded. */
import { type Device, dense, embedding, gru, lstm, sequential, simpleRnn } from "../../src/index.ts";
import { residentBytes } from "../support/flat.ts";
import type { ConformanceCase } from "./case.ts";

const PER_CASE = 10;
/** Pipelines that a device keeps. */
const MOST_PIPELINES = 64;
/** Growth from the first hundred models after the warm-up to the last hundred. */
const MOST_GROWTH = 0.05;
const HUNDRED = 100;

/** Builds, trains and disposes a model like no other of the first thousands; every fifth is recurrent. */
async function trainShape(device: Device, number: number): Promise<void> {
  const length = 3 + (number % 7);
  const units = 2 + (number % 17);
  const recurrent = [lstm({ units }), gru({ units }), simpleRnn({ units })][(number / 5) % 3];
  const ids = 5 + (number % 13);
  const layers =
    recurrent === undefined
      ? [dense({ units, activation: "tanh" }), dense({ units: 1 + (number % 11), activation: "relu" })]
      : [embedding({ inputDim: ids, outputDim: 1 + (number % 11) }), recurrent];
  using model = sequential([...layers, dense({ units: 1, activation: "sigmoid" })], {
    ...{ device, inputShape: [length], seed: number },
  });
  model.compile({ optimizer: "adam", loss: "binaryCrossentropy" });
  const x = Array.from({ length: 6 }, (_, row) => Array.from({ length }, (_, step) => (row + step * number) % ids));
  await model.fit(x, [0, 1, 0, 1, 1, 0], { batchSize: 4 });
  await model.predict(x);
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const MiB = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** `count` models, and how much the process holds from the last hundred compared with the first after the warm-up. */
export function shapedModelCases(count: number): ConformanceCase[] {
  const samples: (number | undefined)[] = [];
  const parts = Array.from({ length: count / PER_CASE }, (_, part): ConformanceCase => {
    const first = part * PER_CASE;
    return {
      name: `models ${first} to ${first + PER_CASE - 1}: of a shape each, trained and disposed`,
      tries: PER_CASE,
      async run(device) {
        const { bytes, buffers } = device.memory;
        for (let number = first; number < first + PER_CASE; number++) await trainShape(device, number);
        const { memory, pipelines } = device;
        if (memory.bytes !== bytes || memory.buffers !== buffers) throw new Error("a model left a buffer behind");
        if (pipelines.size > MOST_PIPELINES) {
          throw new Error(`${pipelines.size} pipelines are kept; expected at most ${MOST_PIPELINES}`);
        }
        samples.push(await residentBytes());
      },
    };
  });
  const level: ConformanceCase = {
    name: "the process's memory stays level over models of all shapes",
    tries: 0,
    async run() {
      const each = HUNDRED / PER_CASE;
      const resident = samples.filter((bytes) => bytes !== undefined);
      if (resident.length < samples.length) return "a browser does not tell its memory";
      if (resident.length < 3 * each) return "too few for a comparison";
      const [first, last] = [mean(resident.slice(each, 2 * each)), mean(resident.slice(-each))];
      const text = `resident memory ${MiB(first)} over models 100 to 199, ${MiB(last)} over the last hundred`;
      if (last > first * (1 + MOST_GROWTH)) throw new Error(`${text}; expected at most 5% more`);
      return text;
    },
  };
  return [...parts, level];
}
