/** The view “Train”: one button, live curves, and all settings. */
import type { ComponentChildren } from "preact";
import { gpu } from "../../state.ts";
import { count, duration, megabytes, percent } from "../../ui/format.ts";
import { Curve } from "./curves.tsx";
import { DataChoice } from "./data_choice.tsx";
import { dataInfo, isFileMissing, reading } from "./data_store.ts";
import { KeptOffer } from "./kept_offer.tsx";
import { SettingsForm } from "./settings_form.tsx";
import {
  figures,
  kept,
  keptStep,
  log,
  phase,
  point,
  score,
  start,
  status,
  stop,
  summary,
  togglePause,
} from "./store.ts";
import "./train.css";

function Controls() {
  const current = phase.value;
  const isRunning = current === "running" || current === "compiling" || current === "paused";
  const isReady = current === "idle" && gpu.value.kind === "ready" && reading.value === "" && !isFileMissing();
  return (
    <div class="controls">
      <button
        id="start"
        type="button"
        class={kept.value === undefined ? "primary" : ""}
        disabled={!isReady}
        onClick={start}
      >
        {point.value === undefined ? "Train on your GPU" : "Train anew"}
      </button>
      <button id="pause" type="button" disabled={!isRunning} onClick={togglePause}>
        {current === "paused" ? "Go on" : "Pause"}
      </button>
      <button id="stop" type="button" disabled={!isRunning} onClick={stop}>
        Stop
      </button>
    </div>
  );
}

function Figures() {
  const { epoch, epochs, perSecond = 0, secondsLeft = 0, gpuBytes } = figures.value ?? {};
  const { step, steps } = figures.value ?? kept.value?.run ?? { step: 0, steps: 1 };
  const isRunning = phase.value === "running";
  const rows: readonly (readonly [string, string, string])[] = [
    ["epoch", "Epoch", epoch === undefined ? "–" : `${epoch} of ${epochs}`],
    ["speed", "Texts per second", perSecond > 0 ? count(perSecond) : "–"],
    ["left", "Time left", isRunning && secondsLeft > 0 ? duration(secondsLeft) : "–"],
    ["memory", "GPU memory", gpuBytes === undefined ? "–" : megabytes(gpuBytes)],
    ["accuracy", "Test accuracy", score.value === undefined ? "–" : percent(score.value.accuracy)],
    ["kept", "Kept in the browser", keptStep.value === undefined ? "–" : `step ${count(keptStep.value)}`],
  ];
  return (
    <>
      <progress id="progress" value={step / steps} max={1} aria-label="Training" />
      <dl class="figures">
        {rows.map(([id, label, value]) => (
          <div key={id}>
            <dt>{label}</dt>
            <dd id={id}>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Curves() {
  const now = point.value;
  return (
    <>
      <div class="charts">
        <figure>
          <figcaption>
            Loss <output id="loss-now">{now?.loss.toFixed(3)}</output>
            <span class="muted">how far off it is; guessing gives 0.69</span>
          </figcaption>
          <Curve measure="loss" />
        </figure>
        <figure>
          <figcaption>
            Accuracy <output id="accuracy-now">{now === undefined ? "" : percent(now.accuracy)}</output>
            <span class="muted">the share that it gets right</span>
          </figcaption>
          <Curve measure="accuracy" />
        </figure>
      </div>
      <p class="key">
        <span class="train">on the texts it trains on</span>
        <span class="held-out">on texts it never trains on, after each epoch</span>
        <span class="muted">across: training steps; where the lines part, it learns by heart</span>
      </p>
    </>
  );
}

/** Preformatted text that a button shows and hides. */
function Print({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <details>
      <summary>{title}</summary>
      <pre id={id} tabindex={0}>
        {children}
      </pre>
    </details>
  );
}

export function View() {
  return (
    <section class="panel train" aria-label="Training">
      <KeptOffer />
      <Controls />
      <p id="state">{status.value}</p>
      {/* Screen readers announce epochs, not every step. */}
      <p class="visually-hidden" role="status">
        {phase.value === "running" ? log.value.at(-1) : status.value}
      </p>
      <Figures />
      <Curves />
      <DataChoice isBusy={phase.value !== "idle"} />
      <SettingsForm />
      {summary.value === "" ? null : (
        <Print id="summary" title="The model">
          {summary.value}
        </Print>
      )}
      {log.value.length === 0 ? null : (
        <Print id="log" title="Log">
          {log.value.join("\n")}
        </Print>
      )}
      {dataInfo.value === undefined ? null : <p class="muted">Data: {dataInfo.value.attribution}</p>}
    </section>
  );
}
