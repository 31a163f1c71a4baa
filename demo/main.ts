/** The page: buttons, figures and curves. The work is done in worker.ts. */
import { Charts } from "./charts.ts";
import { clearProblem, showProblem } from "./problem.ts";
import type { FromWorker, ToWorker } from "./protocol.ts";
import { settingsFromAddress, settingsFromForm, showSettings } from "./settings.ts";
import { showVerdict, type VerdictView } from "./verdict.ts";

type State = "opening" | "ready" | "training" | "paused" | "stopping" | "broken";

/** The verdict waits until the visitor has not typed for so long. */
const TYPING_MILLISECONDS = 120;

function find<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`the page has no element "${id}"`);
  return element as T;
}

const start = find<HTMLButtonElement>("start");
const pause = find<HTMLButtonElement>("pause");
const stop = find<HTMLButtonElement>("stop");
const another = find<HTMLButtonElement>("another");
const text = find<HTMLTextAreaElement>("text");
const progress = find<HTMLProgressElement>("progress");
const form = find<HTMLFormElement>("settings");
const view: VerdictView = {
  label: find("verdict"),
  meter: find("meter"),
  words: find("words"),
  range: find("range"),
};

let state: State = "opening";
let isOpened = false;
let isTrained = false;
let examples: readonly string[] = [];
let example = 0;
let typing = 0;
let worker: Worker | undefined;
let charts: Charts | undefined;

function tell(message: ToWorker): void {
  worker?.postMessage(message);
}

function say(words: string): void {
  find("state").textContent = words;
}

function enter(next: State): void {
  state = next;
  const isRunning = next === "training" || next === "paused";
  start.disabled = next !== "ready";
  start.textContent = isTrained ? "Train again" : "Train on your GPU";
  pause.disabled = !isRunning;
  pause.textContent = next === "paused" ? "Go on" : "Pause";
  stop.disabled = !isRunning;
  text.disabled = next === "opening" || next === "broken";
  another.disabled = text.disabled;
  // Without a GPU there is nothing to show; when one is lost later, what was learnt can still be looked at.
  find("rooms").hidden = next === "broken" && !isOpened;
  if (next !== "training") find("left").textContent = "–";
}

/** Asks for a verdict on what stands in the box. */
function judge(): void {
  if (state === "opening" || state === "broken") return;
  if (text.value.trim() === "") {
    view.label.textContent = "";
    view.range.textContent = "";
    view.words.replaceChildren();
    view.meter.style.setProperty("--at", "50%");
  } else {
    if (view.label.textContent === "") view.label.textContent = "Reading …";
    tell({ kind: "judge", text: text.value });
  }
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

function showProgress(message: Extract<FromWorker, { kind: "progress" }>): void {
  const { epoch, epochs, step, steps, perSecond, secondsLeft, point, heldOut } = message;
  charts?.add(message);
  progress.value = step / steps;
  find("epoch").textContent = `${epoch} of ${epochs}`;
  find("speed").textContent = Math.round(perSecond).toLocaleString("en");
  if (state === "training") {
    find("left").textContent = duration(secondsLeft);
    say(`Training: step ${step} of ${steps}`);
  }
  if (point !== undefined) {
    find("loss-now").textContent = point.loss.toFixed(3);
    find("accuracy-now").textContent = percent(point.accuracy);
  }
  if (heldOut !== undefined) {
    isTrained = true;
    find("accuracy").textContent = percent(heldOut.accuracy);
    judge();
  }
}

function hear(message: FromWorker): void {
  switch (message.kind) {
    case "opened": {
      const { train, test } = message.sentences;
      find("adapter").textContent = message.adapter;
      find("summary").textContent = message.summary;
      find("size").textContent = train.toLocaleString("en");
      find("attribution").textContent = `Data: ${message.attribution}`;
      examples = message.examples;
      isOpened = true;
      text.value = examples[0] ?? "";
      enter("ready");
      say(`Ready: ${train.toLocaleString("en")} sentences to learn from, ${test} kept for the test.`);
      judge();
      break;
    }
    case "started":
      find("summary").textContent = message.summary;
      if (state === "training") say(`Compiling shaders for ${message.sentences.toLocaleString("en")} sentences …`);
      break;
    case "progress":
      showProgress(message);
      break;
    case "done":
      isTrained = true;
      find("accuracy").textContent = percent(message.accuracy);
      enter("ready");
      say(`Done in ${duration(message.seconds)}: right on ${percent(message.accuracy)} of sentences it never saw.`);
      judge();
      break;
    case "stopped":
      isTrained = progress.value > 0;
      enter("ready");
      say(isTrained ? "Stopped. What it learnt so far is kept: ask it below." : "Stopped before its first step.");
      judge();
      break;
    case "verdict":
      if (message.text === text.value) showVerdict(view, message.probability, message.words, isTrained);
      break;
    case "failed":
      showProblem(message);
      enter(message.during === "open" ? "broken" : "ready");
      say(message.during === "open" ? "Not ready." : "Stopped by an error.");
      break;
  }
}

function begin(): void {
  showSettings(form, settingsFromAddress());
  if (!("gpu" in navigator)) {
    showProblem({ during: "open", cause: "noWebGpu", message: "" });
    find("adapter").textContent = "none";
    enter("broken");
    say("Not ready.");
    return;
  }
  charts = new Charts(find("loss-chart"), find("accuracy-chart"));
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => hear(data));
  worker.addEventListener("error", (event) => {
    event.preventDefault();
    hear({
      kind: "failed",
      during: "open",
      cause: "other",
      message: event.message || "the worker could not be started",
    });
  });
  tell({ kind: "open", settings: settingsFromAddress() });
}

start.addEventListener("click", () => {
  clearProblem();
  isTrained = false;
  charts?.clear();
  for (const id of ["loss-now", "accuracy-now"]) find(id).textContent = "";
  for (const id of ["epoch", "speed", "accuracy"]) find(id).textContent = "–";
  progress.value = 0;
  enter("training");
  say("Starting …");
  tell({ kind: "train", settings: settingsFromForm(form) });
});
pause.addEventListener("click", () => {
  const next = state === "paused" ? "training" : "paused";
  tell({ kind: next === "paused" ? "pause" : "resume" });
  enter(next);
  say(next === "paused" ? "Paused." : "Training …");
});
stop.addEventListener("click", () => {
  tell({ kind: "stop" });
  enter("stopping");
  say("Stopping at a whole step …");
});
another.addEventListener("click", () => {
  example = (example + 1) % Math.max(1, examples.length);
  text.value = examples[example] ?? "";
  judge();
});
text.addEventListener("input", () => {
  clearTimeout(typing);
  typing = window.setTimeout(judge, TYPING_MILLISECONDS);
});
form.addEventListener("submit", (event) => event.preventDefault());

begin();
