/** The settings: defaults, the page's address, and the form. */
import type { Settings } from "./protocol.ts";

interface Range {
  readonly preset: number;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
}

const whole = (preset: number, least: number, most: number): Range => ({ preset, least, most, isWhole: true });

const RANGES: { readonly [Name in keyof Settings]: Range } = {
  epochs: whole(4, 1, 100),
  batchSize: whole(32, 1, 512),
  units: whole(32, 1, 256),
  embedding: whole(32, 1, 256),
  learningRate: { preset: 0.005, least: 0.00001, most: 1, isWhole: false },
  seed: whole(7, 0, 1_000_000),
  limit: whole(0, 0, 1_000_000),
};

const names = Object.keys(RANGES) as (keyof Settings)[];

/** The nearest number that makes sense, or the default. */
function clean(name: keyof Settings, text: string | null): number {
  const { preset, least, most, isWhole } = RANGES[name];
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return preset;
  const within = Math.min(most, Math.max(least, value));
  return isWhole ? Math.round(within) : within;
}

function settingsFrom(read: (name: string) => string | null): Settings {
  return Object.fromEntries(names.map((name) => [name, clean(name, read(name))])) as unknown as Settings;
}

/** From the page's address; what is missing or makes no sense is the default. */
export function settingsFromAddress(): Settings {
  const query = new URLSearchParams(location.search);
  return settingsFrom((name) => query.get(name));
}

/** Puts settings into the form's fields. */
export function showSettings(form: HTMLFormElement, settings: Settings): void {
  for (const name of names) {
    const field = form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = String(settings[name]);
  }
}

/** From the form's fields; they and the address then show what was understood. */
export function settingsFromForm(form: HTMLFormElement): Settings {
  const settings = settingsFrom((name) => {
    const field = form.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field.value : null;
  });
  showSettings(form, settings);
  const query = new URLSearchParams();
  for (const name of names) if (settings[name] !== RANGES[name].preset) query.set(name, String(settings[name]));
  history.replaceState(null, "", query.size === 0 ? location.pathname : `?${query}`);
  return settings;
}
