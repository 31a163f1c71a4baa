/** The view “Forecast”: a stacked LSTM on a series, compared with baselines that need no network. */
import { useEffect } from "preact/hooks";
import type { ForecastResult } from "../../messages/forecast.ts";
import { gpu } from "../../state.ts";
import { FileButton } from "../../ui/file_button.tsx";
import { count, percent } from "../../ui/format.ts";
import { HeldOutChart, LossChart, SeriesChart } from "./charts.tsx";
import {
  choose,
  chooseColumn,
  column,
  FIELDS,
  file,
  isRunning,
  open,
  progress,
  result,
  series,
  set,
  settings,
  start,
  status,
  stop,
} from "./store.ts";
import "./forecast.css";
import { ScrollBox } from "../../ui/scroll_box.tsx";

const figure = (value: number): string =>
  value.toLocaleString(
    "en",
    Math.abs(value) < 1 ? { maximumSignificantDigits: 3 } : { minimumFractionDigits: 2, maximumFractionDigits: 2 },
  );

function Source() {
  const { columns = [] } = series.value ?? {};
  return (
    <>
      <div class="controls">
        <FileButton
          id="series-file"
          label="Bring your own series"
          accept=".csv,.tsv,.txt,text/csv"
          isDisabled={isRunning.value}
          onChoose={(chosen) => void choose(chosen)}
        />
        {file.value === undefined ? null : (
          <button type="button" disabled={isRunning.value} onClick={() => void choose(undefined)}>
            Back to Seattle's weather
          </button>
        )}
        {columns.length < 2 ? null : (
          <label>
            Column{" "}
            <select
              id="series-column"
              value={column.value}
              disabled={isRunning.value}
              onChange={({ currentTarget }) => void chooseColumn(currentTarget.value)}
            >
              {columns.map((name) => (
                <option key={name} value={name}>
                  {name}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      <p class="muted">A CSV with a header line, oldest row first. It is read here and sent nowhere.</p>
    </>
  );
}

function Settings() {
  return (
    <details class="settings">
      <summary>Settings</summary>
      <div class="fields">
        {FIELDS.map((field) => (
          <label key={field.name}>
            {field.label}
            <input
              name={`forecast-${field.name}`}
              type="number"
              min={field.least}
              max={field.most}
              step={field.name === "learningRate" ? "any" : 1}
              value={settings.value[field.name]}
              disabled={isRunning.value}
              onChange={({ currentTarget }) => set(field, currentTarget.value)}
            />
            <span class="muted">{field.help}</span>
          </label>
        ))}
      </div>
    </details>
  );
}

/** After fewer steps a network is hardly trained. */
const FEW_STEPS = 200;

function Report({ done }: { readonly done: ForecastResult }) {
  const { scores, forecasts, rises, next, last, trained } = done;
  const { ahead } = settings.value;
  const { steps = 0 } = progress.value ?? {};
  const isDaily = file.value === undefined;
  const naive =
    ahead > 1 ? `in ${ahead} rows as now` : isDaily ? "tomorrow equals today" : "the next row equals the last";
  const rows = [
    ["the network", scores.network],
    [naive, scores.naive],
    ["mean of the last 5 rows", scores.average],
  ] as const;
  const beats = scores.network.rmse < scores.naive.rmse;
  return (
    <section class="panel" aria-labelledby="held-out-title">
      <h3 id="held-out-title">{count(forecasts.actual.length)} rows that it never saw</h3>
      <p id="forecast-verdict">
        {beats ? "The network beats" : "The network does not beat"} “{naive}”: its error is{" "}
        {figure(scores.network.rmse)}, against {figure(scores.naive.rmse)}.{" "}
        {beats ? "" : "To copy the last value is better. "}
        {!beats && steps < FEW_STEPS ? `It learnt for ${steps} steps only: give it more epochs, in the settings. ` : ""}
        A curve that lies on the other is no merit by itself: the copy does so too, one step late.
      </p>
      <HeldOutChart />
      <p class="key">
        <span class="series actual">what came</span>
        <span class="series network">the network</span>
        <span class="series naive">{naive}</span>
        {done.dates === undefined ? <span class="muted">across: rows</span> : null}
      </p>
      <ScrollBox label="Scores">
        <table id="scores">
          <thead>
            <tr>
              <th scope="col">Forecast</th>
              <th scope="col">RMSE</th>
              <th scope="col">MAE</th>
              <th scope="col">Direction right</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, { rmse, mae, direction }]) => (
              <tr key={name}>
                <th scope="row">{name}</th>
                <td>{figure(rmse)}</td>
                <td>{figure(mae)}</td>
                <td>{direction === undefined ? "–" : percent(direction)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <p class="muted">
        RMSE and MAE say how far off it was on average, in the series' own unit; the first counts large misses more.
        Trained on the {count(trained)} rows before. The series rose in {percent(rises)} of its moves: a direction is
        worth something above that. Its forecast of the row {ahead === 1 ? "after the last" : `${ahead} after the last`}
        : {figure(next)} (the last is {figure(last)}).
      </p>
    </section>
  );
}

function Status() {
  return (
    <>
      <p id="forecast-status">{status.value}</p>
      {/* Hidden from screen readers, which need not announce every step. */}
      <p class="visually-hidden" role="status">
        {isRunning.value ? "Training …" : status.value}
      </p>
    </>
  );
}

/** The loss, once there is a value. */
function Loss() {
  const { perSecond = 0, loss, step = 0, steps = 1 } = progress.value ?? {};
  if (!isRunning.value && progress.value === undefined) return null;
  return (
    <>
      <progress value={step / steps} max={1} aria-label="Training" />
      <figure>
        <figcaption>
          Loss, the mean squared error of scaled values, by training steps{" "}
          <output id="forecast-loss">{loss?.toPrecision(3)}</output>
          <span class="muted"> {perSecond > 0 ? `${count(perSecond)} windows per second` : ""}</span>
        </figcaption>
        <LossChart />
      </figure>
    </>
  );
}

export function View() {
  useEffect(() => {
    void open();
  }, []);
  return (
    <div class="forecast-view">
      <section class="panel" aria-labelledby="forecast-title">
        <h3 id="forecast-title">Learn what comes next</h3>
        <Source />
        <figure>
          <figcaption>
            {series.value === undefined
              ? "Reading the series …"
              : `“${series.value.column}”, the last ${count(Math.min(settings.value.rows, series.value.rows))} of ` +
                `${count(series.value.rows)} rows`}
          </figcaption>
          <SeriesChart />
          <p class="key">
            <span class="series actual">to learn from</span>
            <span class="series held">kept for the test</span>
            {series.value === undefined || series.value.curve.dates !== undefined ? null : (
              <span class="muted">across: rows</span>
            )}
          </p>
        </figure>
        <Settings />
        <div class="controls">
          <button
            id="forecast-start"
            type="button"
            class="primary"
            disabled={isRunning.value || gpu.value.kind !== "ready"}
            onClick={() => void start()}
          >
            Train on this series
          </button>
          <button id="forecast-stop" type="button" disabled={!isRunning.value} onClick={stop}>
            Stop
          </button>
        </div>
        <Status />
        <Loss />
      </section>
      {result.value === undefined ? null : <Report done={result.value} />}
      <p class="muted">
        Daily weather in Seattle, 2012 to 2015, from NOAA, in the public domain, as the npm package vega-datasets 3.2.1
        has it: temperatures in °C, precipitation in mm.
      </p>
    </div>
  );
}
