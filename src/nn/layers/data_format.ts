import { ValueError } from "../../core/errors.ts";
import type { LayerOptions } from "./layer.ts";

/** Options of layers that Keras gives a `dataFormat`. */
export interface DataFormatOptions extends LayerOptions {
  /** Sequences are `[B, T, D]` here: "channels_last", Keras's default, and nothing else. */
  readonly dataFormat?: "channels_last" | null;
}

/** What such a layer does not save. */
export const DATA_FORMAT = ["dataFormat"] as const;

/** @throws ValueError for "channels_first", saying what to do. */
export function expectChannelsLast(layer: string, { dataFormat }: DataFormatOptions): void {
  if (dataFormat === undefined || dataFormat === null || dataFormat === "channels_last") return;
  throw new ValueError(
    `${layer}: dataFormat is "${String(dataFormat)}"; expected "channels_last", [B, T, D]. Put permute({ dims: [2, 1] }) before the layer.`,
    { layer, dataFormat },
  );
}
