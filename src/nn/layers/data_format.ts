import { type OptionKind, optional } from "../../core/option_table.ts";
import type { LayerOptions } from "./layer.ts";

/** Options of layers that Keras gives a `dataFormat`. */
export interface DataFormatOptions extends LayerOptions {
  /** Sequences are `[B, T, D]` here: "channels_last", Keras's default, and nothing else. */
  readonly dataFormat?: "channels_last" | null;
}

const channelsLast: OptionKind<"channels_last"> = {
  expected: '"channels_last", [B, T, D]. Put permute({ dims: [2, 1] }) before the layer',
  read: (value) => (value === "channels_last" ? value : undefined),
};

/** What such layers add to their tables. */
export const DATA_FORMAT_OPTION = {
  dataFormat: optional(channelsLast),
};
