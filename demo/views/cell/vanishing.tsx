/** The vanishing gradient: what is left of it at each word before the end, for three kinds of layer on one axis. */
import { signal, useSignalEffect } from "@preact/signals";
import { useCallback, useEffect, useMemo } from "preact/hooks";
import type uPlot from "uplot";
import type { CellKind, Fadings, RivalProgress, RivalScores } from "../../messages/cell.ts";
import { newestOnly } from "../../newest_only.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import { gpu, text } from "../../state.ts";
import { axis, type ChartOptions, line, logAxis, useChart } from "../../ui/chart.ts";
import { Choice } from "../../ui/choice.tsx";
import { percent } from "../../ui/format.ts";
import { Heatmap, HeatmapTable } from "../../ui/heatmap.tsx";
import { isNarrow } from "../../ui/media.ts";
import { ask } from "../../worker_client.ts";

const NAMES: Readonly<Record<CellKind, string>> = { simpleRnn: "SimpleRNN", gru: "GRU", lstm: "LSTM" };
const COLOURS: Readonly<Record<CellKind, string>> = {
  simpleRnn: "--fade-simple",
  gru: "--fade-gru",
  lstm: "--fade-lstm",
};
const DASHES: Readonly<Record<CellKind, number[]>> = { simpleRnn: [2, 4], gru: [8, 5], lstm: [] };
const HEIGHT = 280;

const length = signal(40);
const state = signal<"untrained" | "trained">("untrained");
const fadings = signal<Fadings | undefined>(undefined);
const progress = signal<RivalProgress | undefined>(undefined);
const scores = signal<RivalScores | undefined>(undefined);

const refresh = newestOnly("vanishing", async () => {
  fadings.value = await ask("fade", { text: text.value, length: length.value, which: state.value });
});

let control = new AbortController();

async function train(): Promise<void> {
  control = new AbortController();
  dismiss("vanishing");
  progress.value = { kind: "simpleRnn", share: 0, loss: Number.NaN };
  try {
    scores.value = await ask(
      "trainRivals",
      {},
      {
        signal: control.signal,
        onEvent: (event) => {
          progress.value = event;
        },
      },
    );
    state.value = "trained";
  } catch (error) {
    notifyFailure("vanishing", error);
  } finally {
    progress.value = undefined;
  }
}

const CHART: ChartOptions = {
  // Whole powers of ten, and at least one between its ends.
  scales: {
    x: { time: false },
    y: { distr: 3, range: (_plot, least, most) => [10 ** floorLog(least), 10 ** (floorLog(most) + 1)] },
  },
  axes: [
    {
      ...axis(32),
      incrs: [1, 2, 5, 10, 20, 50],
      values: (_plot, splits) => splits.map((value) => String(Math.abs(value))),
    },
    logAxis(62, (value) => `10${superscript(Math.log10(value))}`),
  ],
  series: [
    {},
    ...(Object.keys(NAMES) as CellKind[]).map((kind) => line(NAMES[kind], COLOURS[kind], DASHES[kind], 2.5)),
  ],
};

/** Of a number, the power of ten below it; a chart without data has none. */
const floorLog = (value: number | null): number => Math.floor(Math.log10(Math.max(LEAST, value ?? 1)));

/** −12 as ⁻¹² */
function superscript(power: number): string {
  const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  return [...String(Math.round(power))].map((digit) => (digit === "-" ? "⁻" : digits[Number(digit)])).join("");
}

/** What becomes of the gradient on the way back, in words. */
function grows(norms: Float32Array): string {
  const ratio = (norms[0] ?? 0) / (norms.at(-1) || 1);
  if (ratio > 1.05) return `grows ${ratio.toFixed(1)} times`;
  if (ratio >= 0.01) return `keeps ${(100 * ratio).toFixed(0)}%`;
  return (
    "keeps " +
    `${ratio.toExponential(0).replace(/e([+-]\d+)/, (_, power: string) => ` · 10${superscript(Number(power))}`)}`
  );
}

/** Less than this cannot be drawn on a logarithmic axis. */
const LEAST = 1e-30;

function columns(): uPlot.AlignedData {
  const { words, curves } = fadings.value ?? { words: [], curves: Object.keys(NAMES).map(() => ({ norms: [] })) };
  const x = words.map((_, index) => index + 1 - words.length);
  return [x, ...curves.map(({ norms }) => Array.from(norms, (norm) => Math.max(LEAST, norm)))];
}

function Plot() {
  const { host, draw } = useChart(CHART, HEIGHT, columns);
  useSignalEffect(() => {
    void fadings.value;
    draw.current();
  });
  return <div ref={host} class="fade-plot" aria-hidden="true" />;
}

/** The words of the passage, three times, tinted by what is left of the gradient: one scale for all. */
function Strips({ current }: { readonly current: Fadings }) {
  const down = isNarrow.value;
  const lines = current.curves.map(({ kind }) => NAMES[kind]);
  const steps = current.words;
  const logs = useMemo(
    () => current.curves.map(({ norms }) => Array.from(norms, (norm) => Math.log10(Math.max(LEAST, norm)))),
    [current],
  );
  const most = Math.ceil(Math.max(...logs.flat()));
  const least = Math.min(most - 1, Math.floor(Math.min(...logs.flat())));
  const value = useCallback((line: number, step: number) => (logs[line] as number[])[step] as number, [logs]);
  const ramp = useCallback(() => ({ kind: "gate", domain: [least, most] }) as const, [least, most]);
  const at = signalCell;
  return (
    <>
      {down ? null : (
        <div class="strip">
          <div class="strip-label lines" style={{ "--line": "26px" }}>
            {lines.map((name) => (
              <span key={name} class="line">
                {name}
              </span>
            ))}
          </div>
          <div class="strip-body">
            <Heatmap
              label="What is left of the gradient at each word, as powers of ten"
              {...{ lines, steps, value, ramp, down }}
              lineSize={26}
              stepSize={Math.max(8, Math.floor(640 / steps.length))}
              selected={at.value}
              hovered={{ line: undefined, step: undefined }}
              onSelect={(cell) => {
                at.value = cell;
              }}
              onHover={() => undefined}
              onClear={() => {
                at.value = { line: undefined, step: undefined };
              }}
            />
            <p class="muted">
              Faint: 10{superscript(least)}. Full: 10{superscript(most)}.
              {at.value.step === undefined ? " Click a square for its word." : ` At “${steps[at.value.step]}”: `}
              {at.value.step === undefined
                ? ""
                : current.curves
                    .map(
                      ({ kind, norms }) => `${NAMES[kind]} ${(norms[at.value.step as number] ?? 0).toExponential(1)}`,
                    )
                    .join(", ")}
            </p>
          </div>
        </div>
      )}
      <HeatmapTable caption="The gradient's norm at each word, as a power of ten" {...{ lines, steps, value }} />
    </>
  );
}

const signalCell = signal<{ readonly line: number | undefined; readonly step: number | undefined }>({
  line: undefined,
  step: undefined,
});

function Training() {
  const current = progress.value;
  if (current !== undefined) {
    return (
      <div class="controls">
        <p role="status">
          Training the {NAMES[current.kind]}: {percent(current.share)} of all three
        </p>
        <button type="button" onClick={() => control.abort()}>
          Stop
        </button>
      </div>
    );
  }
  return (
    <div class="controls">
      <button id="train-rivals" type="button" disabled={gpu.value.kind !== "ready"} onClick={() => void train()}>
        {scores.value === undefined ? "Train the three" : "Train them again"}
      </button>
      {scores.value === undefined ? null : (
        <p id="rival-scores">
          Test accuracy:{" "}
          {(Object.keys(NAMES) as CellKind[])
            .map((kind) => `${NAMES[kind]} ${percent((scores.value as RivalScores)[kind])}`)
            .join(", ")}
        </p>
      )}
    </div>
  );
}

export function Vanishing() {
  const isReady = gpu.value.kind === "ready";
  const [sentence, words, chosen] = [text.value, length.value, state.value];
  useEffect(() => {
    if (!isReady) return;
    const timer = setTimeout(() => void refresh(), 200);
    return () => clearTimeout(timer);
  }, [isReady, sentence, words, chosen]);
  const current = fadings.value;
  return (
    <section class="panel vanishing" aria-labelledby="vanishing-title">
      <h3 id="vanishing-title">What vanishes on the way back</h3>
      <p>
        A network learns what the first word meant only if the verdict, given after the last one, still depends on it.
        How much it does is the gradient: by how much the verdict's logit would change with the hidden state after that
        word, ‖∂logit/∂h‖. Here it is for three networks that differ in their recurrent layer alone.
      </p>
      <p>
        On its way back the gradient is multiplied at every word by what the layer lets through, and what is halved
        twenty times is gone. Before any training the simple layer hardly shrinks it, since its weights begin as a mere
        rotation, while gates that know nothing yet stand half open. Training changes that: train the three, which takes
        up to a minute, and compare.
      </p>
      <div class="fade-settings">
        <label for="fade-length">
          Words before the verdict: <output>{length.value}</output>
        </label>
        <input
          id="fade-length"
          type="range"
          min={5}
          max={100}
          step={5}
          value={length.value}
          onInput={({ currentTarget }) => {
            length.value = Number(currentTarget.value);
          }}
        />
        <Choice
          name="fade-state"
          legend="Networks"
          options={[
            { value: "untrained", label: "untrained" },
            { value: "trained", label: "trained", isDisabled: scores.value === undefined },
          ]}
          value={state.value}
          onChoose={(value) => {
            state.value = value;
          }}
        />
        <Training />
      </div>
      <Plot />
      <p class="key">
        {(Object.keys(NAMES) as CellKind[]).map((kind) => (
          <span key={kind} class={`fade-key ${kind}`}>
            {NAMES[kind]}
          </span>
        ))}
        <span class="muted">across: words before the end; up: the gradient's norm, ten times as much at each line</span>
      </p>
      {current === undefined ? null : (
        <p id="fade-kept">
          From the last of these {current.words.length} words back to the first it{" "}
          {current.curves.map(({ kind, norms }) => `${grows(norms)} in the ${NAMES[kind]}`).join(", ")}.
        </p>
      )}
      {current === undefined ? null : <Strips current={current} />}
      <p class="muted">
        The three are small (word vectors of 16, 32 units, one seed) and belong to this figure alone: they are made
        here, and trained here on 2,400 sentences if you ask. A passage longer than your sentence begins with sentences
        they were not trained on.
      </p>
    </section>
  );
}
