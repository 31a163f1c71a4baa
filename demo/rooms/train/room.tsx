/** Train: one button, live curves, and everything that can be set. */
import { gpu } from "../../state.ts";
import { count, duration, megabytes, percent } from "../../ui/format.ts";
import { Curve } from "./curves.tsx";
import { SettingsForm } from "./settings_form.tsx";
import { attribution, figures, log, phase, score, start, status, stop, summary, togglePause } from "./store.ts";
import "./train.css";

function Controls() {
  const current = phase.value;
  const isRunning = current === "running" || current === "compiling" || current === "paused";
  return (
    <div class="controls">
      <button
        id="start"
        type="button"
        class="primary"
        disabled={current !== "idle" || gpu.value.kind !== "ready"}
        onClick={start}
      >
        {score.value === undefined ? "Train on your GPU" : "Train again"}
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
  const { epoch, epochs, perSecond = 0, secondsLeft = 0, gpuBytes, step = 0, steps = 1 } = figures.value ?? {};
  const isRunning = phase.value === "running";
  const rows: readonly (readonly [string, string, string])[] = [
    ["epoch", "Epoch", epoch === undefined ? "–" : `${epoch} of ${epochs}`],
    ["speed", "Reviews per second", perSecond > 0 ? count(perSecond) : "–"],
    ["left", "Time left", isRunning && secondsLeft > 0 ? duration(secondsLeft) : "–"],
    ["memory", "GPU memory", gpuBytes === undefined ? "–" : megabytes(gpuBytes)],
    ["accuracy", "Test accuracy", score.value === undefined ? "–" : percent(score.value.heldOut.accuracy)],
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
  const point = figures.value?.point;
  return (
    <>
      <div class="charts">
        <figure>
          <figcaption>
            Loss <output id="loss-now">{point?.loss.toFixed(3)}</output>
          </figcaption>
          <Curve measure="loss" />
        </figure>
        <figure>
          <figcaption>
            Accuracy <output id="accuracy-now">{point === undefined ? "" : percent(point.accuracy)}</output>
          </figcaption>
          <Curve measure="accuracy" />
        </figure>
      </div>
      <p class="key">
        <span class="train">training, since the last reading</span>
        <span class="held-out">texts it never trains on, after each epoch</span>
        <span class="muted">across: training steps</span>
      </p>
    </>
  );
}

export function Room() {
  return (
    <section class="panel train" aria-label="Training">
      <Controls />
      <p id="state" role="status">
        {status.value}
      </p>
      <Figures />
      <Curves />
      <SettingsForm />
      {summary.value === "" ? null : (
        <details class="summary">
          <summary>The model</summary>
          <pre id="summary" tabindex={0}>
            {summary.value}
          </pre>
        </details>
      )}
      {log.value.length === 0 ? null : (
        <details class="log">
          <summary>Log</summary>
          <pre id="log" tabindex={0}>
            {log.value.join("\n")}
          </pre>
        </details>
      )}
      {attribution.value === "" ? null : <p class="muted">Data: {attribution.value}</p>}
    </section>
  );
}
