/** Choosing between variants by measurement, with each runtime's own clocks and places to keep what was chosen. */
import {
  type Device,
  dense,
  type NdArray,
  requestDevice,
  sequential,
  sgd,
  type TuningStore,
  tuningOf,
} from "../../src/index.ts";
import { keptText } from "../../src/platform/stored_text.ts";
import { expectSame } from "../support/tolerance.ts";
import type { ConformanceCase } from "./case.ts";

const [ROWS, WIDTH] = [8, 12];

async function train(device: Device): Promise<NdArray> {
  using model = sequential([dense({ units: 1 })], { device, inputShape: [WIDTH], seed: 5 });
  model.compile({ optimizer: sgd({ learningRate: 0.05 }), loss: "mse" });
  const x = Array.from({ length: ROWS }, (_, row) =>
    Array.from({ length: WIDTH }, (__, i) => Math.sin(row * WIDTH + i)),
  );
  await model.fit({ x, y: x.map(([first = 0]) => first) }, { epochs: 3, batchSize: ROWS });
  const data = Float32Array.from((await model.weights()).flatMap((weight) => Array.from(weight.data)));
  return { shape: [data.length], data };
}

/** `sluice/node`'s own cache directory is no place for a test: in Node and Deno files are tested by path. */
const hasDatabase = "indexedDB" in globalThis;

export const tuningCases: readonly ConformanceCase[] = [
  {
    name: "tuning: a small training is measured once, and what was chosen gives the same bits on a second device",
    async run() {
      let text: string | undefined;
      let writes = 0;
      const store: TuningStore = {
        read: async () => text,
        write: async (next) => {
          text = next;
          writes++;
        },
      };
      using first = await requestDevice({ tune: { store, seconds: 120 } });
      const weights = await train(first);
      const { choices, problem } = tuningOf(first);
      if (choices.length === 0 || writes === 0) throw new Error("nothing was measured, or nothing was kept");
      if (problem !== undefined) throw new Error(problem);
      for (const { call, from, variant, seconds = {} } of choices) {
        if (from !== "measured") throw new Error(`${call} was ${from}; expected a measurement`);
        const times = Object.values(seconds);
        if (times.length < 2 || !times.every((time) => time >= 0 && time < 10) || seconds[variant] === undefined)
          throw new Error(`${call}: ${variant} was chosen by the times ${JSON.stringify(seconds)}`);
      }
      const before = writes;
      using second = await requestDevice({ tune: { store } });
      expectSame("the weights", await train(second), weights);
      for (const { call, from, variant } of tuningOf(second).choices) {
        const chosen = choices.find((choice) => choice.call === call)?.variant;
        if (from !== "remembered" || variant !== chosen)
          throw new Error(`${call}: ${variant}, ${from}; expected to remember ${chosen}`);
      }
      if (writes !== before) throw new Error("what was remembered was written again");
    },
  },
  {
    name: "tuning: what a page keeps in IndexedDB is there when it is read again",
    async run() {
      if (!hasDatabase) return;
      const name = "conformance.json";
      const text = `{"at": ${Date.now()}}`;
      await keptText(name).write("an older text");
      await keptText(name).write(text);
      const [kept, other] = [await keptText(name).read(), await keptText("never written").read()];
      if (kept !== text || other !== undefined)
        throw new Error(`read ${kept} and ${other}; expected ${text} and nothing`);
    },
  },
];
