/**
 * Measures the adapter: kernels and the roofline, other libraries on the same work, the visitor's shader, and the
 * profile of a training step.
 */
import { adam, type DispatchTime, dense, embedding, lstm, requestDevice, sequential } from "sluice";
import { type BenchJobEvent, type BenchReport, runBenchJob } from "sluice/bench";
import type { BenchParams, Profile } from "../../messages/bench.ts";
import type { Context } from "../context.ts";

/** The sizes of the profiled step: the review model, with rows short enough for a software adapter. */
const [ROWS, STEPS, WORDS] = [64, 100, 5000];
/** The number of steps to profile; the fastest one is reported. */
const PROFILES = 3;

function browser(): { readonly name: string; readonly version: string } {
  const [, name = "browser", version = ""] = /(Firefox|Chrome|Version)\/([\d.]+)/.exec(navigator.userAgent) ?? [];
  return { name: name === "Chrome" ? "chromium" : name === "Version" ? "safari" : name.toLowerCase(), version };
}

/** Measures on a separate device. Other libraries are loaded only if the job includes them. */
export function bench({ signal, tell }: Context<BenchJobEvent>, params: BenchParams): Promise<BenchReport> {
  return runBenchJob({ ...params, runtime: browser(), versions: {} }, { onEvent: tell, signal });
}

/** Profiles one training step of the review model, with a timestamp around every dispatch. */
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
  // The first step includes compilation that the driver postponed.
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
