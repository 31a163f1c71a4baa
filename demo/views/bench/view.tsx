/** The view “Bench”: the kernels on this adapter, relative to its limits and to other libraries. */
import { gpu } from "../../state.ts";
import { saveFile } from "../../ui/save_file.ts";
import { phase } from "../train/store.ts";
import { OwnShader } from "./own_shader.tsx";
import { StepProfile } from "./profile.tsx";
import { Figures, Results } from "./results.tsx";
import { UnderTheRoof } from "./roofline.tsx";
import { filter, isQuick, isRunning, measure, report, share, status, stop } from "./store.ts";
import "./bench.css";

function saveReport(): void {
  saveFile("bench.json", JSON.stringify(report.value, null, 2), "application/json");
}

function Measure({ isReady }: { readonly isReady: boolean }) {
  return (
    <section class="panel" aria-labelledby="run-title">
      <h3 id="run-title">Measure</h3>
      <label for="filter">What to measure, by words of the cases' names, with commas between; all if empty</label>
      <input
        id="filter"
        type="text"
        spellcheck={false}
        autocomplete="off"
        value={filter.value}
        onInput={({ currentTarget }) => {
          filter.value = currentTarget.value;
        }}
      />
      <label class="check">
        <input
          id="quick"
          type="checkbox"
          checked={isQuick.value}
          onChange={({ currentTarget }) => {
            isQuick.value = currentTarget.checked;
          }}
        />
        Quick: fewer samples of each, and only the variants of a kernel that Sluice chooses
      </label>
      <div class="controls">
        <button id="run" type="button" class="primary" disabled={!isReady} onClick={() => void measure()}>
          Measure
        </button>
        <button id="compare" type="button" disabled={!isReady} onClick={() => void measure({ peers: true })}>
          Compare with TensorFlow.js and jax‑js
        </button>
        <button id="stop" type="button" disabled={!isRunning.value} onClick={stop}>
          Stop
        </button>
        <button id="save" type="button" disabled={report.value === undefined} onClick={saveReport}>
          Save as JSON
        </button>
      </div>
      <p id="state" role="status">
        {phase.value === "idle" ? status.value : "A network is being trained here: measure once that is done."}
      </p>
      <progress value={share.value} max={1} aria-label="Measuring" />
      <Figures />
      <p class="muted">
        The adapter's own limits are measured first. They are the roof, of which each case below it reaches a share.
      </p>
      <Results />
    </section>
  );
}

export function View() {
  // A training run at the same time would distort the results.
  const isReady = !isRunning.value && phase.value === "idle" && gpu.value.kind === "ready";
  return (
    <div class="bench-view">
      <Measure isReady={isReady} />
      <UnderTheRoof />
      <StepProfile isReady={isReady} />
      <OwnShader isReady={isReady} />
    </div>
  );
}
