/** What a device may be told of the measured choice between a kernel's variants, as plain data. */
import type { KernelCall } from "./kernel_call.ts";

/** Where measured choices are kept from one run to the next: one text. */
export interface TuningStore {
  /** The text that was written last; undefined when there is none. */
  read(): Promise<string | undefined>;
  /** Keeps it. */
  write(text: string): Promise<void>;
}

/** Seconds that one run of `variant` of `call` takes on the device. */
export type VariantTimer = (call: KernelCall, variant: string) => Promise<number>;

/** How a device chooses by measurement. */
export interface TuneOptions {
  /**
   * Where choices are kept: a place of one's own, or the path of a file (Node, Deno). See `defaultTuningStore` for the
   * default.
   */
  readonly store?: TuningStore | string;
  /**
   * Measuring ends after so many seconds on a device (60): what is then unmeasured runs as it would untuned, and is not
   * remembered.
   */
  readonly seconds?: number;
  /** What takes the times, instead of the device's own clock. */
  readonly timer?: VariantTimer;
}

/**
 * Why a variant runs: measured now, remembered by the store, given by a saved training, or as untuned because time was
 * up.
 */
export type ChoiceOrigin = "measured" | "remembered" | "replayed" | "default";

/** A choice that was made for a class of kernel calls. */
export interface VariantChoice {
  /** The kernel and the shapes: "matmul 64x100x400 nn linear". */
  readonly call: string;
  readonly variant: string;
  readonly from: ChoiceOrigin;
  /** Seconds of each variant that was measured now. */
  readonly seconds?: Readonly<Record<string, number>>;
}
