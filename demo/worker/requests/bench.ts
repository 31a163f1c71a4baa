/**
 * Measuring the adapter: kernels under the roof, others on the same work, a shader of the visitor's, a step in profile.
 */
import { adam, type DispatchTime, dense, embedding, lstm, requestDevice, sequential } from "sluice";
import { type BenchJobEvent, type BenchReport, runBenchJob } from "sluice/bench";
import type { BenchParams, Profile } from "../../messages/bench.ts";
import type { Context } from "../context.ts";

/** Of the profiled step: the reviews' model, with rows short enough for a software adapter. */
const [ROWS, STEPS, WORDS] = [64, 100, 5000];
/** The profile is that of the fastest step of so many. */
const PROFILES = 3;

function browser(): { readonly name: string; readonly version: string } {
  const [, name = "browser", version = ""] = /(Firefox|Chrome|Version)\/([\d.]+)/.exec(navigator.userAgent) ?? [];
  return { name: name === "Chrome" ? "chromium" : name === "Version" ? "safari" : name.toLowerCase(), version };
}

/** Measures on a device of its own. Other libraries are loaded only where the job asks for them. */
export function bench({ signal, tell }: Context<BenchJobEvent>, params: BenchParams): Promise<BenchReport> {
  return runBenchJob({ ...params, runtime: browser(), versions: {} }, { onEvent: tell, signal });
}

/** One training step of the reviews' model, with a timestamp around every dispatch. */
export async function profileStep({ signal }: Context, _params: Record<string, never>): Promise<Profile> {
  using device = await requestDevice();
  using model = sequential(
    [embedding({ inputDim: WORDS, outputDim: 32 }), lstm({ units: 100 }), dense({ units: 1, activation: "sigmoid" })],
    { device, inputShape: [STEPS], seed: 7 },
  );
  model.compile({ optimizer: adam(), loss: "binaryCrossentropy", metrics: ["accuracy"] });
  const x = { shape: [ROWS, STEPS], data: Int32Array.from({ length: ROWS * STEPS }, (_, at) => (at * 7919) % WORDS) };
  const y = { shape: [ROWS, 1], data: Float32Array.from({ length: ROWS }, (_, row) => row % 2) };
  using step = await model.trainingStep({ x, y }, { batchSize: ROWS });
  // The first step compiles what the driver left for it.
  await step.run();
  let times: readonly DispatchTime[] = [];
  for (let run = 0; run < PROFILES; run++) {
    signal.throwIfAborted();
    const these = await step.profile();
    if (times.length === 0 || total(these) < total(times)) times = these;
  }
  return { adapter: device.adapter, times };
}

const total = (times: readonly DispatchTime[]): number => times.reduce((sum, { seconds }) => sum + seconds, 0);
