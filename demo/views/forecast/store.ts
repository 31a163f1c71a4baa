/** The state of the forecast, which continues while other views are shown. */
import { batch, signal } from "@preact/signals";
import type { ForecastEvent, ForecastResult, ForecastSettings, SeriesView } from "../../messages/forecast.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import { ask, WorkerFailure } from "../../worker_client.ts";

/**
 * Settings that train within seconds without a GPU; the tutorial's network has 4 layers of 50 units and windows of 60.
 */
export const PRESET: ForecastSettings = {
  ...{ window: 30, ahead: 1, layers: 1, units: 32, epochs: 8, learningRate: 0.005, seed: 7, rows: 1500 },
};

export interface ForecastField {
  readonly name: keyof ForecastSettings;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly help: string;
}

export const FIELDS: readonly ForecastField[] = [
  { name: "window", label: "Window", least: 2, most: 250, help: "How many rows it sees before each forecast." },
  { name: "ahead", label: "Ahead", least: 1, most: 60, help: "How many rows after the window's last it forecasts." },
  { name: "layers", label: "LSTM layers", least: 1, most: 6, help: "One upon the other." },
  { name: "units", label: "Units", least: 1, most: 128, help: "How many numbers each layer remembers." },
  { name: "epochs", label: "Epochs", least: 1, most: 200, help: "How many times it sees all windows." },
  { name: "learningRate", label: "Learning rate", least: 0.00001, most: 1, help: "How far Adam moves in a step." },
  { name: "seed", label: "Seed", least: 0, most: 1_000_000, help: "The same seed gives the same network." },
  { name: "rows", label: "Rows", least: 20, most: 1_000_000, help: "Only the last rows of the series are used." },
];

export const settings = signal<ForecastSettings>(PRESET);
export const file = signal<File | undefined>(undefined);
/** The series to train on; undefined until it has been read. */
export const series = signal<SeriesView | undefined>(undefined);
/** The initial column: the day's highest temperature in °C. */
const COLUMN = "temp_max";
export const column = signal(COLUMN);
export const isRunning = signal(false);
export const status = signal("Reading the weather …");
export const result = signal<ForecastResult | undefined>(undefined);
/** Pairs of step and loss, as they arrive. */
export const losses: (readonly [number, number])[] = [];
export const progress = signal<ForecastEvent | undefined>(undefined);

let control = new AbortController();

/** Sets a number of the form, within its limits. */
export function set({ name, least, most }: ForecastField, text: string): void {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) return;
  const within = Math.min(most, Math.max(least, value));
  settings.value = { ...settings.value, [name]: name === "learningRate" ? within : Math.round(within) };
  if (name === "rows") void look();
}

/** Clear the results of an earlier run. */
function clear(): void {
  losses.length = 0;
  result.value = undefined;
  progress.value = undefined;
}

let reads = 0;
let pending = 0;

/** Reads the chosen series. If several requests are pending, the last one counts. */
async function read(next: File | undefined, wanted: string): Promise<void> {
  const mine = ++reads;
  pending++;
  dismiss("forecast");
  try {
    const found = await ask("series", { file: next, column: wanted, rows: settings.value.rows });
    if (mine !== reads) return;
    batch(() => {
      file.value = next;
      series.value = found;
      column.value = found.column;
      // Training may have started meanwhile.
      if (isRunning.value) return;
      clear();
      status.value = `Ready: ${found.name}, ${found.rows.toLocaleString("en")} rows.`;
    });
  } catch (error) {
    if (mine === reads) notifyFailure("forecast", error);
  } finally {
    pending--;
  }
}

/** Shows the current series with the current settings. */
export function look(): Promise<void> {
  return read(file.value, column.value);
}

/** Shows the page's weather when the view opens, unless the visitor has chosen a file. */
export async function open(): Promise<void> {
  if (series.value === undefined && pending === 0) await look();
}

/** Switches to another column. */
export function chooseColumn(name: string): Promise<void> {
  column.value = name;
  return look();
}

/** Switches to the visitor's file, or back to the page's weather. */
export function choose(next: File | undefined): Promise<void> {
  return read(next, COLUMN);
}

export async function start(): Promise<void> {
  control = new AbortController();
  dismiss("forecast");
  batch(() => {
    clear();
    isRunning.value = true;
    status.value = "Compiling shaders, then step 1 …";
  });
  try {
    const params = { settings: settings.value, file: file.value, column: column.value };
    result.value = await ask("forecast", params, {
      signal: control.signal,
      onEvent: (event) => {
        if (event.loss !== undefined) losses.push([event.step, event.loss]);
        // An epoch starts without a loss; the last one is shown until the first arrives.
        progress.value = { ...event, loss: event.loss ?? progress.value?.loss };
        status.value = `Training: step ${event.step} of ${event.steps}`;
      },
    });
    status.value = `Done in ${result.value.seconds.toFixed(1)} s, on “${result.value.column}”.`;
  } catch (error) {
    status.value = error instanceof WorkerFailure && error.cause === "aborted" ? "Stopped." : "Stopped by an error.";
    notifyFailure("forecast", error);
  } finally {
    isRunning.value = false;
  }
}

export function stop(): void {
  control.abort();
}
