/** Models built, trained two steps and disposed: nothing of them stays, on the GPU or in the process. */

import { smallData, smallModel } from "../nn/small_model.ts";
import { LEAST_SAMPLES, residentBytes, trendOf, trendText } from "../support/flat.ts";
import type { ConformanceCase } from "./case.ts";

const PER_CASE = 20;
/** Models between two looks at the memory. */
const PER_SAMPLE = 10;

/** `count` models, and what the process holds after each tenth; the last case tells whether that grew. */
export function builtModelCases(count: number): ConformanceCase[] {
  const samples: (number | undefined)[] = [];
  const data = smallData(8);
  const parts = Array.from({ length: Math.ceil(count / PER_CASE) }, (_, part): ConformanceCase => {
    const [first, end] = [part * PER_CASE, Math.min(count, (part + 1) * PER_CASE)];
    return {
      name: `models ${first} to ${end - 1}: built, trained two steps and disposed`,
      tries: end - first,
      async run(device) {
        const { bytes, buffers } = device.memory;
        for (let seed = first; seed < end; seed++) {
          const model = smallModel(device, { seed });
          const { statistics } = await model.fit(data, { batchSize: 4 });
          model.dispose();
          const { memory } = device;
          if (statistics.steps !== 2) throw new Error(`${statistics.steps} steps; expected 2`);
          if (memory.bytes !== bytes || memory.buffers !== buffers) {
            throw new Error(`model ${seed} left ${memory.bytes - bytes} bytes in ${memory.buffers - buffers} buffers`);
          }
          if (seed % PER_SAMPLE === 0) samples.push(await residentBytes());
        }
      },
    };
  });
  const flat = {
    name: "the process's memory stays flat over all models",
    tries: 0,
    async run() {
      const resident = samples.filter((bytes) => bytes !== undefined);
      if (resident.length < samples.length) return "a browser does not tell its memory";
      if (resident.length < LEAST_SAMPLES) return "too few for a trend";
      const trend = trendOf(resident);
      const text = `resident memory ${trendText(trend)}`;
      if (!trend.isFlat) throw new Error(`${text}; expected it to stay`);
      return text;
    },
  };
  // A few models say nothing of a trend.
  return count < LEAST_SAMPLES * PER_SAMPLE ? parts : [...parts, flat];
}
