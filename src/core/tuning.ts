/** The options and results of tuning: choosing between a kernel's variants by measurement. */
import type { KernelCall } from "./kernel_call.ts";
import { duration, either, functionLike, ifGiven, resolvedBy, type TableOf, text } from "./option_table.ts";

/** Stores measured choices between runs, as one string. */
export interface TuningStore {
  /** Returns the string that was last written; undefined if there is none. */
  read(): Promise<string | undefined>;
  /** Stores the string. */
  write(text: string): Promise<void>;
}

/** Measures the seconds that one run of `variant` of `call` takes on the device. */
export type VariantTimer = (call: KernelCall, variant: string) => Promise<number>;

/** Options for tuning. */
export interface TuneOptions {
  /**
   * The store of the choices: a custom one, or the path of a file (Node, Deno). See `defaultTuningStore` for the
   * default.
   */
  readonly store?: TuningStore | string | undefined;
  /**
   * The time budget for measurements on a device, in seconds. Default: 60. Kernels that were not measured by then use
   * their default variant, which is not stored.
   */
  readonly seconds?: number | undefined;
  /** Replaces the measurement by the device's own clock. */
  readonly timer?: VariantTimer | undefined;
}

const store = resolvedBy("a store with read() and write()", (given: TuningStore) =>
  typeof given?.read === "function" && typeof given.write === "function" ? given : undefined,
);

/** Options for tuning. */
export const TUNE = {
  store: ifGiven(either(text, store)),
  seconds: ifGiven(duration),
  timer: ifGiven(functionLike<VariantTimer>("(call, variant) => seconds")),
} satisfies TableOf<TuneOptions>;

/**
 * The origin of a choice: measured in this run, remembered by the store, replayed from a saved training run, or the
 * default because the time budget was used up.
 */
export type ChoiceOrigin = "measured" | "remembered" | "replayed" | "default";

/** The variant chosen for a class of kernel calls. */
export interface VariantChoice {
  /** The kernel and the shapes: "matmul 64x100x400 nn linear". */
  readonly call: string;
  readonly variant: string;
  readonly from: ChoiceOrigin;
  /** The seconds of each variant that was measured in this run. */
  readonly seconds?: Readonly<Record<string, number>>;
}
