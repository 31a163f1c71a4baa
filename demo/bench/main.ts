/** The bench's page: what is pressed goes to the worker, what it finds is shown as it comes. */
import {
  type BenchJobEvent,
  type BenchReport,
  digits,
  parseAmount,
  parseBuffers,
  parseWorkgroups,
  type ShaderJob,
} from "sluice/bench";
import { element } from "./dom.ts";
import { showProfile } from "./flame.ts";
import type { FromBench, ToBench } from "./protocol.ts";
import { addNote, addProblem, addResult, clearResults } from "./results_table.ts";
import { RooflinePlot } from "./roofline_plot.ts";

/** A first measurement that takes a minute without a GPU. */
const FIRST_CASES = "matmul 512, matmul 257, lstm B16 T50 H256, gather 5000x32, softmax 65536, optimizer";

const EXAMPLE = `@group(0) @binding(0) var<storage, read> x : array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y : array<vec4f>;

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id : vec3u) {
  y[id.x] = 2.0 * x[id.x] + 1.0;
}
`;

const EXAMPLE_FIELDS = { buffers: "16MiB, 16MiB", workgroups: "16384", flops: "8388608", bytes: "32MiB" } as const;

const buttons = ["run", "compare", "time-shader", "profile"].map((id) => element(id, HTMLButtonElement));
const stop = element("stop", HTMLButtonElement);
const save = element("save", HTMLButtonElement);
const state = element("state", HTMLParagraphElement);
const progress = element("progress", HTMLProgressElement);
const filter = element("filter", HTMLInputElement);
const quick = element("quick", HTMLInputElement);
const source = element("source", HTMLTextAreaElement);
const form = element("shader", HTMLFormElement);
const problem = element("problem", HTMLElement);
const plot = new RooflinePlot(element("roofline", HTMLDivElement));
const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

let report: BenchReport | undefined;
let cases = 1;

function send(message: ToBench, words: string): void {
  for (const button of buttons) button.disabled = true;
  stop.disabled = false;
  problem.hidden = true;
  state.textContent = words;
  progress.removeAttribute("value");
  worker.postMessage(message);
}

function finish(words: string): void {
  for (const button of buttons) button.disabled = false;
  stop.disabled = true;
  state.textContent = words;
  progress.value = 1;
}

function fail(message: string): void {
  element("problem-text", HTMLPreElement).textContent = message;
  problem.hidden = false;
  finish("Stopped by an error.");
}

function startMeasuring(job: Partial<Extract<ToBench, { kind: "measure" }>["job"]>): void {
  clearResults();
  plot.clear();
  report = undefined;
  save.disabled = true;
  const words = filter.value.trim();
  const whole = { all: false, quick: quick.checked, peers: false, ...(words !== "" && { filter: words }), ...job };
  send({ kind: "measure", job: whole }, "Measuring what the adapter can do at most …");
}

function shaderJob(): ShaderJob {
  const field = (name: keyof typeof EXAMPLE_FIELDS) => String(new FormData(form).get(name) ?? "").trim();
  return {
    name: "your shader",
    source: source.value,
    buffers: field("buffers") === "" ? [] : parseBuffers(field("buffers")),
    workgroups: parseWorkgroups(field("workgroups")),
    work: { flops: parseAmount(field("flops") || "0"), bytes: parseAmount(field("bytes") || "0") },
  };
}

function onEvent(event: BenchJobEvent): void {
  switch (event.kind) {
    case "start":
      cases = event.cases;
      element("adapter", HTMLSpanElement).textContent = event.place.adapter;
      element("clock", HTMLElement).textContent = event.place.clock;
      break;
    case "roofline":
      element("peak", HTMLElement).textContent = `${digits(event.roofline.flops / 1e9)} GFLOP/s`;
      element("bandwidth", HTMLElement).textContent = `${digits(event.roofline.bytes / 1e9)} GB/s`;
      plot.setRoof(event.roofline);
      break;
    case "case":
      state.textContent = `Measuring ${event.name} …`;
      progress.value = event.index / cases;
      break;
    case "result":
      addResult(event.result);
      plot.add(event.result);
      break;
    case "problem":
      addProblem(event.problem);
      break;
    case "note":
      addNote(event.text);
      break;
  }
}

worker.addEventListener("message", ({ data }: MessageEvent<FromBench>) => {
  switch (data.kind) {
    case "event":
      onEvent(data.event);
      break;
    case "done":
      report = data.report;
      save.disabled = false;
      finish(`Done: ${data.report.results.length} results.`);
      break;
    case "profiled":
      element("adapter", HTMLSpanElement).textContent = data.adapter;
      showProfile(data.times);
      finish("Done: a step was profiled.");
      break;
    case "stopped":
      finish("Stopped.");
      break;
    case "failed":
      fail(data.message);
      break;
  }
});
worker.addEventListener("error", ({ message }) => fail(message));

element("run", HTMLButtonElement).addEventListener("click", () => startMeasuring({}));
element("compare", HTMLButtonElement).addEventListener("click", () => startMeasuring({ peers: true }));
element("profile", HTMLButtonElement).addEventListener("click", () => send({ kind: "profile" }, "Profiling a step …"));
element("time-shader", HTMLButtonElement).addEventListener("click", () => {
  try {
    startMeasuring({ shader: shaderJob() });
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error));
  }
});
stop.addEventListener("click", () => {
  state.textContent = "Stopping after this sample …";
  worker.postMessage({ kind: "stop" } satisfies ToBench);
});
save.addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: "application/json" }));
  link.download = "bench.json";
  link.click();
  URL.revokeObjectURL(link.href);
});

filter.value = new URLSearchParams(location.search).get("filter") ?? FIRST_CASES;
source.value = EXAMPLE;
for (const [name, value] of Object.entries(EXAMPLE_FIELDS)) {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement) field.value = value;
}
if (!("gpu" in navigator)) {
  fail(
    "This browser has no WebGPU, which this page measures. Chrome or Edge 113 or later, Safari 26 or later, and Firefox 141 or later on Windows and 145 or later on a Mac have it.",
  );
  for (const button of buttons) button.disabled = true;
}
