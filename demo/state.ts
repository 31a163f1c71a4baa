/**
 * The state that all views share, as signals. A component that reads `text.value` is rendered again when it changes.
 * The state of a single view is in the store of its folder; it survives while the view is hidden, because hidden views
 * are unmounted.
 */
import { computed, signal } from "@preact/signals";
import { FIRST_TEXT } from "./first_sentence.ts";
import type { Which } from "./messages/models.ts";
import type { Settings } from "./messages/training.ts";
import { PRESETS } from "./settings.ts";

/** The state of the GPU. */
export type GpuState =
  | { readonly kind: "opening" }
  | { readonly kind: "ready"; readonly adapter: string }
  | { readonly kind: "missing" }
  | { readonly kind: "lost" };

/** A message above the view. It stays until it is closed, or replaced by another with the same `about`. */
export interface Notice {
  /** Its subject, such as "train". */
  readonly about: string;
  readonly title: string;
  readonly text: string;
}

/** The name of the view that is shown. */
export const view = signal("ask");
/** The current sentence. It is private: it goes into a URL only if the visitor shares it. */
export const text = signal(FIRST_TEXT);
/** The selected word, by its index among the words that the model reads; undefined if none is selected. */
export const word = signal<number | undefined>(undefined);
/** The selected unit of the LSTM; undefined if none is selected. */
export const unit = signal<number | undefined>(undefined);
/** The models that are available for predictions. */
export const available = signal<readonly Which[]>([]);
/** The model that the visitor chose. */
export const wanted = signal<Which>("own");
/** Counts the changes of the visitor's own model; whatever shows its predictions depends on this. */
export const ownVersion = signal(0);
export const settings = signal<Settings>(PRESETS.sentences);
export const gpu = signal<GpuState>({ kind: "opening" });
export const notices = signal<readonly Notice[]>([]);

/** The model to predict with: the chosen one, or the other if it is not available; undefined if there is none. */
export const which = computed<Which | undefined>(() =>
  available.value.includes(wanted.value) ? wanted.value : available.value[0],
);
