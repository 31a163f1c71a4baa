/** The bench's worker: measures and profiles, so that the page stays responsive. */
import { adam, type DispatchTime, dense, embedding, lstm, requestDevice, sequential } from "sluice";
import { runBenchJob } from "sluice/bench";
import type { FromBench, ToBench } from "./protocol.ts";

/** Of the profiled step: the reviews' model, with rows short enough for a software adapter. */
const [ROWS, STEPS, WORDS] = [64, 100, 5000];
/** The profile is that of the fastest step of so many. */
const PROFILES = 3;

let stop = new AbortController();

function tell(message: FromBench): void {
  self.postMessage(message);
}

function browser(): { readonly name: string; readonly version: string } {
  const [, name = "browser", version = ""] = /(Firefox|Chrome|Version)\/([\d.]+)/.exec(navigator.userAgent) ?? [];
  return { name: name === "Chrome" ? "chromium" : name === "Version" ? "safari" : name.toLowerCase(), version };
}

async function measure(job: Extract<ToBench, { kind: "measure" }>["job"]): Promise<void> {
  const whole = { ...job, runtime: browser(), versions: {} };
  const report = await runBenchJob(whole, { onEvent: (event) => tell({ kind: "event", event }), signal: stop.signal });
  tell({ kind: "done", report });
}

async function profile(): Promise<void> {
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
  let best: DispatchTime[] = [];
  for (let run = 0; run < PROFILES; run++) {
    stop.signal.throwIfAborted();
    const times = await step.profile();
    if (best.length === 0 || total(times) < total(best)) best = times;
  }
  tell({ kind: "profiled", times: best, adapter: device.adapter });
}

const total = (times: readonly DispatchTime[]): number => times.reduce((sum, { seconds }) => sum + seconds, 0);

self.addEventListener("message", async ({ data }: MessageEvent<ToBench>) => {
  if (data.kind === "stop") {
    stop.abort();
    return;
  }
  stop = new AbortController();
  try {
    await (data.kind === "measure" ? measure(data.job) : profile());
  } catch (error) {
    if (stop.signal.aborted) tell({ kind: "stopped" });
    else tell({ kind: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});
