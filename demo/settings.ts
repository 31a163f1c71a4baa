/** The training settings: descriptions, limits, and defaults for each kind of data. */
import type { DataName, Numbers, Settings } from "./messages/training.ts";

/** A number of the form. */
export interface Field {
  readonly name: keyof Numbers;
  readonly label: string;
  readonly least: number;
  readonly most: number;
  readonly isWhole: boolean;
  /** A sentence that describes it. */
  readonly help: string;
}

const whole = (name: keyof Numbers, label: string, least: number, most: number, help: string): Field => ({
  ...{ name, label, least, most, help },
  isWhole: true,
});
const real = (name: keyof Numbers, label: string, least: number, most: number, help: string): Field => ({
  ...{ name, label, least, most, help },
  isWhole: false,
});

/** In the order of the form. */
export const FIELDS: readonly Field[] = [
  whole("epochs", "Epochs", 1, 100, "How many times it reads all texts. Too many, and it learns them by heart."),
  whole("batchSize", "Batch size", 1, 512, "How many texts make one step. Larger steps are steadier, and fewer."),
  real(
    "learningRate",
    "Learning rate",
    0.00001,
    1,
    "How far Adam moves the weights in a step. Too far, and the loss jumps.",
  ),
  whole("units", "LSTM units", 1, 256, "How many numbers it remembers while it reads."),
  whole("embedding", "Word vector", 1, 256, "How many numbers stand for one word."),
  real(
    "dropout",
    "Dropout",
    0,
    0.9,
    "The share of the word vectors' numbers that a step leaves out, so that none is relied on alone.",
  ),
  whole(
    "numWords",
    "Words known",
    50,
    50_000,
    "The commonest words have vectors of their own; all rarer ones share one.",
  ),
  whole("maxLength", "Words read", 4, 1000, "Of a longer text it reads only the end."),
  whole("seed", "Seed", 0, 1_000_000, "The same seed on the same GPU gives the same weights, bit for bit."),
  whole("limit", "Texts (0: all)", 0, 1_000_000, "Train on fewer texts, both classes alike, for a quick look."),
];

/** The tutorial's model for the reviews, a smaller one for sentences: the defaults of the command line. */
export const PRESETS: Readonly<Record<DataName, Settings>> = {
  sentences: {
    ...{ data: "sentences", epochs: 5, batchSize: 32, learningRate: 0.003, units: 32, embedding: 32 },
    ...{ dropout: 0.5, numWords: 2000, maxLength: 40, seed: 7, limit: 0 },
  },
  imdb: {
    ...{ data: "imdb", epochs: 3, batchSize: 64, learningRate: 0.001, units: 100, embedding: 32 },
    ...{ dropout: 0, numWords: 5000, maxLength: 500, seed: 7, limit: 0 },
  },
  table: {
    ...{ data: "table", epochs: 5, batchSize: 32, learningRate: 0.003, units: 32, embedding: 32 },
    ...{ dropout: 0.5, numWords: 5000, maxLength: 100, seed: 7, limit: 0 },
  },
};

/** The nearest valid number, or the default. */
function clean({ name, least, most, isWhole }: Field, text: string | null, preset: Settings): number {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  if (!Number.isFinite(value)) return preset[name];
  const within = Math.min(most, Math.max(least, value));
  return isWhole ? Math.round(within) : within;
}

/** Parses settings from a URL or a form. Missing and invalid values become the defaults. */
export function settingsFrom(read: (name: string) => string | null): Settings {
  const named = read("data") ?? "sentences";
  const data: DataName = named === "imdb" || named === "table" ? named : "sentences";
  const preset = PRESETS[data];
  return {
    ...preset,
    ...Object.fromEntries(FIELDS.map((field) => [field.name, clean(field, read(field.name), preset)])),
  };
}

/** The settings that differ from the defaults, as name and value. */
export function settingsToText(settings: Settings): readonly (readonly [string, string])[] {
  const { data } = settings;
  const own = FIELDS.filter(({ name }) => settings[name] !== PRESETS[data][name]);
  return [
    ...(data === "sentences" ? [] : [["data", data] as const]),
    ...own.map(({ name }) => [name, String(settings[name])] as const),
  ];
}

/** The settings that describe the network, for `textClassifier`. */
export function networkOf({ units, embedding, maxLength, dropout, learningRate, seed }: Omit<Numbers, "limit">) {
  return { units, embedding, maxLength, dropout, learningRate, seed };
}
