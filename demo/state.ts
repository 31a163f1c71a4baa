/**
 * What all views share, as signals: the sentence at hand, the selected word and unit, which model is asked, the
 * settings, the view. A view reads `text.value` in its component and is drawn anew when it changes. What one view alone
 * needs stays in a store of its own folder; it outlives the view's being hidden, since hidden views leave the page.
 */
import { computed, signal } from "@preact/signals";
import { FIRST_TEXT } from "./first_sentence.ts";
import type { Which } from "./messages/models.ts";
import type { Settings } from "./messages/training.ts";
import { PRESETS } from "./settings.ts";

/** Where the GPU stands. */
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
/** The sentence at hand. It is the visitor's: it goes into an address only when they share it. */
export const text = signal(FIRST_TEXT);
/** The selected word of the sentence, by its place among the model's words; nothing when none is. */
export const word = signal<number | undefined>(undefined);
/** The selected unit of the LSTM; nothing when none is. */
export const unit = signal<number | undefined>(undefined);
/** Which models can be asked. */
export const available = signal<readonly Which[]>([]);
/** Which one the visitor wants to ask. */
export const wanted = signal<Which>("own");
/** How many times the own model has changed: what shows it reads this, and asks again. */
export const ownVersion = signal(0);
export const settings = signal<Settings>(PRESETS.sentences);
export const gpu = signal<GpuState>({ kind: "opening" });
export const notices = signal<readonly Notice[]>([]);

/** The model that is asked: the wanted one, or the other while that is not there; nothing while there is none. */
export const which = computed<Which | undefined>(() =>
  available.value.includes(wanted.value) ? wanted.value : available.value[0],
);
